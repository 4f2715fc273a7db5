//! A conversation's rows.

use crate::Fault;
use crate::spin::database::{bytes, maybe_text, number, rows, small, string, text, whole};
use crate::spin::entropy;
use crate::spin::writer::Statement;
use kefu_proto::v1::Event;
use kefu_shared::conversation::{Head, News, RECENT, Snapshot, Tenure, TurnRecord, Write};
use kefu_shared::schema::shared_sql::{host, log as sql};
use kefu_shared::schema::{STATE_HEAD, STATE_TURN};
use kefu_shared::time::Millis;
use kefu_shared::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;
use spin_sdk::sqlite::Value;

/// Who loads, and when.
pub(crate) fn tenure() -> Tenure {
    Tenure { holder: entropy::holder(), now: entropy::now() }
}

/// What a conversation is resumed from, its streams apart.
pub(crate) async fn load(log: &str) -> Result<Snapshot, Fault> {
    // States first: an event that comes meanwhile is known without them, never they without it.
    let (head, turn) = states(log).await?;
    let recent = recent(log, RECENT).await?;
    let rate = head.clone().unwrap_or_default().policy.messages_per_visitor();
    let most = rate.count.saturating_mul(4).clamp(64, 4_096);
    let since = entropy::now() - rate.window;
    let window = rows(sql::WINDOW, vec![string(log), number(most), number(since.0)]).await?;
    let mut window: Vec<_> = window.iter().map(|row| millis(whole(row, 0))).collect();
    window.sort();
    Ok(Snapshot {
        head,
        turn,
        marks: marks(log).await?,
        recent,
        window,
        streams: Vec::new(),
        tenure: Some(tenure()),
    })
}

/// What is stored beyond `known`.
pub(crate) async fn news(log: &str, known: u32) -> Result<News, Fault> {
    let (head, turn) = states(log).await?;
    let since = rows(sql::SINCE, vec![string(log), number(known)]).await?;
    let mut events = Vec::with_capacity(since.len());
    for row in &since {
        let spoke = Some(whole(row, 2)).filter(|at| *at > 0).map(millis);
        events.push((event(bytes(row, 0))?, maybe_text(row, 1).map(ToOwned::to_owned), spoke));
    }
    Ok(News { events, head, turn, marks: marks(log).await? })
}

/// The newest events with their senders, oldest first.
pub(crate) async fn recent(log: &str, most: u32) -> Result<Vec<(Event, Option<String>)>, Fault> {
    let mut recent = Vec::new();
    for row in rows(sql::NEWEST, vec![string(log), number(most)]).await? {
        recent.push((event(bytes(&row, 0))?, maybe_text(&row, 1).map(ToOwned::to_owned)));
    }
    recent.reverse();
    Ok(recent)
}

/// The events after `after` up to `upto`, oldest first.
pub(crate) async fn range(log: &str, after: u32, upto: u32) -> Result<Vec<Event>, Fault> {
    let found = rows(sql::RANGE, vec![string(log), number(after), number(upto)]).await?;
    found.iter().map(|row| event(bytes(row, 0))).collect()
}

/// Traces before an event, newest first.
pub(crate) async fn traces(log: &str, before: u32, most: u32) -> Result<Vec<String>, Fault> {
    let found = rows(sql::TRACES, vec![string(log), number(before), number(most)]).await?;
    Ok(found.iter().map(|row| text(row, 0).to_owned()).collect())
}

pub(crate) async fn by_sender(log: &str, sender: &str) -> Result<Option<Event>, Fault> {
    let found = rows(sql::BY_SENDER, vec![string(log), string(sender)]).await?;
    found.first().map(|row| event(bytes(row, 0))).transpose()
}

/// The statements of a step.
pub(crate) fn statements(log: &str, writes: &[Write]) -> Vec<Statement> {
    let mut batch: Vec<_> = writes.iter().map(|write| statement(log, write)).collect();
    let tells = |write: &Write| matches!(write, Write::Event { .. });
    let quiet = |write: &Write| matches!(write, Write::Alarm(_));
    if !writes.iter().any(tells) && !writes.iter().all(quiet) {
        // No event tells others of it.
        batch.push(Statement::new(host::TELL, vec![string(log), Value::Null]));
    }
    batch
}

fn statement(log: &str, write: &Write) -> Statement {
    match write {
        Write::Event { event, sender, spoke, trace } => {
            let params = vec![
                string(log),
                number(event.seq),
                sender.as_deref().map_or(Value::Null, string),
                spoke.map_or(Value::Null, |at| number(at.0)),
                Value::Blob(wire::seal(event)),
                trace.as_deref().map_or(Value::Null, string),
            ];
            Statement::new(sql::INSERT_EVENT, params)
        }
        Write::Forget { after, upto } => {
            let range = vec![string(log), number(*after), number(*upto)];
            Statement::new(sql::DROP_TRACES, range)
        }
        Write::Head(head) => state(log, STATE_HEAD, head, head.version),
        Write::Turn(turn) => state(log, STATE_TURN, turn, turn.version),
        Write::Mark { who, seq } => {
            Statement::new(sql::PUT_MARK, vec![string(log), string(who.as_str()), number(*seq)])
        }
        Write::Alarm(Some(at)) => {
            let params = vec![string(log), number(entropy::holder()), number(at.0)];
            Statement::new(host::SET_ALARM, params)
        }
        Write::Alarm(None) => {
            Statement::new(host::CLEAR_ALARM, vec![string(log), number(entropy::holder())])
        }
    }
}

fn state(log: &str, id: u32, value: &impl Serialize, version: u32) -> Statement {
    let value = serde_json::to_string(value).unwrap_or_default();
    let params = vec![string(log), number(id), string(value), number(version)];
    Statement::must(format!("{} RETURNING version", sql::PUT_STATE), params)
}

async fn states(log: &str) -> Result<(Option<Head>, Option<TurnRecord>), Fault> {
    let (mut head, mut turn) = (None, None);
    for row in rows(sql::STATES, vec![string(log)]).await? {
        if small(&row, 0) == STATE_HEAD {
            head = Some(from_json(text(&row, 1))?);
        } else if small(&row, 0) == STATE_TURN {
            turn = Some(from_json(text(&row, 1))?);
        }
    }
    Ok((head, turn))
}

async fn marks(log: &str) -> Result<Vec<(String, u32)>, Fault> {
    let marks = rows(sql::MARKS, vec![string(log)]).await?;
    Ok(marks.iter().map(|row| (text(row, 0).to_owned(), small(row, 1))).collect())
}

fn event(envelope: &[u8]) -> Result<Event, Fault> {
    wire::open(envelope).ok_or(Fault::Corrupt("event"))
}

fn millis(number: i64) -> Millis {
    Millis(u64::try_from(number).unwrap_or(0))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Corrupt("state"))
}
