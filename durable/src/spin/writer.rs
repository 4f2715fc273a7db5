//! The one writer of an instance: what several conversations want written at once is one
//! transaction, since its fsync is what costs, and the failure of one is not that of the others.

use crate::Fault;
use crate::spin::database::{self, Row, patiently, run};
use crate::spin::operator::{self, Access};
use futures::channel::oneshot;
use spin_sdk::sqlite::{Connection, Value};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Batches in one transaction.
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

async fn write_group(slot: &mut Option<Connection>, group: Vec<Batch>) {
    let mut results = Vec::with_capacity(group.len());
    let mut answers = Vec::with_capacity(group.len());
    let mut batches = Vec::with_capacity(group.len());
    for (batch, answer) in group {
        batches.push(batch);
        answers.push(answer);
    }
    let written = match connected(slot).await {
        Ok(connection) => transaction(connection, batches, &mut results).await,
        Err(fault) => Err(fault),
    };
    operator::watch(Access::Write, written.as_ref().err());
    if let Err(fault) = written {
        // Nothing of it is there; the next group has a fresh connection.
        *slot = None;
        results = answers.iter().map(|_| Err(fault.clone())).collect();
    }
    for (answer, result) in answers.into_iter().zip(results) {
        // Who asked may be gone.
        let _ = answer.send(result);
    }
}

async fn connected(slot: &mut Option<Connection>) -> Result<&Connection, Fault> {
    if slot.is_none() {
        // The reader's connection made the tables.
        database::rows("SELECT 1", Vec::new()).await?;
        *slot = Some(database::open().await?);
    }
    slot.as_ref().ok_or(Fault::Corrupt("connection"))
}

async fn transaction(
    connection: &Connection,
    batches: Vec<Vec<Statement>>,
    results: &mut Vec<Result<(), Fault>>,
) -> Result<(), Fault> {
    if let [batch] = batches.as_slice() {
        return alone(connection, batch, results).await;
    }
    begin(connection).await?;
    for batch in batches {
        match one_of_many(connection, &batch).await {
            Err(fault) if !matches!(fault, Fault::Conflict) => {
                let _ = plain(connection, "ROLLBACK").await;
                return Err(fault);
            }
            done => results.push(done),
        }
    }
    end(connection, Ok(())).await
}

/// A batch of a group. What one statement does is taken back by itself where it fails: only more
/// need a savepoint.
async fn one_of_many(connection: &Connection, batch: &[Statement]) -> Result<(), Fault> {
    if batch.len() == 1 {
        return write(connection, batch).await;
    }
    plain(connection, "SAVEPOINT batch").await?;
    let written = write(connection, batch).await;
    if matches!(written, Err(Fault::Conflict)) {
        plain(connection, "ROLLBACK TO batch").await?;
    }
    plain(connection, "RELEASE batch").await?;
    written
}

/// A group of one: the transaction is savepoint enough, and one statement is a transaction.
async fn alone(
    connection: &Connection,
    batch: &[Statement],
    results: &mut Vec<Result<(), Fault>>,
) -> Result<(), Fault> {
    let ended = if batch.len() == 1 {
        patiently(async || write(connection, batch).await).await
    } else {
        begin(connection).await?;
        end(connection, write(connection, batch).await).await
    };
    match ended {
        Err(Fault::Conflict) => results.push(Err(Fault::Conflict)),
        ended => return ended.map(|()| results.push(Ok(()))),
    }
    Ok(())
}

async fn begin(connection: &Connection) -> Result<(), Fault> {
    patiently(async || plain(connection, "BEGIN IMMEDIATE").await).await
}

/// Commits what was written, or takes it all back.
async fn end(connection: &Connection, written: Result<(), Fault>) -> Result<(), Fault> {
    let ended = match written {
        Ok(()) => plain(connection, "COMMIT").await,
        failed => failed,
    };
    if ended.is_err() {
        let _ = plain(connection, "ROLLBACK").await;
    }
    ended
}

async fn write(connection: &Connection, batch: &[Statement]) -> Result<(), Fault> {
    for statement in batch {
        let rows = run(connection, &statement.text, statement.params.clone()).await?;
        if statement.must && rows.is_empty() {
            return Err(Fault::Conflict);
        }
    }
    Ok(())
}

async fn plain(connection: &Connection, text: &str) -> Result<(), Fault> {
    run(connection, text, Vec::new()).await.map(|_: Vec<Row>| ())
}
