//! What a process that died had under way: its alarms are rows, and whoever comes by rings them.

use crate::Fault;
use crate::spin::database::{number, rows, string, text, whole};
use crate::spin::entropy;
use crate::spin::rooms;
use crate::spin::writer::{Statement, commit};
use kefu_shared::conversation::Input;
use kefu_shared::schema::shared_sql::host as sql;
use spin_sdk::sqlite::Value;

/// Conversations that one look brings back; the next one goes on.
const MOST: u32 = 64;

/// Rings the alarms that are due.
pub async fn recover() -> Result<(), Fault> {
    let now = entropy::now();
    for row in rows(sql::DUE, vec![number(now.0), number(MOST)]).await? {
        let log = text(&row, 0);
        // What is still under way is due again later, under the number of whoever has it.
        rooms::room(log).apply(Input::Alarmed).await?;
        // Not what was set meanwhile, also not by one whose clock is behind.
        let rung = vec![string(log), Value::Integer(whole(&row, 1))];
        commit(vec![Statement::new(sql::CLEAR_DUE, rung)]).await?;
    }
    Ok(())
}
