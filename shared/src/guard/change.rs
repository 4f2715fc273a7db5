//! A change of a breaker, as whoever subscribes is told of it.

use super::{Key, Order, Standing};
use crate::provider::Class;
use crate::time::Millis;
use kefu_proto::v1::ProviderChange;

/// What an order changed of the provider's breaker, going by how the provider stood before and
/// after it; none if that is nothing. A site's own guard has no breaker.
pub fn change(
    now: Millis,
    key: &Key,
    order: &Order,
    before: Standing,
    after: Standing,
) -> Option<ProviderChange> {
    let (before, after) = (before.breaker(), after.breaker());
    if key.provider.is_empty() || before.name() == after.name() {
        return None;
    }
    let class = cause(order).filter(|_| matches!(after, Standing::Open { .. }));
    Some(ProviderChange {
        name: key.provider.clone(),
        standing: after.wire().into(),
        until: after.until().map(Millis::nanos),
        class: class.map(|class| class.as_str().to_owned()),
        ts: now.nanos(),
    })
}

/// The last failure that the breaker heard of in an order.
fn cause(order: &Order) -> Option<Class> {
    let Order::Take(ask) = order else { return None };
    let counted = |class: &Class| class.counts_for_breaker();
    ask.reports.iter().rev().find_map(|report| report.class.filter(counted))
}

#[cfg(test)]
mod tests;
