//! A conversation's rows in its object's SQLite.

use crate::error::Fault;
use crate::worker::glue;
use crate::worker::metrics;
use js_sys::{Array, Uint8Array};
use kefu_proto::v1::Event;
use kefu_shared::conversation::{RECENT, Snapshot, Write};
use kefu_shared::schema::{self, Migration, sql};
use kefu_shared::time::Millis;
use kefu_shared::upload::UploadHead;
use kefu_shared::wire;
use std::cell::Cell;
use wasm_bindgen::{JsCast, JsValue};

pub(crate) struct Store {
    js: glue::Store,
    /// Whether the tables are there: an empty conversation has none.
    migrated: Cell<bool>,
}

impl Store {
    pub(crate) fn new(storage: &JsValue) -> Self {
        let js = glue::Store::new(storage, sql::INSERT_EVENT, sql::PUT_STATE, sql::PUT_MARK);
        Self { js, migrated: Cell::new(false) }
    }

    /// Brings the tables of an existing database to the newest version.
    pub(crate) fn open(&self) -> Result<(), Fault> {
        if !self.migrated.get() && self.js.has("migration")? {
            migrate(&self.js, schema::CONVERSATION)?;
            self.migrated.set(true);
        }
        Ok(())
    }

    /// Makes all of `writes` durable, or none.
    pub(crate) fn commit(&self, writes: &[Write]) -> Result<(), Fault> {
        if writes.is_empty() {
            return Ok(());
        }
        self.make_tables()?;
        if let [write] = writes {
            // One statement is a transaction by itself.
            return Ok(self.write(write)?);
        }
        let mut all = || writes.iter().try_for_each(|write| self.write(write));
        Ok(self.js.transaction(&mut all)?)
    }

    fn set_alarm(&self, at: Option<Millis>) -> Result<(), JsValue> {
        match at {
            Some(at) => self.js.set_alarm(at.0 as f64),
            None => self.js.delete_alarm(),
        }
    }

    /// What a conversation is resumed from, its streams apart.
    pub(crate) fn load(&self, now: Millis) -> Result<Snapshot, Fault> {
        self.open()?;
        if !self.migrated.get() {
            return Ok(Snapshot::default());
        }
        let mut snapshot = Snapshot { recent: self.recent(RECENT)?, ..Snapshot::default() };
        for row in self.rows(sql::STATES, &Array::new())? {
            let (id, text) = (row.get(0).as_f64(), row.get(1).as_string().unwrap_or_default());
            if id == Some(schema::STATE_HEAD.into()) {
                snapshot.head = Some(from_json(&text)?);
            } else if id == Some(schema::STATE_TURN.into()) {
                snapshot.turn = Some(from_json(&text)?);
            }
        }
        for row in self.rows(sql::MARKS, &Array::new())? {
            let who = row.get(0).as_string().unwrap_or_default();
            snapshot.marks.push((who, whole(&row.get(1))));
        }
        let rate = snapshot.head.clone().unwrap_or_default().policy.messages_per_visitor();
        let events = rate.count.saturating_mul(4).clamp(64, 4_096);
        let since = (now - rate.window).0 as f64;
        for row in self.rows(sql::WINDOW, &Array::of2(&events.into(), &since.into()))? {
            snapshot.window.push(Millis(row.get(0).as_f64().unwrap_or(0.0) as u64));
        }
        kefu_shared::sorted::sort_by_key(&mut snapshot.window, |at| *at);
        Ok(snapshot)
    }

    /// The newest events with their senders, oldest first.
    pub(crate) fn recent(&self, most: u32) -> Result<Vec<(Event, Option<String>)>, Fault> {
        let mut recent = Vec::new();
        for row in self.rows(sql::NEWEST, &Array::of1(&most.into()))? {
            recent.push((event(&row.get(0))?, row.get(1).as_string()));
        }
        recent.reverse();
        Ok(recent)
    }

    /// The events after `after` up to `upto`, oldest first.
    pub(crate) fn range(&self, after: u32, upto: u32) -> Result<Vec<Event>, Fault> {
        self.events(sql::RANGE, &Array::of2(&after.into(), &upto.into()))
    }

    /// Traces before an event, newest first.
    pub(crate) fn traces(&self, before: u32, most: u32) -> Result<Vec<String>, Fault> {
        let found = self.rows(sql::TRACES, &Array::of2(&before.into(), &most.into()))?;
        Ok(found.iter().map(|row| row.get(0).as_string().unwrap_or_default()).collect())
    }

    pub(crate) fn by_sender(&self, sender: &str) -> Result<Option<Event>, Fault> {
        Ok(self.events(sql::BY_SENDER, &Array::of1(&sender.into()))?.pop())
    }

    pub(crate) fn upload_head(&self, id: &str) -> Result<Option<UploadHead>, Fault> {
        let rows = self.rows(sql::UPLOAD_HEAD, &Array::of1(&id.into()))?;
        rows.first().and_then(|row| row.get(0).as_string()).map(|head| from_json(&head)).transpose()
    }

    pub(crate) fn upload_bytes(&self, id: &str) -> Result<Vec<Array>, Fault> {
        self.rows(sql::UPLOAD_BYTES, &Array::of1(&id.into()))
    }

    pub(crate) fn uploads_size(&self) -> Result<f64, Fault> {
        let rows = self.rows(sql::UPLOADS_SIZE, &Array::new())?;
        Ok(rows.first().and_then(|row| row.get(0).as_f64()).unwrap_or(0.0))
    }

    pub(crate) fn drop_upload(&self, id: &str) -> Result<(), Fault> {
        self.rows(sql::DROP_UPLOAD, &Array::of1(&id.into())).map(|_| ())
    }

    /// Runs a statement that makes something, tables and all.
    pub(crate) fn run(&self, text: &str, params: &Array) -> Result<(), Fault> {
        self.make_tables()?;
        self.rows(text, params).map(|_| ())
    }

    fn make_tables(&self) -> Result<(), Fault> {
        if !self.migrated.get() {
            migrate(&self.js, schema::CONVERSATION)?;
            self.migrated.set(true);
        }
        Ok(())
    }

    fn events(&self, text: &str, params: &Array) -> Result<Vec<Event>, Fault> {
        self.rows(text, params)?.iter().map(|row| event(&row.get(0))).collect()
    }

    fn rows(&self, text: &str, params: &Array) -> Result<Vec<Array>, Fault> {
        self.open()?;
        if !self.migrated.get() {
            return Ok(Vec::new());
        }
        Ok(rows(&self.js, text, params)?)
    }

    fn write(&self, write: &Write) -> Result<(), JsValue> {
        match write {
            Write::Event { event, sender, spoke, trace } => {
                let envelope = Uint8Array::from(wire::seal(event).as_slice());
                self.js.insert_event(
                    event.seq,
                    sender.as_deref(),
                    spoke.map(|at| at.0 as f64),
                    envelope,
                    trace.as_deref(),
                )
            }
            Write::Forget { after, upto } => {
                let range = Array::of2(&(*after).into(), &(*upto).into());
                self.js.rows(sql::DROP_TRACES, &range).map(|_| ())
            }
            Write::Head(head) => {
                self.js.put_state(schema::STATE_HEAD, &to_json(head), head.version)
            }
            Write::Turn(turn) => {
                self.js.put_state(schema::STATE_TURN, &to_json(turn), turn.version)
            }
            Write::Mark { who, seq } => self.js.put_mark(who, *seq),
            Write::Alarm(at) => self.set_alarm(*at),
        }
    }
}

/// Runs the migrations that a database lacks, each in a transaction.
pub(crate) fn migrate(js: &glue::Store, migrations: &[Migration]) -> Result<(), Fault> {
    let run = |text: &str, params: &Array| js.rows(text, params).map(|_| ());
    run(schema::MIGRATIONS_TABLE, &Array::new())?;
    let done = rows(js, "SELECT max(number) FROM migration", &Array::new())?;
    let done = done.first().map_or(0, |row| whole(&row.get(0)));
    for migration in migrations.iter().filter(|migration| migration.number > done) {
        js.transaction(&mut || {
            for statement in migration.statements {
                run(statement, &Array::new())?;
            }
            run("INSERT INTO migration (number) VALUES (?)", &Array::of1(&migration.number.into()))
        })?;
    }
    Ok(())
}

/// The rows that a query gives.
pub(crate) fn rows(js: &glue::Store, text: &str, params: &Array) -> Result<Vec<Array>, JsValue> {
    let rows = js.rows(text, params)?.iter().map(JsCast::unchecked_into).collect();
    metrics::count(|metrics| metrics.rows_read += js.take_read() as u64);
    Ok(rows)
}

/// A whole number of a row; 0 for NULL.
pub(crate) fn whole(value: &JsValue) -> u32 {
    value.as_f64().map_or(0, |number| number as u32)
}

fn event(envelope: &JsValue) -> Result<Event, Fault> {
    wire::open(&Uint8Array::new(envelope).to_vec()).ok_or(Fault::Corrupt("event"))
}

pub(crate) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|_| Fault::Corrupt("state"))
}
