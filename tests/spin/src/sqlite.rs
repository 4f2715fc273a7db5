//! `spin:sqlite` on one file, each `open` a connection of its own.

use crate::state::State;
use crate::state::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use rusqlite::types::ValueRef;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, StreamReader};

/// Statements that a connection keeps ready: more than the component has.
const STATEMENTS: usize = 128;

/// As Spin waits for one that others hold.
const BUSY: Duration = Duration::from_secs(5);

/// An open connection.
#[derive(Clone)]
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for State {}

impl HostConnection for State {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let Some(file) = self.granted.file(&name) else { return Ok(Err(Error::AccessDenied)) };
        match connected(file) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&connection)?;
        Ok(connection.ask(&statement, &parameters))
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
        store.with(|mut access| access.get().open(name))
    }

    async fn execute_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let connection = store.with(|mut access| access.get().table.get(&connection).cloned())?;
        // A disk is waited for, and other writers: as in Spin, with a thread of the host's.
        let found = tokio::task::block_in_place(|| connection.ask(&statement, &parameters));
        let QueryResult { columns, rows } = match found {
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

fn connected(file: PathBuf) -> Result<Connection, Error> {
    let connection = rusqlite::Connection::open(file).map_err(told)?;
    connection.busy_timeout(BUSY).map_err(told)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(Connection(Arc::new(Mutex::new(connection))))
}

impl Connection {
    fn ask(&self, statement: &str, parameters: &[Value]) -> Result<QueryResult, Error> {
        let connection = self.0.lock().map_err(|_| Error::InvalidConnection)?;
        query(&connection, statement, parameters)
    }
}

fn query(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
) -> Result<QueryResult, Error> {
    let mut statement = connection.prepare_cached(statement).map_err(told)?;
    let columns: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
    let parameters = rusqlite::params_from_iter(parameters.iter().map(parameter));
    let mut rows = statement.query(parameters).map_err(told)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(told)? {
        let values = (0..columns.len()).map(|index| row.get_ref(index).map(value));
        found.push(RowResult { values: values.collect::<Result<_, _>>().map_err(told)? });
    }
    Ok(QueryResult { columns, rows: found })
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
