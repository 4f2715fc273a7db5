//! How many sessions an address asked for. No instance sees all of them: the rows are the truth.

use crate::Fault;
use crate::spin::database::{number, rows, string, whole};
use crate::spin::entropy;
use crate::spin::writer::{Statement, commit};
use kefu_shared::config::Rate;
use kefu_shared::limit::SlidingWindow;
use kefu_shared::problem::{Code, Refusal};
use kefu_shared::schema::shared_sql::host as sql;
use kefu_shared::time::Millis;
use std::time::Duration;

/// No rate has a longer window.
const KEPT: Duration = Duration::from_secs(86_400);

/// Counts a session of `address`, or refuses it.
pub async fn admit(site: &str, address: &str, rate: Rate) -> Result<Result<(), Refusal>, Fault> {
    let now = entropy::now();
    let key = format!("{site} {address}");
    let since = number((now - rate.window).0);
    let opened = rows(sql::OPENED, vec![string(key.as_str()), since]).await?;
    let moment = |row| Millis(u64::try_from(whole(row, 0)).unwrap_or(0));
    let mut window = SlidingWindow::resume(opened.iter().map(moment));
    if let Err(at) = window.check(rate, now) {
        let refusal = Refusal::new(Code::RateLimited, "too many sessions from this address");
        return Ok(Err(refusal.retry_at(now, at)));
    }
    let mut batch = vec![Statement::new(sql::OPEN, vec![string(key), number(now.0)])];
    if entropy::tick().entropy.is_multiple_of(64) {
        batch.push(Statement::new(sql::DROP_OPENED, vec![number((now - KEPT).0)]));
    }
    commit(batch).await?;
    Ok(Ok(()))
}
