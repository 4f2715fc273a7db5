//! The one writer of an instance: what several conversations want written at once goes together,
//! since its fsync is what costs, and the failure of one is not that of the others.

use crate::Fault;
use crate::spin::database::{self, Connection, Row, patiently, run, run_and_wait};
use crate::spin::operator::{self, Access};
use futures::channel::oneshot;
use kefu_shared::schema::shared_sql::log as sql;
use spin_sdk::sqlite::Value;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};

/// Batches in one group.
const GROUP_MOST: usize = 64;
/// One statement of a batch.
pub(crate) struct Statement {
    text: Cow<'static, str>,
    params: Vec<Value>,
    /// Whether it must give a row: without one, somebody else wrote first.
    must: bool,
}

impl Statement {
    pub(crate) fn new(text: &'static str, params: Vec<Value>) -> Self {
        Self { text: text.into(), params, must: false }
    }

    /// One that holds only if it gives a row.
    pub(crate) fn must(text: impl Into<Cow<'static, str>>, params: Vec<Value>) -> Self {
        Self { text: text.into(), params, must: true }
    }

    /// Whether what it gave is what it must.
    fn held(&self, rows: &[Row]) -> Result<(), Fault> {
        if self.must && rows.is_empty() { Err(Fault::Conflict) } else { Ok(()) }
    }

    fn is_event(&self) -> bool {
        self.text == sql::INSERT_EVENT
    }
}

type Batch = (Vec<Statement>, oneshot::Sender<Result<(), Fault>>);

thread_local! {
    static QUEUE: RefCell<VecDeque<Batch>> = const { RefCell::new(VecDeque::new()) };
    static WRITING: Cell<bool> = const { Cell::new(false) };
    static CONNECTION: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

/// Makes all of a batch durable, or none. `Fault::Conflict`: somebody else wrote first.
pub(crate) async fn commit(batch: Vec<Statement>) -> Result<(), Fault> {
    let (answer, answered) = oneshot::channel();
    QUEUE.with_borrow_mut(|queue| queue.push_back((batch, answer)));
    if !WRITING.replace(true) {
        // Whoever comes first writes, for those too that come meanwhile.
        write_all().await;
    }
    answered.await.unwrap_or_else(|_| Err(Fault::Platform("the writer is gone".into())))
}

/// Writes until nothing waits.
async fn write_all() {
    let mut connection = CONNECTION.take();
    loop {
        let group: Vec<Batch> = QUEUE.with_borrow_mut(|queue| {
            let count = queue.len().min(GROUP_MOST);
            queue.drain(..count).collect()
        });
        if group.is_empty() {
            CONNECTION.set(connection);
            WRITING.set(false);
            return;
        }
        write_group(&mut connection, group).await;
    }
}

/// Events that come alone, as most messages do, are rows of one statement, which holds the database
/// no longer than it takes; all else is one transaction.
async fn write_group(slot: &mut Option<Connection>, group: Vec<Batch>) {
    let is_event = |batch: &Batch| batch.0.len() == 1 && batch.0.iter().all(Statement::is_event);
    let (events, others): (Vec<_>, Vec<_>) = group.into_iter().partition(is_event);
    for (group, write) in [(events, Way::Events), (others, Way::Transaction)] {
        if !group.is_empty() {
            write_all_of(slot, group, write).await;
        }
    }
}

#[derive(Clone, Copy)]
enum Way {
    Events,
    Transaction,
}

async fn write_all_of(slot: &mut Option<Connection>, group: Vec<Batch>, way: Way) {
    let (batches, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let written = match (connected(slot).await, way) {
        (Ok(connection), Way::Events) => events(connection, batches).await,
        (Ok(connection), Way::Transaction) => transaction(connection, batches).await,
        (Err(fault), _) => Err(fault),
    };
    operator::watch(Access::Write, written.as_ref().err());
    let results = written.unwrap_or_else(|fault| {
        // Nothing of it is there; the next group has a fresh connection.
        *slot = None;
        answers.iter().map(|_| Err(fault.clone())).collect()
    });
    for (answer, result) in answers.into_iter().zip(results) {
        // Who asked may be gone.
        let _ = answer.send(result);
    }
}

async fn connected(slot: &mut Option<Connection>) -> Result<&Connection, Fault> {
    if slot.is_none() {
        *slot = Some(database::open_to_write().await?);
    }
    slot.as_ref().ok_or(Fault::Corrupt("connection"))
}

/// What became of each batch of a group.
type Results = Vec<Result<(), Fault>>;

/// Batches of one event each. An event whose place is taken gives no row: somebody else wrote first.
async fn events(connection: &Connection, batches: Vec<Vec<Statement>>) -> Result<Results, Fault> {
    let text = sql::insert_events(batches.len());
    let params: Vec<Value> =
        batches.into_iter().flatten().flat_map(|statement| statement.params).collect();
    let insert = async || run_and_wait(connection, &text, params.clone()).await;
    let there = patiently(insert).await?;
    let place = |log: &Value, seq: &Value| match (log, seq) {
        (Value::Text(log), Value::Integer(seq)) => Some((log.clone(), *seq)),
        _ => None,
    };
    let mut there: BTreeSet<_> = there
        .iter()
        .filter_map(|row| row.values.first().zip(row.values.get(1)))
        .filter_map(|(log, seq)| place(log, seq))
        .collect();
    let wanted = params.chunks(sql::EVENT_COLUMNS).map(|row| place(row.first()?, row.get(1)?));
    // Each row is one batch's.
    let mut stored = |place: Option<_>| place.is_some_and(|place| there.remove(&place));
    Ok(wanted.map(|place| stored(place).then_some(()).ok_or(Fault::Conflict)).collect())
}

async fn transaction(
    connection: &Connection,
    batches: Vec<Vec<Statement>>,
) -> Result<Results, Fault> {
    if let [batch] = batches.as_slice() {
        return alone(connection, batch).await;
    }
    begin(connection).await?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        match one_of_many(connection, &batch) {
            Err(fault) if !matches!(fault, Fault::Conflict) => {
                let _ = plain(connection, "ROLLBACK");
                return Err(fault);
            }
            done => results.push(done),
        }
    }
    end(connection, Ok(())).await?;
    Ok(results)
}

/// A batch of a group. What one statement does is taken back by itself where it fails: only more
/// need a savepoint.
fn one_of_many(connection: &Connection, batch: &[Statement]) -> Result<(), Fault> {
    if batch.len() == 1 {
        return write(connection, batch);
    }
    plain(connection, "SAVEPOINT batch")?;
    let written = write(connection, batch);
    if matches!(written, Err(Fault::Conflict)) {
        plain(connection, "ROLLBACK TO batch")?;
    }
    plain(connection, "RELEASE batch")?;
    written
}

/// A group of one: the transaction is savepoint enough, and one statement is a transaction.
async fn alone(connection: &Connection, batch: &[Statement]) -> Result<Results, Fault> {
    let ended = if let [statement] = batch {
        patiently(async || {
            let text = &statement.text;
            statement.held(&run_and_wait(connection, text, statement.params.clone()).await?)
        })
        .await
    } else {
        begin(connection).await?;
        end(connection, write(connection, batch)).await
    };
    match ended {
        Err(Fault::Conflict) => Ok(vec![Err(Fault::Conflict)]),
        ended => ended.map(|()| vec![Ok(())]),
    }
}

async fn begin(connection: &Connection) -> Result<(), Fault> {
    patiently(async || run_and_wait(connection, "BEGIN IMMEDIATE", Vec::new()).await.map(drop))
        .await
}

/// Commits what was written, or takes it all back.
async fn end(connection: &Connection, written: Result<(), Fault>) -> Result<(), Fault> {
    let ended = match written {
        Ok(()) => run_and_wait(connection, "COMMIT", Vec::new()).await.map(drop),
        failed => failed,
    };
    if ended.is_err() {
        let _ = plain(connection, "ROLLBACK");
    }
    ended
}

/// Within a transaction nothing waits.
fn write(connection: &Connection, batch: &[Statement]) -> Result<(), Fault> {
    batch.iter().try_for_each(|statement| {
        statement.held(&run(connection, &statement.text, &statement.params)?)
    })
}

fn plain(connection: &Connection, text: &str) -> Result<(), Fault> {
    run(connection, text, &[]).map(drop)
}
