//! What is counted in sliding windows. No instance sees all of it: the rows are the truth.

use crate::Fault;
use crate::spin::database::{number, rows, string, whole};
use crate::spin::entropy;
use crate::spin::writer::{Statement, commit};
use kefu_shared::config::Rate;
use kefu_shared::counted::Counted;
use kefu_shared::limit::SlidingWindow;
use kefu_shared::schema::shared_sql::host as sql;
use kefu_shared::time::Millis;
use std::time::Duration;

/// No rate has a longer window.
const KEPT: Duration = Duration::from_secs(86_400);

/// Counts one, or says when the next one is allowed.
pub async fn count(what: Counted<'_>, rate: Rate) -> Result<Result<(), Millis>, Fault> {
    let (now, name) = (entropy::now(), what.name());
    let since = number((now - rate.window).0);
    let opened = rows(sql::OPENED, vec![string(name.as_str()), since]).await?;
    let moment = |row| Millis(u64::try_from(whole(row, 0)).unwrap_or(0));
    let mut window = SlidingWindow::resume(opened.iter().map(moment));
    if let Err(at) = window.check(rate, now) {
        return Ok(Err(at));
    }
    let mut batch = vec![Statement::new(sql::OPEN, vec![string(name), number(now.0)])];
    if entropy::tick().entropy.is_multiple_of(64) {
        batch.push(Statement::new(sql::DROP_OPENED, vec![number((now - KEPT).0)]));
    }
    commit(batch).await?;
    Ok(Ok(()))
}
