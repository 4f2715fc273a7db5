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
    let Standing { head, turn, events } = standing(sql::STANDING, log, RECENT).await?;
    let recent = events.into_iter().map(|(event, sender, _)| (event, sender)).collect();
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
    let Standing { head, turn, events } = standing(sql::STANDING_SINCE, log, known).await?;
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
        Write::Event { event, sender, spoke } => {
            let params = vec![
                string(log),
                number(event.seq),
                sender.as_deref().map_or(Value::Null, string),
                spoke.map_or(Value::Null, |at| number(at.0)),
                Value::Blob(wire::seal(event)),
            ];
            Statement::new(sql::INSERT_EVENT, params)
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

/// Events and what is true after them, read at one moment: a state that others raised meanwhile
/// would contradict the events that tell of it.
#[derive(Default)]
struct Standing {
    head: Option<Head>,
    turn: Option<TurnRecord>,
    events: Vec<(Event, Option<String>, Option<Millis>)>,
}

async fn standing(query: &'static str, log: &str, which: u32) -> Result<Standing, Fault> {
    const HEAD: i64 = -(STATE_HEAD as i64);
    const TURN: i64 = -(STATE_TURN as i64);
    let mut standing = Standing::default();
    for row in rows(query, vec![string(log), number(which)]).await? {
        match whole(&row, 0) {
            HEAD => standing.head = Some(from_json(text(&row, 1))?),
            TURN => standing.turn = Some(from_json(text(&row, 1))?),
            seq if seq > 0 => {
                let spoke = Some(whole(&row, 3)).filter(|at| *at > 0).map(millis);
                let sender = maybe_text(&row, 2).map(ToOwned::to_owned);
                standing.events.push((event(bytes(&row, 1))?, sender, spoke));
            }
            // Another version's.
            _ => {}
        }
    }
    Ok(standing)
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
