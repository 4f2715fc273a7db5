//! Desks: as many as this instance was asked about, each as its rows were when it was last looked
//! at. A change holds only if the rows are still those; otherwise they are loaded again.

use crate::Fault;
use crate::spin::bus;
use crate::spin::database::{Row, bytes, number, rows, small, string, text, whole};
use crate::spin::entropy::{self, lost, sleep};
use crate::spin::line::Line;
use crate::spin::operator::tell_fault;
use crate::spin::rooms;
use crate::spin::sites;
use crate::spin::store::from_json;
use crate::spin::tasks::spawn;
use crate::spin::writer::{Statement, commit};
use futures::lock::Mutex;
use kefu_proto::Encode;
use kefu_proto::v1::{InboxEntry, ProviderChange, ServerFrame};
use kefu_shared::conversation::{self, ConnId, Cursor};
use kefu_shared::desk::{
    Account, Act, Desk, Inbox, Input, Left, News, Order, Outcome, Step, Write,
};
use kefu_shared::problem::Refusal;
use kefu_shared::schema::shared_sql::desk as sql;
use kefu_shared::schema::shared_sql::host;
use kefu_shared::site::{FRESH_FOR, Live};
use kefu_shared::time::Millis;
use kefu_shared::who::Role;
use kefu_shared::wire::Caller;
use spin_sdk::sqlite::Value;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How often an order is given again when somebody else changed the desk first.
const TRIES: u32 = 24;
/// Sessions that an instance remembers; more are asked for each time.
const SESSIONS_MOST: usize = 4_096;

thread_local! {
    static DESKS: RefCell<BTreeMap<String, Rc<Room>>> = const { RefCell::new(BTreeMap::new()) };
    static AGENTS: RefCell<BTreeMap<String, (Account, Millis)>> =
        const { RefCell::new(BTreeMap::new()) };
}

/// Gives an order to a site's desk.
pub async fn order(site: &str, order: Order) -> Result<Outcome, Fault> {
    let room = room(site);
    let outcome = room.apply(Input::Ordered(order)).await?;
    outcome.ok_or(Fault::Corrupt("desk"))
}

/// Whether an agent is there, where the site's modes ask for it. If its desk does not tell, nobody
/// is: a visitor is never left alone for that.
pub(crate) async fn on_duty(site: &str, live: Option<&Live>) -> bool {
    if !live.is_some_and(|live| live.config.ai.asks_who_is_there()) {
        return false;
    }
    matches!(order(site, Order::WhoIsThere).await, Ok(Outcome::OnDuty(true)))
}

/// The agent of a session, if it is in force: as its desk says, or said within the last second.
pub async fn agent_in_force(site: &str, session: &str) -> Result<Result<Account, Refusal>, Fault> {
    let now = entropy::now();
    let known = AGENTS.with_borrow(|agents| agents.get(session).cloned());
    if let Some((account, _)) = known.filter(|(_, at)| now.since(*at) < FRESH_FOR) {
        return Ok(Ok(account));
    }
    let asked = Order::CheckSession { session: session.to_owned() };
    match order(site, asked).await?.granted() {
        Ok(Outcome::Account(account)) => {
            remember(session, &account);
            Ok(Ok(account))
        }
        Ok(_) => Err(Fault::Corrupt("outcome")),
        Err(refusal) => {
            forget_session(session);
            Ok(Err(refusal))
        }
    }
}

/// A session was ended here: it does not count from now on.
pub fn forget_session(session: &str) {
    AGENTS.with_borrow_mut(|agents| agents.remove(session));
}

/// Joins an agent's line with the desk's changes.
pub(crate) async fn attach(
    site: &str,
    caller: &Caller,
    line: &Rc<Line>,
    cursor: Cursor,
) -> Result<(), Fault> {
    let room = room(site);
    let conn = room.next.replace(room.next.get().wrapping_add(1));
    room.lines.borrow_mut().insert(conn, line.clone());
    let stream = caller.gateway_stream();
    room.apply(Input::Attached { conn, stream, cursor }).await?;
    room.beat().await;
    rooms::attend();
    Ok(())
}

/// Takes in what others changed.
pub(crate) async fn look(site: &str) -> Result<(), Fault> {
    let Some(room) = DESKS.with_borrow(|desks| desks.get(site).cloned()) else { return Ok(()) };
    {
        let _alone = room.alone.lock().await;
        room.look().await?;
    }
    room.arm();
    Ok(())
}

/// Another instance changed it: agents who wait here see what.
pub(crate) fn hear(site: &str) {
    let known = DESKS.with_borrow(|desks| desks.get(site).cloned());
    let Some(room) = known.filter(|room| !room.lines.borrow().is_empty()) else { return };
    // Whoever is about to look sees this too.
    if !room.about_to_look.replace(true) {
        spawn(async move {
            room.about_to_look.set(false);
            if let Err(fault) = look(&room.site).await {
                tell_fault("desk", &fault);
            }
        });
    }
}

/// A provider's breaker changed: agents who wait here are shown it.
pub(crate) fn show(site: &str, change: ProviderChange) {
    let known = DESKS.with_borrow(|desks| desks.get(site).cloned());
    let Some(room) = known.filter(|room| !room.lines.borrow().is_empty()) else { return };
    spawn(async move {
        if let Err(fault) = room.apply(Input::Ordered(Order::Provider(change))).await {
            tell_fault("desk: a provider", &fault);
        }
    });
}

/// Whether anybody here has seen that desk.
pub(crate) fn is_known(site: &str) -> bool {
    DESKS.with_borrow(|desks| desks.get(site).is_some_and(|room| !room.lines.borrow().is_empty()))
}

/// Whether an agent's line is joined with any desk.
pub(crate) fn is_attended() -> bool {
    DESKS.with_borrow(|desks| desks.values().any(|room| !room.lines.borrow().is_empty()))
}

/// Keeps lines alive, and lets go of those whose reader is gone.
pub(crate) async fn beat() {
    let all: Vec<Rc<Room>> = DESKS.with_borrow(|desks| desks.values().cloned().collect());
    for room in all {
        let lines: Vec<(ConnId, Rc<Line>)> =
            room.lines.borrow().iter().map(|(conn, line)| (*conn, line.clone())).collect();
        for (conn, line) in lines {
            line.beat();
            if !line.is_open() {
                room.lines.borrow_mut().remove(&conn);
                let _ = room.apply(Input::Detached { conn }).await;
            }
        }
        room.beat().await;
    }
}

fn remember(session: &str, account: &Account) {
    AGENTS.with_borrow_mut(|agents| {
        if agents.len() >= SESSIONS_MOST {
            agents.clear();
        }
        agents.insert(session.to_owned(), (account.clone(), entropy::now()));
    });
}

fn room(site: &str) -> Rc<Room> {
    DESKS.with_borrow_mut(|desks| {
        let fresh = || Rc::new(Room { site: site.to_owned(), ..Room::default() });
        desks.entry(site.to_owned()).or_insert_with(fresh).clone()
    })
}

/// A desk in this instance.
#[derive(Default)]
struct Room {
    site: String,
    desk: RefCell<Option<Desk>>,
    /// Which state of the rows it is of.
    version: Cell<i64>,
    alone: Mutex<()>,
    next: Cell<ConnId>,
    lines: RefCell<BTreeMap<ConnId, Rc<Line>>>,
    timer: Cell<Option<Millis>>,
    about_to_look: Cell<bool>,
}

impl Room {
    async fn apply(self: &Rc<Self>, input: Input) -> Result<Option<Outcome>, Fault> {
        let outcome = {
            let _alone = self.alone.lock().await;
            self.step(input).await
        };
        if outcome.is_err() {
            self.desk.replace(None);
        }
        self.arm();
        outcome
    }

    async fn step(&self, input: Input) -> Result<Option<Outcome>, Fault> {
        for tries in 0..TRIES {
            self.look().await?;
            let (Step { writes, acts, outcome }, before) =
                self.desk()?.attempt(entropy::tick(), input.clone());
            match self.store(&writes).await {
                Ok(()) => {
                    self.carry_out(acts);
                    return Ok(outcome);
                }
                Err(Fault::Conflict) => {
                    self.desk()?.take_back(before);
                    lost(tries).await;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::Conflict)
    }

    /// The desk, which was looked at.
    fn desk(&self) -> Result<RefMut<'_, Desk>, Fault> {
        let desk = RefMut::filter_map(self.desk.borrow_mut(), Option::as_mut);
        desk.map_err(|_| Fault::Corrupt("desk"))
    }

    /// Tells other instances that agents are there, where the site's modes ask for it.
    async fn beat(self: &Rc<Self>) {
        if self.lines.borrow().is_empty() {
            return;
        }
        let live = sites::fetch(&self.site).await.ok().flatten();
        if live.is_some_and(|live| live.config.ai.asks_who_is_there()) {
            // A fault is told where it happened; it is said again with the next beat.
            let _ = self.apply(Input::Beat).await;
        }
    }

    /// Loads the desk, or what others changed of it.
    async fn look(&self) -> Result<(), Fault> {
        let version = rows(host::DESK_VERSION, vec![string(&*self.site)]).await?;
        let version = version.first().map_or(0, |row| whole(row, 0));
        let known = self.desk.borrow().as_ref().map(|desk| known(desk.inbox()));
        if self.version.get() == version && known.is_some() {
            return Ok(());
        }
        let news = self.news(known.unwrap_or_default()).await?;
        self.version.set(version);
        let mut slot = self.desk.borrow_mut();
        let Some(desk) = slot.as_mut() else {
            *slot = Some(Desk::resume(news.into()));
            return Ok(());
        };
        let step = desk.catch_up(entropy::now(), news);
        drop(slot);
        self.carry_out(step.acts);
        Ok(())
    }

    /// What is stored beyond a revision and a floor.
    async fn news(&self, (revision, floor): (u32, u32)) -> Result<News, Fault> {
        let params = vec![string(&*self.site), number(revision), number(floor)];
        let mut news = News::default();
        for row in rows(sql::LOOK, params).await? {
            match small(&row, 0) {
                sql::ROW_FLOOR => news.left = left(&row)?,
                sql::ROW_ACCOUNT => news.accounts.push(from_json(text(&row, 2))?),
                sql::ROW_SESSION => news.sessions.push(from_json(text(&row, 2))?),
                sql::ROW_TRY => news.tries.push((text(&row, 2).to_owned(), moment(&row))),
                _ => news
                    .entries
                    .push(InboxEntry::decode(bytes(&row, 3)).map_err(|_| Fault::Corrupt("entry"))?),
            }
        }
        Ok(news)
    }

    async fn store(&self, writes: &[Write]) -> Result<(), Fault> {
        if writes.is_empty() {
            return Ok(());
        }
        let next = self.version.get() + 1;
        let raise = vec![string(&*self.site), number(next)];
        let mut batch = vec![Statement::must(host::RAISE_DESK, raise)];
        batch.extend(writes.iter().flat_map(|write| self.statements(write)));
        batch.extend(bus::row(&format!("{}/", self.site), None));
        commit(batch).await?;
        self.version.set(next);
        bus::desk_changed(&self.site);
        Ok(())
    }

    fn statements(&self, write: &Write) -> Vec<Statement> {
        let one = match write {
            Write::Entry(entry) => {
                let bytes = Value::Blob(entry.encode_to_vec());
                let revision = number(entry.revision);
                (sql::PUT_ENTRY, vec![string(&*entry.conversation), bytes, revision])
            }
            Write::Leave(Left { floor, before, conversations }) => {
                let gone = json(conversations);
                let floor = vec![number(*floor), number(*before), gone.clone()];
                let both = [(sql::DROP_ENTRIES, vec![gone]), (sql::PUT_FLOOR, floor)];
                return both.into_iter().map(|one| self.statement(one)).collect();
            }
            Write::Account(account) => {
                (sql::PUT_ACCOUNT, vec![string(&*account.id), json(account)])
            }
            Write::Forget(id) => (sql::DROP_ACCOUNT, vec![string(&**id)]),
            Write::Session(session) => {
                (sql::PUT_SESSION, vec![string(&*session.id), json(session)])
            }
            Write::End(id) => (sql::DROP_SESSION, vec![string(&**id)]),
            Write::Try { tag, at } => (sql::PUT_TRY, vec![string(&**tag), number(at.0)]),
            Write::Pardon(tag) => (sql::DROP_NEWEST_TRY, vec![string(&**tag)]),
            Write::DropTries(upto) => (sql::DROP_TRIES, vec![number(upto.0)]),
        };
        vec![self.statement(one)]
    }

    fn statement(&self, (text, mut params): (&'static str, Vec<Value>)) -> Statement {
        params.insert(0, string(&*self.site));
        Statement::new(text, params)
    }

    fn carry_out(&self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Send { to, frame } => {
                    let frame = ServerFrame { conversation: String::new(), frame: Some(frame) };
                    for (conn, line) in self.lines.borrow().iter() {
                        if to.has(*conn, Role::Agent) {
                            line.send(&frame, 1);
                        }
                    }
                }
                Act::Place { conversation, place } => self.place(&conversation, place),
                Act::Close { conn, code, .. } => {
                    if let Some(line) = self.lines.borrow_mut().remove(&conn) {
                        line.ended("", code);
                    }
                }
            }
        }
    }

    /// Tells a conversation its visitor's place. One that is not told shows an older one.
    fn place(&self, conversation: &str, place: u32) {
        let room = rooms::room(&rooms::log_of(&self.site, conversation));
        spawn(async move {
            if let Err(fault) = room.apply(conversation::Input::Placed { place }).await {
                tell_fault("desk: a place", &fault);
            }
        });
    }

    fn arm(self: &Rc<Self>) {
        let deadline = self.desk.borrow().as_ref().and_then(Desk::deadline);
        if self.timer.replace(deadline) == deadline {
            return;
        }
        let Some(at) = deadline else { return };
        let room = self.clone();
        spawn(async move {
            sleep(at.since(entropy::now())).await;
            if room.timer.get() == Some(at) {
                room.timer.set(None);
                let _ = room.apply(Input::Woke).await;
            }
        });
    }
}

fn known(inbox: &Inbox) -> (u32, u32) {
    (inbox.revision(), inbox.floor())
}

fn left(row: &Row) -> Result<Left, Fault> {
    let conversations = from_json(text(row, 2))?;
    Ok(Left { floor: small(row, 1), before: small(row, 4), conversations })
}

fn moment(row: &Row) -> Millis {
    Millis(u64::try_from(whole(row, 1)).unwrap_or(0))
}

fn json(value: &impl serde::Serialize) -> Value {
    Value::Text(serde_json::to_string(value).unwrap_or_default())
}
