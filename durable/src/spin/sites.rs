//! Sites in use, one cache an instance: whether something changed is one small query, made each
//! time, and only then a site is compiled again.

use crate::Fault;
use crate::spin::database::{number, rows, small, string, text};
use crate::spin::deployment::{deployed, variable};
use crate::spin::entropy;
use crate::spin::writer::{Statement, commit};
use kefu_shared::config::Format;
use kefu_shared::schema::shared_sql::site as sql;
use kefu_shared::secrets::Sealed;
use kefu_shared::site::{Change, Live, Order, Outcome, Shelf, Stored};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sites that an instance keeps; more are read each time.
const KEPT_MOST: usize = 256;
/// How often an order is given again when another one came first.
const TRIES: u32 = 8;

thread_local! {
    static KEPT: RefCell<BTreeMap<String, Arc<Live>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The site as it stands.
pub async fn fetch(site: &str) -> Result<Option<Arc<Live>>, Fault> {
    at(site, revision(site).await?).await
}

/// The site, whose revision was just read.
pub(crate) async fn at(site: &str, revision: u32) -> Result<Option<Arc<Live>>, Fault> {
    let known = KEPT.with_borrow(|kept| kept.get(site).cloned());
    let live = match known.filter(|live| live.revision == revision) {
        Some(live) => Some(live),
        None => compile(site).await?,
    };
    remember(site, live.as_ref());
    Ok(live)
}

/// Carries out an order on a site's rows.
pub async fn order(site: &str, order: Order) -> Result<Outcome, Fault> {
    for _ in 0..TRIES {
        let (outcome, change) = shelf(site).await?.take(order.clone(), entropy::now());
        let Some(change) = change else { return Ok(outcome) };
        match commit(statements(site, &change)).await {
            Err(Fault::Conflict) => {}
            done => return done.map(|()| outcome),
        }
    }
    Err(Fault::Conflict)
}

async fn compile(site: &str) -> Result<Option<Arc<Live>>, Fault> {
    let shelf = shelf(site).await?;
    let (Outcome::Page(page), _) = shelf.take(Order::Read { have: 0 }, entropy::now()) else {
        return Ok(None);
    };
    let deployed = deployed().await.map_err(Fault::Misconfigured)?;
    let live = Live::open(site, &page, &deployed.deployment, variable);
    Ok(Some(Arc::new(live.map_err(|_| Fault::Corrupt("configuration"))?)))
}

async fn revision(site: &str) -> Result<u32, Fault> {
    let rows = rows(sql::REVISION, vec![string(site)]).await?;
    Ok(rows.first().map_or(0, |row| small(row, 0)))
}

async fn shelf(site: &str) -> Result<Shelf, Fault> {
    // Read first: what changes meanwhile is then read again, not missed.
    let revision = revision(site).await?;
    let versions = rows(sql::VERSIONS, vec![string(site)]).await?;
    let versions = versions.iter().map(|row| Stored {
        version: small(row, 0),
        format: Format::of_name(text(row, 1)).unwrap_or(Format::Toml),
        document: text(row, 2).to_owned(),
    });
    let secrets = rows(sql::SECRETS, vec![string(site)]).await?;
    let secrets = secrets.iter().map(|row| Sealed {
        name: text(row, 0).to_owned(),
        sealed: text(row, 1).to_owned(),
        hosts: text(row, 2).split_whitespace().map(ToOwned::to_owned).collect(),
    });
    Ok(Shelf { revision, versions: versions.collect(), secrets: secrets.collect() })
}

/// A version that is taken already makes the transaction fail.
fn statements(site: &str, change: &Change) -> Vec<Statement> {
    let mut statements = match change {
        Change::Version { stored, drop_upto, at } => {
            let version = vec![
                string(site),
                number(stored.version),
                string(stored.format.name()),
                string(stored.document.as_str()),
                number(at.0),
            ];
            vec![
                Statement::new(sql::PUT_VERSION, version),
                Statement::new(sql::DROP_VERSIONS, vec![string(site), number(*drop_upto)]),
            ]
        }
        Change::Secret(secret) => {
            let hosts = string(secret.hosts.join(" "));
            let params = vec![string(site), string(&*secret.name), string(&*secret.sealed), hosts];
            vec![Statement::new(sql::PUT_SECRET, params)]
        }
        Change::Forgotten(name) => {
            vec![Statement::new(sql::DROP_SECRET, vec![string(site), string(name.as_str())])]
        }
    };
    statements.push(Statement::new(sql::RAISE_REVISION, vec![string(site)]));
    statements
}

fn remember(site: &str, live: Option<&Arc<Live>>) {
    let Some(live) = live else { return };
    KEPT.with_borrow_mut(|all| {
        if all.len() >= KEPT_MOST && !all.contains_key(site) {
            all.clear();
        }
        all.insert(site.to_owned(), live.clone());
    });
}
