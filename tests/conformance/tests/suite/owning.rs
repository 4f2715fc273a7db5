//! Agents own conversations: one at a time, and everybody learns who.

use crate::{handed_off, site, site_with};
use kefu_conformance::{Framing, author, texts};
use serde_json::json;

#[tokio::test]
async fn an_agent_takes_speaks_and_gives_back() {
    let site = site().await;
    let visitor = site.visitor().await;
    visitor.say("a", "hello").await;
    let ming = site.agent("Ming").await;
    let id = &visitor.conversation;
    let taken = ming.post(id, "take", &json!({"key": "t"})).await.ok();
    assert_eq!(
        (&taken["owner"]["kind"], &taken["owner"]["name"]),
        (&"AGENT".into(), &"Ming".into())
    );
    let again = ming.post(id, "take", &json!({"key": "t"})).await.ok();
    assert_eq!((&again["duplicate"], &again["seq"]), (&true.into(), &taken["seq"]));
    ming.post(id, "messages", &json!({"key": "m", "text": "Ming here"})).await.with_status(202);
    let released = ming.post(id, "release", &json!({"term": taken["term"]})).await.ok();
    assert_eq!(released["owner"]["kind"], "BOT");
    let log = visitor.log().await;
    let said = log.iter().find(|event| author(event) == "AGENT").unwrap();
    assert_eq!(said["message"]["author"]["id"], ming.id.as_str());
}

#[tokio::test]
async fn of_two_who_take_at_once_one_wins_and_the_other_learns_who() {
    let site = site().await;
    let (ming, li) = (site.agent("Ming").await, site.agent("Li").await);
    for round in 0..10 {
        let visitor = site.visitor().await;
        visitor.say("a", "hello").await;
        let body = json!({});
        let id = &visitor.conversation;
        let (one, two) = tokio::join!(ming.post(id, "take", &body), li.post(id, "take", &body));
        let (won, lost, winner) =
            if one.status == 200 { (one, two, &ming) } else { (two, one, &li) };
        let won = won.ok();
        let problem = lost.refused(409, "owner_changed");
        assert_eq!(problem["owner"]["id"], winner.id.as_str(), "round {round}");
        assert_eq!(problem["term"], won["term"]);
    }
}

#[tokio::test]
async fn an_act_with_a_stale_term_changes_nothing_and_tells_the_present_owner() {
    let site = site().await;
    let (ming, li) = (site.agent("Ming").await, site.agent("Li").await);
    let visitor = handed_off(&site).await;
    let id = &visitor.conversation;
    let first = ming.take(id).await;
    let second = li.post(id, "take", &json!({"term": first})).await.ok()["term"].clone();
    for act in ["take", "release", "resolve"] {
        let problem =
            ming.post(id, act, &json!({"term": first})).await.refused(409, "owner_changed");
        assert_eq!((&problem["owner"]["id"], &problem["term"]), (&li.id.as_str().into(), &second));
        ming.post(id, act, &json!({})).await.refused(409, "owner_changed");
    }
    let spoken = ming.post(id, "messages", &json!({"key": "m", "text": "still me?"})).await;
    spoken.refused(409, "owner_changed");
    assert_eq!(visitor.log().await.len(), 3, "the hand-off and two takes");
}

#[tokio::test]
async fn a_note_is_for_agents() {
    let site = site().await;
    let visitor = handed_off(&site).await;
    let ming = site.agent("Ming").await;
    let note = json!({"key": "n", "text": "asks politely"});
    let noted = ming.post(&visitor.conversation, "notes", &note).await.with_status(202);
    let again = ming.post(&visitor.conversation, "notes", &note).await.with_status(202);
    assert_eq!((&again["seq"], &again["duplicate"]), (&noted["seq"], &true.into()));
    let other = json!({"key": "n", "text": "something else"});
    ming.post(&visitor.conversation, "notes", &other).await.refused(409, "key_reused");
    ming.post(&visitor.conversation, "notes", &json!({"key": "", "text": "x"}))
        .await
        .refused(400, "bad_key");
    ming.post(&visitor.conversation, "notes", &json!({"key": "e", "text": " "}))
        .await
        .refused(400, "empty_message");
    let seen = visitor.log().await;
    assert_eq!(seen[1], json!({"seq": 2, "hidden": {}}));
    let path = format!("/v1/conversations/{}/events?after=0", visitor.conversation);
    let page = kefu_conformance::Answer::of(ming.request(reqwest::Method::GET, &path)).await.ok();
    assert_eq!(page["events"][1]["note"]["body"]["note"]["text"], "asks politely");
}

#[tokio::test]
async fn a_session_is_resolved_reopened_and_begun_anew() {
    let site = site_with("[[rules]]\nname = 'all'\nreply = 'Noted.'\n").await;
    let visitor = site.visitor().await;
    visitor.say("a", "hello").await;
    visitor.log_of(2).await;
    let ming = site.agent("Ming").await;
    let id = &visitor.conversation;
    ming.take(id).await;
    let resolved = ming.post(id, "resolve", &json!({})).await.ok();
    assert_eq!(resolved["owner"]["kind"], "BOT");
    ming.post(id, "resolve", &json!({})).await.refused(409, "not_open");
    ming.post(id, "reopen", &json!({})).await.ok();
    ming.post(id, "reopen", &json!({})).await.refused(409, "not_open");
    ming.post(id, "resolve", &json!({})).await.ok();
    visitor.say("b", "me again").await;
    let log = visitor.log_of(8).await;
    let last = log.iter().rfind(|event| author(event) == "VISITOR").unwrap();
    assert_eq!(last["session"], 2);
}

#[tokio::test]
async fn while_a_person_owns_neither_rules_nor_ai_speak() {
    let site = site_with("[[rules]]\nname = 'all'\nreply = 'Noted.'\n").await;
    let visitor = site.visitor().await;
    visitor.say("a", "hello").await;
    visitor.log_of(2).await;
    let ming = site.agent("Ming").await;
    ming.take(&visitor.conversation).await;
    let mut socket = visitor.socket(Framing::Json).await;
    socket.events_to(3).await;
    visitor.say("b", "are you a person?").await;
    ming.post(&visitor.conversation, "messages", &json!({"key": "m", "text": "Yes."}))
        .await
        .with_status(202);
    visitor.say("c", "good").await;
    let log = visitor.log_of(6).await;
    assert_eq!(texts(&log), ["hello", "Noted.", "-", "are you a person?", "Yes.", "good"]);
    ming.post(&visitor.conversation, "release", &json!({})).await.ok();
    visitor.say("d", "and now?").await;
    assert_eq!(texts(&visitor.log_of(9).await)[7..], ["and now?", "Noted."]);
}

#[tokio::test]
async fn a_conversation_of_another_site_is_not_there_and_is_not_begun() {
    let (mine, yours) = (site().await, site().await);
    let stranger = mine.agent("Stranger").await;
    let visitor = handed_off(&yours).await;
    visitor.say("a", "secret").await;
    let id = &visitor.conversation;
    for act in ["take", "release", "resolve", "reopen", "read", "typing"] {
        stranger.post(id, act, &json!({"seq": 1})).await.refused(404, "not_found");
    }
    let message = json!({"key": "m", "text": "hello?"});
    stranger.post(id, "messages", &message).await.refused(404, "not_found");
    stranger.post(id, "notes", &message).await.refused(404, "not_found");
    let get = |rest: &str| {
        let path = format!("/v1/conversations/{id}/{rest}");
        kefu_conformance::Answer::of(stranger.request(reqwest::Method::GET, &path))
    };
    get("events?after=0").await.refused(404, "not_found");
    let nobody = yours.agent("Li").await;
    nobody
        .post("0123456789abcdef0123456789abcdef", "take", &json!({}))
        .await
        .refused(404, "not_found");
    assert_eq!(visitor.log().await.len(), 2);
}
