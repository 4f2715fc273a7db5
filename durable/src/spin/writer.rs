//! The one writer of an instance: what several conversations want written at once goes together,
//! since its fsync is what costs, and the failure of one is not that of the others.

use crate::Fault;
use crate::spin::database::{self, Connection, Row, number, patiently, run, run_and_wait};
use crate::spin::operator::{self, Access};
use futures::channel::oneshot;
use kefu_shared::schema::script;
use spin_sdk::sqlite::Value;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

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

/// A group is one statement where a script has all of it: what the host asks for each is more than
/// what SQLite does. Else, and where somebody else wrote first, it is a transaction of several.
async fn write_group(slot: &mut Option<Connection>, group: Vec<Batch>) {
    let (batches, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
    let written = match connected(slot).await {
        Ok(connection) => write(connection, &batches).await,
        Err(fault) => Err(fault),
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

async fn write(connection: &Connection, batches: &[Vec<Statement>]) -> Result<Results, Fault> {
    let Some(script) = Script::of(batches.iter().flatten()) else {
        return transaction(connection, batches).await;
    };
    let run = async || run_and_wait(connection, &script.text, script.params.clone()).await;
    match (patiently(run).await, batches) {
        (Ok(_), _) => Ok(batches.iter().map(|_| Ok(())).collect()),
        (Err(Fault::Conflict), [_]) => Ok(vec![Err(Fault::Conflict)]),
        (Err(Fault::Conflict), _) => transaction(connection, batches).await,
        (Err(fault), _) => Err(fault),
    }
}

async fn transaction(
    connection: &Connection,
    batches: &[Vec<Statement>],
) -> Result<Results, Fault> {
    let begin = async || run_and_wait(connection, "BEGIN IMMEDIATE", Vec::new()).await;
    patiently(begin).await?;
    let mut results = Vec::with_capacity(batches.len());
    for batch in batches {
        match one_of_many(connection, batch) {
            Err(fault) if !matches!(fault, Fault::Conflict) => {
                let _ = plain(connection, "ROLLBACK");
                return Err(fault);
            }
            done => results.push(done),
        }
    }
    if let Err(fault) = run_and_wait(connection, "COMMIT", Vec::new()).await {
        let _ = plain(connection, "ROLLBACK");
        return Err(fault);
    }
    Ok(results)
}

/// A batch within a transaction, where nothing waits. What one statement does is taken back by
/// itself where it fails: only more need a savepoint.
fn one_of_many(connection: &Connection, batch: &[Statement]) -> Result<(), Fault> {
    if let Some(script) = Script::of(batch) {
        return run(connection, &script.text, &script.params).map(drop);
    }
    plain(connection, "SAVEPOINT batch")?;
    let written = batch.iter().try_for_each(|statement| {
        statement.held(&run(connection, &statement.text, &statement.params)?)
    });
    if matches!(written, Err(Fault::Conflict)) {
        plain(connection, "ROLLBACK TO batch")?;
    }
    plain(connection, "RELEASE batch")?;
    written
}

fn plain(connection: &Connection, text: &str) -> Result<(), Fault> {
    run(connection, text, &[]).map(drop)
}

/// Statements as one.
struct Script {
    text: String,
    params: Vec<Value>,
}

impl Script {
    /// None if it can't have one of them, or not as many.
    fn of<'a>(statements: impl IntoIterator<Item = &'a Statement>) -> Option<Self> {
        let mut params = Vec::new();
        let mut lines = 0;
        for statement in statements {
            lines += 1;
            params.push(number(script::line(&statement.text)?));
            params.extend(statement.params.iter().cloned());
            params.resize(lines * script::COLUMNS, Value::Null);
        }
        if lines > script::LINES_MOST {
            return None;
        }
        let lines = script::padded(lines);
        params.resize(lines * script::COLUMNS, Value::Null);
        Some(Self { text: script::insert(lines), params })
    }
}
