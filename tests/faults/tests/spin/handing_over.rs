//! Instances that are too many leave, and hand their streams over to those that stay.

use crate::{AT_ONCE, RULE, options};
use futures_util::future::{join_all, select_all};
use kefu_faults::{Client, Pace};
use kefu_test_host::Options;
use kefu_turns::{Host, Visitor};
use std::time::Duration;
use tokio::time::timeout;

/// Requests at once: Spin begins an instance for most of them, and a few are enough.
const CROWD: usize = 48;
/// A stream stays for half a minute, and is handed over when its turn comes.
const HANDED_OVER_WITHIN: Duration = Duration::from_secs(120);

#[tokio::test]
async fn streams_of_instances_that_leave_are_served_by_others_and_nothing_is_lost() {
    // An instance that Spin lets serve 128 requests only leaves before anybody decides it.
    let arguments = ["--max-instance-reuse-count", "20000"].map(Into::into).to_vec();
    let host = Host::with(Options { arguments, ..options() });
    let site = host.site(&format!("{AT_ONCE}{RULE}")).await;
    let visitors: Vec<Visitor> = join_all((0..CROWD).map(|_| site.visitor())).await;
    let open_one = |visitor: &Visitor| Client::open(visitor, host.port(), Pace::QUICK);
    let clients: Vec<Client> = visitors.iter().map(open_one).collect();
    for client in &clients {
        client.say("here I am");
        client.settled().await;
    }
    let handed_over = clients.iter().map(|client| {
        Box::pin(client.until_ever(|held| held.greeted > 1 && held.downs.len() == 1))
    });
    let seen = timeout(HANDED_OVER_WITHIN, select_all(handed_over)).await;
    assert!(seen.is_ok(), "all streams stayed where they were");
    for (client, visitor) in clients.iter().zip(&visitors) {
        client.say("and here I still am");
        client.check(visitor).await;
    }
}
