//! A desk's rows in its object's SQLite.

use crate::error::Fault;
use crate::worker::glue;
use crate::worker::store::{from_json, migrate, rows, to_json, whole};
use js_sys::{Array, Uint8Array};
use kefu_proto::Encode;
use kefu_proto::v1::InboxEntry;
use kefu_shared::desk::{Inbox, Left, Snapshot, Write};
use kefu_shared::schema::{self, desk_sql as sql};
use kefu_shared::time::Millis;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use wasm_bindgen::JsValue;

pub(crate) struct DeskStore {
    js: glue::Store,
    migrated: Cell<bool>,
}

impl DeskStore {
    pub(crate) fn new(storage: &JsValue) -> Self {
        let js = glue::Store::new(storage, "", "", "");
        Self { js, migrated: Cell::new(false) }
    }

    /// What the desk is resumed from, its streams apart.
    pub(crate) fn load(&self) -> Result<Snapshot, Fault> {
        if !self.migrated.get() && !self.js.has("migration")? {
            return Ok(Snapshot::default());
        }
        self.make_tables()?;
        let floor = self.rows(sql::FLOOR)?.first().map_or(0, |row| whole(&row.get(0)));
        let entries = self.rows(sql::ENTRIES)?;
        let entries = entries.iter().map(|row| {
            let bytes = Uint8Array::new(&row.get(0)).to_vec();
            InboxEntry::decode(bytes.as_slice()).map_err(|_| Fault::Corrupt("inbox entry"))
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let tries = self.rows(sql::TRIES)?;
        let tries = tries.iter().map(|row| {
            let at = Millis(row.get(1).as_f64().unwrap_or(0.0) as u64);
            (row.get(0).as_string().unwrap_or_default(), at)
        });
        Ok(Snapshot {
            inbox: Inbox::resume(entries, floor),
            accounts: self.values(sql::ACCOUNTS)?,
            sessions: self.values(sql::SESSIONS)?,
            tries: tries.collect(),
            streams: Vec::new(),
        })
    }

    /// Makes all of `writes` durable, or none.
    pub(crate) fn commit(&self, writes: &[Write]) -> Result<(), Fault> {
        if writes.is_empty() {
            return Ok(());
        }
        self.make_tables()?;
        let mut all = || writes.iter().try_for_each(|write| self.write(write));
        Ok(self.js.transaction(&mut all)?)
    }

    fn write(&self, write: &Write) -> Result<(), JsValue> {
        let (text, params) = match write {
            Write::Entry(entry) => {
                let bytes = Uint8Array::from(entry.encode_to_vec().as_slice());
                let id = entry.conversation.as_str().into();
                (sql::PUT_ENTRY, Array::of3(&id, &bytes, &entry.revision.into()))
            }
            Write::Leave(left) => return self.leave(left),
            Write::Account(account) => (sql::PUT_ACCOUNT, keyed(&account.id, &to_json(account))),
            Write::Forget(id) => (sql::DROP_ACCOUNT, one(id)),
            Write::Session(session) => (sql::PUT_SESSION, keyed(&session.id, &to_json(session))),
            Write::End(id) => (sql::DROP_SESSION, one(id)),
            Write::Try { tag, at } => {
                (sql::PUT_TRY, Array::of2(&tag.as_str().into(), &(at.0 as f64).into()))
            }
            Write::Pardon(tag) => (sql::DROP_NEWEST_TRY, one(tag)),
            Write::DropTries(upto) => (sql::DROP_TRIES, Array::of1(&(upto.0 as f64).into())),
        };
        self.js.rows(text, &params).map(|_| ())
    }

    fn leave(&self, left: &Left) -> Result<(), JsValue> {
        let gone = to_json(&left.conversations).as_str().into();
        self.js.rows(sql::DROP_ENTRIES, &Array::of1(&gone))?;
        let floor = Array::of3(&left.floor.into(), &left.before.into(), &gone);
        self.js.rows(sql::PUT_FLOOR, &floor).map(|_| ())
    }

    fn make_tables(&self) -> Result<(), Fault> {
        if !self.migrated.get() {
            migrate(&self.js, schema::DESK)?;
            self.migrated.set(true);
        }
        Ok(())
    }

    fn values<T: DeserializeOwned>(&self, text: &str) -> Result<Vec<T>, Fault> {
        let rows = self.rows(text)?;
        rows.iter().map(|row| from_json(&row.get(0).as_string().unwrap_or_default())).collect()
    }

    fn rows(&self, text: &str) -> Result<Vec<Array>, Fault> {
        Ok(rows(&self.js, text, &Array::new())?)
    }
}

fn one(text: &str) -> Array {
    Array::of1(&text.into())
}

fn keyed(id: &str, value: &str) -> Array {
    Array::of2(&id.into(), &value.into())
}
