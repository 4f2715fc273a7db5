//! Edits and recalls of one's own messages, and the place of one who waits.

use crate::{handed_off, site};
use kefu_conformance::Framing;
use serde_json::json;

#[tokio::test]
async fn an_author_changes_and_takes_back_its_own_message() {
    let site = site().await;
    let visitor = handed_off(&site).await;
    let ming = site.agent("Ming").await;
    let id = &visitor.conversation;
    let said = ming.post(id, "messages", &json!({"key": "m", "text": "Helo"})).await;
    let seq = said.with_status(202)["seq"].clone();
    let edit = json!({"key": "e", "seq": seq, "text": "Hello"});
    let edited = ming.post(id, "edit", &edit).await.ok();
    let again = ming.post(id, "edit", &edit).await.ok();
    assert_eq!((&again["seq"], &again["duplicate"]), (&edited["seq"], &true.into()));
    let other = json!({"key": "e", "seq": seq, "text": "Hullo"});
    ming.post(id, "edit", &other).await.refused(409, "key_reused");
    let recall = json!({"key": "r", "seq": seq});
    visitor.post("recall", &recall).await.refused(409, "not_amendable");
    ming.post(id, "recall", &recall).await.ok();
    ming.post(id, "edit", &json!({"key": "e2", "seq": seq, "text": "x"}))
        .await
        .refused(409, "not_amendable");
    let log = visitor.log().await;
    let [.., edited, recalled] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(edited["edited"]["body"]["text"]["text"], "Hello");
    assert_eq!((&edited["edited"]["target"], &recalled["recalled"]["target"]), (&seq, &seq));
}

#[tokio::test]
async fn whoever_waits_learns_the_place_and_how_it_changes() {
    let site = site().await;
    let ming = site.agent("Ming").await;
    let (first, second) = (handed_off(&site).await, handed_off(&site).await);
    ming.entry(&first, 1).await;
    ming.entry(&second, 1).await;
    let mut socket = second.socket(Framing::Json).await;
    let place = loop {
        let frame = socket.next().await;
        let told = frame["queued"]["place"].as_u64();
        if let Some(place) = told.or(frame["hello"]["owner"]["place"].as_u64()) {
            break place;
        }
    };
    assert_eq!(place, 2);
    ming.take(&first.conversation).await;
    assert_eq!(socket.until("queued").await["place"], 1);
}
