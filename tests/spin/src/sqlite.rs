//! `spin:sqlite` on one file, each `open` a connection of its own. As in Spin, each statement has a
//! thread of the host's: the instance of an asynchronous one may do other things meanwhile, that of
//! the other kind may not.

use crate::state::State;
use crate::state::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use rusqlite::types::ValueRef;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, Destination, FutureReader, HasSelf, Resource, StreamProducer, StreamReader,
    StreamResult,
};

/// Rows that the database is ahead of the component, as in Spin.
const ROWS_AHEAD: usize = 4;
/// As Spin waits for one that others hold.
const BUSY: Duration = Duration::from_secs(5);

/// An open connection.
#[derive(Clone)]
pub struct Connection(Arc<Mutex<rusqlite::Connection>>);

type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Host for State {}

impl HostConnection for State {
    async fn open(
        &mut self,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        self.connect(&name)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.table.get(&connection)?.clone();
        let asked = spawn_blocking(move || {
            let mut rows = Vec::new();
            let mut columns = Vec::new();
            let told = |names| columns = names;
            connection.ask(&statement, &parameters, told, |row| {
                rows.push(row);
                true
            })?;
            Ok(QueryResult { columns, rows })
        });
        Ok(asked.await.unwrap_or(Err(Error::InvalidConnection)))
    }

    async fn last_insert_rowid(&mut self, _of: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(0)
    }

    async fn changes(&mut self, _of: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(0)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl<T: Send> HostConnectionWithStore<T> for HasSelf<State> {
    async fn open_async(
        store: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        store.with(|mut access| access.get().connect(&name))
    }

    async fn execute_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        let connection = store.with(|mut access| access.get().table.get(&connection).cloned())?;
        let (columns, named) = oneshot::channel();
        let (rows, found) = mpsc::channel(ROWS_AHEAD);
        let (ended, end) = oneshot::channel();
        spawn_blocking(move || {
            let told = |names| drop(columns.send(names));
            let done = connection
                .ask(&statement, &parameters, told, |row| rows.blocking_send(row).is_ok());
            drop(ended.send(done));
        });
        let columns = named.await.unwrap_or_default();
        let end = async { wasmtime::error::Ok(end.await.unwrap_or(Err(Error::InvalidConnection))) };
        store.with(|mut access| {
            let rows = StreamReader::new(&mut access, Found(found))?;
            let end = FutureReader::new(&mut access, end)?;
            Ok(Ok((columns, rows, end)))
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

/// Rows on their way from the database's thread to the component.
struct Found(mpsc::Receiver<RowResult>);

impl<D> StreamProducer<D> for Found {
    type Item = RowResult;
    type Buffer = Option<RowResult>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        Poll::Ready(Ok(match self.get_mut().0.poll_recv(context) {
            Poll::Ready(Some(row)) => {
                destination.set_buffer(Some(row));
                StreamResult::Completed
            }
            Poll::Ready(None) => StreamResult::Dropped,
            Poll::Pending if finish => StreamResult::Cancelled,
            Poll::Pending => return Poll::Pending,
        }))
    }
}

impl State {
    fn connect(&mut self, name: &String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let Some(file) = self.granted.file(name) else { return Ok(Err(Error::AccessDenied)) };
        match connected(file) {
            Ok(connection) => Ok(Ok(self.table.push(connection)?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

fn connected(file: PathBuf) -> Result<Connection, Error> {
    let connection = rusqlite::Connection::open(file).map_err(told)?;
    connection.busy_timeout(BUSY).map_err(told)?;
    Ok(Connection(Arc::new(Mutex::new(connection))))
}

impl Connection {
    /// Runs a statement in the thread that calls: tells its columns, then each row until nobody
    /// takes it.
    fn ask(
        &self,
        statement: &str,
        parameters: &[Value],
        columns: impl FnOnce(Vec<String>),
        mut row: impl FnMut(RowResult) -> bool,
    ) -> Result<(), Error> {
        let connection = self.0.lock().map_err(|_| Error::InvalidConnection)?;
        let mut statement = connection.prepare_cached(statement).map_err(told)?;
        let names: Vec<String> = statement.column_names().iter().map(ToString::to_string).collect();
        let count = names.len();
        columns(names);
        let parameters = rusqlite::params_from_iter(parameters.iter().map(parameter));
        let mut rows = statement.query(parameters).map_err(told)?;
        while let Some(found) = rows.next().map_err(told)? {
            let values = (0..count).map(|index| found.get_ref(index).map(value));
            if !row(RowResult { values: values.collect::<Result<_, _>>().map_err(told)? }) {
                break;
            }
        }
        Ok(())
    }
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
