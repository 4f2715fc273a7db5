//! `spin:sqlite` on one file, each `open` a connection of its own.

use crate::state::State;
use crate::state::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use rusqlite::types::ValueRef;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

/// Statements that a connection keeps ready: more than the component has.
const STATEMENTS: usize = 128;

/// As Spin waits for one that others hold.
const BUSY: Duration = Duration::from_secs(5);

/// An open connection.
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for State {}

impl HostConnection for State {
    fn open(&mut self, _name: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        Ok(Err(blocking()))
    }

    fn execute(
        &mut self,
        _connection: Resource<Connection>,
        _statement: String,
        _parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        Ok(Err(blocking()))
    }

    fn last_insert_rowid(&mut self, _connection: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(0)
    }

    fn changes(&mut self, _connection: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(0)
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open_async(
        store: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let file = store.with(|mut access| {
            let granted = &access.get().granted;
            granted.databases.contains(&name).then(|| granted.database.clone())
        });
        let Some(file) = file else { return Ok(Err(Error::AccessDenied)) };
        let opened = blocking_task(move || {
            let connection = rusqlite::Connection::open(file).map_err(told)?;
            connection.busy_timeout(BUSY).map_err(told)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(connection)
        });
        match opened.await {
            Ok(connection) => {
                let connection = Connection(Arc::new(Mutex::new(connection)));
                Ok(Ok(store.with(|mut access| access.get().table.push(connection))?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn execute_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let connection =
            store.with(|mut access| access.get().table.get(&connection).map(|it| it.0.clone()))?;
        // A disk is waited for, and other writers: with a thread that nobody else needs.
        let waits = !statement.starts_with("SELECT");
        let ask = move || {
            let connection = connection.lock().map_err(|_| Error::InvalidConnection)?;
            query(&connection, &statement, &parameters)
        };
        let found = if waits { blocking_task(ask).await } else { ask() };
        let (columns, rows) = match found {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        store.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let done = FutureReader::new(&mut access, async { wasmtime::error::Ok(Ok(())) })?;
            Ok(Ok((columns, rows, done)))
        })
    }

    async fn last_insert_rowid_async(
        _store: &Accessor<T, Self>,
        _connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        Ok(0)
    }

    async fn changes_async(
        _store: &Accessor<T, Self>,
        _connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        Ok(0)
    }
}

/// SQLite blocks, as in Spin, the thread that asks.
async fn blocking_task<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    tokio::task::block_in_place(work)
}

fn query(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
) -> Result<(Vec<String>, Vec<RowResult>), Error> {
    let mut statement = connection.prepare_cached(statement).map_err(told)?;
    let columns: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
    let parameters = rusqlite::params_from_iter(parameters.iter().map(parameter));
    let mut rows = statement.query(parameters).map_err(told)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(told)? {
        let values = (0..columns.len()).map(|index| row.get_ref(index).map(value));
        found.push(RowResult { values: values.collect::<Result<_, _>>().map_err(told)? });
    }
    Ok((columns, found))
}

fn parameter(value: &Value) -> rusqlite::types::Value {
    match value {
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(text) => text.clone().into(),
        Value::Blob(bytes) => bytes.clone().into(),
        Value::Null => rusqlite::types::Value::Null,
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn told(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::DatabaseFull,
        _ => Error::Io(error.to_string()),
    }
}

fn blocking() -> Error {
    Error::Io("this host has the asynchronous calls only".into())
}
