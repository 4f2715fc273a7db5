//! A conversation's rows.

use crate::Fault;
use crate::spin::bus;
use crate::spin::database::{Row, bytes, maybe_text, number, rows, small, string, text, whole};
use crate::spin::entropy;
use crate::spin::writer::Statement;
use kefu_proto::Encode;
use kefu_proto::v1::{Event, InboxEntry};
use kefu_shared::conversation::{Head, Known, News, RECENT, Snapshot, Tenure, TurnRecord, Write};
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
    let found = Found::read(&rows(sql::LOAD, place(log, RECENT)).await?)?;
    let window = window(log, &found).await?;
    let recent = found.events.into_iter().map(|(event, sender, _)| (event, sender));
    Ok(Snapshot {
        head: found.head,
        turn: found.turn,
        marks: found.marks,
        recent: recent.collect(),
        window,
        streams: Vec::new(),
        tenure: Some(tenure()),
        told: found.told,
    })
}

/// What is stored beyond `known`, and the revision of the site.
pub(crate) async fn look(log: &str, known: Known) -> Result<(News, u32), Fault> {
    let mut params = place(log, known.seq);
    params.extend([number(known.head), number(known.turn), number(u8::from(known.tells))]);
    let Found { head, turn, marks, events, told, revision } =
        Found::read(&rows(sql::LOOK, params).await?)?;
    Ok((News { events, head, turn, marks, told }, revision))
}

fn place(log: &str, events: u32) -> Vec<Value> {
    let (site, id) = log.split_once('/').unwrap_or_default();
    vec![string(log), number(events), string(site), string(id)]
}

/// What one look finds of a conversation: one call, and all of one moment.
#[derive(Default)]
struct Found {
    head: Option<Head>,
    turn: Option<TurnRecord>,
    marks: Vec<(String, u32)>,
    events: Vec<(Event, Option<String>, Option<Millis>)>,
    told: Option<InboxEntry>,
    revision: u32,
}

impl Found {
    fn read(rows: &[Row]) -> Result<Self, Fault> {
        let mut found = Self::default();
        for row in rows {
            match small(row, 0) {
                sql::ROW_STATE if small(row, 1) == STATE_HEAD => {
                    found.head = Some(from_json(text(row, 2))?);
                }
                sql::ROW_STATE if small(row, 1) == STATE_TURN => {
                    found.turn = Some(from_json(text(row, 2))?);
                }
                sql::ROW_MARK => found.marks.push((text(row, 2).to_owned(), small(row, 1))),
                sql::ROW_EVENT => {
                    let sender = maybe_text(row, 2).map(ToOwned::to_owned);
                    let spoke = Some(whole(row, 3)).filter(|at| *at > 0).map(millis);
                    found.events.push((event(bytes(row, 4))?, sender, spoke));
                }
                sql::ROW_TOLD => {
                    let told = InboxEntry::decode(bytes(row, 4));
                    found.told = Some(told.map_err(|_| Fault::Corrupt("inbox entry"))?);
                }
                sql::ROW_REVISION => found.revision = small(row, 1),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// When the visitor's messages that count towards its rate were. Mostly the newest events tell.
async fn window(log: &str, found: &Found) -> Result<Vec<Millis>, Fault> {
    let rate = found.head.clone().unwrap_or_default().policy.messages_per_visitor();
    let most = rate.count.saturating_mul(4).clamp(64, 4_096);
    let since = entropy::now() - rate.window;
    let spoke = found.events.iter().filter_map(|(_, _, spoke)| *spoke);
    let from_first = found.events.first().is_none_or(|(event, ..)| event.seq == 1);
    let mut window: Vec<Millis> = if from_first || spoke.clone().any(|at| at <= since) {
        spoke.filter(|at| *at > since).collect()
    } else {
        let found = rows(sql::WINDOW, vec![string(log), number(most), number(since.0)]).await?;
        found.iter().map(|row| millis(whole(row, 0))).collect()
    };
    window.sort();
    Ok(window)
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

/// What others have to know of writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// There are events.
    Events,
    /// There are none, and something else changed that somebody may see.
    State,
    /// Nothing that anybody sees.
    Quiet,
}

/// What others have to know of these.
pub(crate) fn kind(writes: &[Write]) -> Kind {
    if writes.iter().any(|write| matches!(write, Write::Event { .. })) {
        Kind::Events
    } else if writes.iter().all(|write| matches!(write, Write::Alarm(_))) {
        Kind::Quiet
    } else {
        Kind::State
    }
}

/// The statements of a step.
pub(crate) fn statements(log: &str, writes: &[Write]) -> Vec<Statement> {
    let mut batch: Vec<_> = writes.iter().map(|write| statement(log, write)).collect();
    if kind(writes) == Kind::State {
        // No event tells others of it.
        batch.extend(bus::row(log, None));
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

fn event(envelope: &[u8]) -> Result<Event, Fault> {
    wire::open(envelope).ok_or(Fault::Corrupt("event"))
}

fn millis(number: i64) -> Millis {
    Millis(u64::try_from(number).unwrap_or(0))
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Corrupt("state"))
}
