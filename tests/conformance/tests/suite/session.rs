//! `POST /v1/sites/{site}/session`: how a visitor comes in.

use crate::{host, site};
use kefu_conformance::{Answer, Jwt, Site, signed};
use reqwest::Method;
use serde_json::{Value, json};

const SECRET: &str = "what the shop and its desk both know";

#[tokio::test]
async fn a_session_has_all_that_a_client_begins_with() {
    let config = "[site]\nname = '演示'\nlocale = 'zh-CN'\n[widget]\ngreeting = '您好'\n\
        suggestions = ['退货']\ncolor = '#1668dc'\n";
    let session = host().site(config).await.session(&json!({}), None).await.ok();
    assert!(!session["visitorId"].as_str().unwrap().is_empty());
    assert!(!session["token"].as_str().unwrap().is_empty());
    assert!(!session["conversation"]["id"].as_str().unwrap().is_empty());
    assert!(session["conversation"]["epoch"].is_u64());
    let expires: i64 =
        session["expiresAt"].as_str().expect("64 bits are a string").parse().unwrap();
    let hours = (expires - now_ms()) as f64 / 3_600_000.0;
    assert!((23.9..24.1).contains(&hours), "a token lives 24 h, not {hours}");
    let widget = json!({
        "name": "演示", "locale": "zh-CN", "greeting": "您好", "suggestions": ["退货"],
        "color": "#1668dc",
    });
    assert_eq!(session["widget"], widget);
}

#[tokio::test]
async fn an_empty_body_is_a_session_too_and_unknown_fields_are_ignored() {
    let site = site().await;
    Answer::of(site.session_request()).await.ok();
    let body = json!({"later": {"a": 1}, "page": {"url": "https://shop.example/", "x": 1}, "locale": "en"});
    site.session(&body, None).await.ok();
}

#[tokio::test]
async fn a_visitor_id_counts_only_with_that_visitors_token() {
    let site = site().await;
    let (mine, other) = (site.visitor().await, site.visitor().await);
    assert_ne!(mine.id, other.id);
    assert_ne!(mine.conversation, other.conversation);
    let asked = json!({"visitorId": mine.id});
    let kept = site.session(&asked, Some(&mine.token)).await.ok();
    assert_eq!(
        (&kept["visitorId"], &kept["conversation"]["id"]),
        (&mine.id.clone().into(), &mine.conversation.clone().into())
    );
    for token in [None, Some(other.token.as_str()), Some("k1.forged.token")] {
        let session = site.session(&asked, token).await.ok();
        assert_ne!(session["visitorId"], mine.id, "{token:?}");
        assert_ne!(session["conversation"]["id"], mine.conversation, "{token:?}");
    }
}

#[tokio::test]
async fn a_renewed_token_opens_the_same_conversation() {
    let site = site().await;
    let visitor = site.visitor().await;
    visitor.say("a", "hello").await;
    let renewed = site.session(&json!({}), Some(&visitor.token)).await.ok();
    assert_eq!(renewed["visitorId"], visitor.id, "the token alone is enough");
    let renewed = kefu_conformance::Visitor::of(&site.host, &renewed);
    assert_eq!(renewed.log().await[0]["message"]["author"]["id"], visitor.id);
}

#[tokio::test]
#[ignore = "a token lives 24 h, which no test waits for"]
async fn an_expired_token_is_refused_and_may_be_renewed() {}

#[tokio::test]
async fn a_token_of_one_site_counts_for_nothing_on_another() {
    let (here, there) = (site().await, site().await);
    let visitor = here.visitor().await;
    let session = there.session(&json!({"visitorId": visitor.id}), Some(&visitor.token)).await.ok();
    assert_ne!(session["visitorId"], visitor.id);
    assert_ne!(session["conversation"]["id"], visitor.conversation);
}

#[tokio::test]
async fn sites_that_do_not_exist_or_cannot_are_told_apart() {
    let host = host();
    let absent = Site::new(&host, host.fresh_id());
    absent.session(&json!({}), None).await.refused(404, "site_not_found");
    for id in ["Shop", "a_b", "-a", "%20", &"a".repeat(65)] {
        Site::new(&host, id.to_owned()).session(&json!({}), None).await.refused(400, "bad_site");
    }
}

#[tokio::test]
async fn bodies_that_are_no_session_request_are_refused() {
    let site = site().await;
    for (body, code) in [
        ("{", "bad_json"),
        ("[]", "bad_json"),
        (r#"{"visitorId": 5}"#, "bad_json"),
        (r#"{"page": "https://a.b"}"#, "bad_json"),
    ] {
        Answer::of(site.session_request().body(body)).await.refused(400, code);
    }
    Answer::of(site.session_request().body(b"{\"locale\": \"\xff\"}".to_vec()))
        .await
        .refused(400, "bad_utf8");
    Answer::of(site.host.request(Method::GET, &site.path("session")))
        .await
        .refused(405, "method_not_allowed");
}

#[tokio::test]
async fn whoever_the_host_site_vouches_for_is_the_same_on_every_device() {
    let site = identified().await;
    let on_phone = site.visitor_who(&vouched(&Jwt::new(&site.id, "u1"), SECRET)).await;
    let on_desk = site.visitor_who(&vouched(&Jwt::new(&site.id, "u1"), SECRET)).await;
    assert_eq!((&on_phone.id, &on_phone.conversation), (&on_desk.id, &on_desk.conversation));
    let other = site.visitor_who(&vouched(&Jwt::new(&site.id, "u2"), SECRET)).await;
    assert_ne!(other.conversation, on_desk.conversation);
    on_phone.say("a", "from my phone").await;
    assert_eq!(on_desk.log().await.len(), 1);
}

#[tokio::test]
async fn an_anonymous_log_is_not_renamed_when_its_visitor_signs_in() {
    let site = identified().await;
    let anonymous = site.visitor().await;
    anonymous.say("a", "before").await;
    let body = vouched(&Jwt::new(&site.id, "u1"), SECRET);
    let known = site.session(&body, Some(&anonymous.token)).await.ok();
    assert_ne!(known["visitorId"], anonymous.id);
    assert_eq!(anonymous.log().await[0]["message"]["author"]["id"], anonymous.id);
}

#[tokio::test]
async fn an_identity_names_its_audience_also_in_a_list() {
    let site = identified().await;
    let jwt = Jwt::new(&site.id, "u1").claim("aud", json!(["other", site.id]));
    site.session(&vouched(&jwt, SECRET), None).await.ok();
}

#[tokio::test]
async fn bad_identities_are_refused() {
    let site = identified().await;
    let good = || Jwt::new(&site.id, "u1");
    let day = 24 * 3_600;
    for (what, jwt) in [
        ("another secret", good().sign("another")),
        ("another site", good().claim("aud", "other".into()).sign(SECRET)),
        ("no audience", good().claim("aud", Value::Null).sign(SECRET)),
        ("no subject", good().claim("sub", Value::Null).sign(SECRET)),
        ("an empty subject", good().claim("sub", "".into()).sign(SECRET)),
        ("no end", good().claim("exp", Value::Null).sign(SECRET)),
        ("it has ended", good().expires_in(-60).sign(SECRET)),
        ("too long a life", good().expires_in(day + 600).sign(SECRET)),
        ("another algorithm", good().header(json!({"alg": "HS512"})).sign(SECRET)),
        ("no algorithm", good().header(json!({"alg": "none"})).sign(SECRET)),
        ("no signature", unsigned(&good().header(json!({"alg": "none"})).sign(SECRET))),
        ("a changed subject", changed(&good().sign(SECRET))),
        ("no JWT", "hello".into()),
        ("nothing", String::new()),
        ("dots", "..".into()),
        ("no JSON", signed("e30x.e30x", SECRET)),
    ] {
        let answer = site.session(&json!({"identity": jwt}), None).await;
        assert_eq!((answer.status, &answer.body["code"]), (401, &json!("bad_identity")), "{what}");
    }
    site.session(&vouched(&good().expires_in(day - 600), SECRET), None).await.ok();
}

#[tokio::test]
async fn a_site_without_a_working_secret_takes_no_identity() {
    let unset = site().await;
    let missing = host().site("[site]\nidentity_secret = '${NOBODY_STORED_THIS}'\n").await;
    for site in [unset, missing] {
        let body = vouched(&Jwt::new(&site.id, "u1"), "");
        site.session(&body, None).await.refused(401, "bad_identity");
    }
}

/// A site that takes identities. Their secret goes to no host.
async fn identified() -> Site {
    let site = host().site("[site]\nidentity_secret = '${IDENTITY}'\n").await;
    let secret = json!({"value": SECRET, "hosts": []});
    site.put_secret("IDENTITY", &secret).await.ok();
    site
}

fn vouched(jwt: &Jwt, secret: &str) -> Value {
    json!({"identity": jwt.sign(secret)})
}

fn unsigned(jwt: &str) -> String {
    let (signed, _) = jwt.rsplit_once('.').unwrap();
    format!("{signed}.")
}

fn changed(jwt: &str) -> String {
    let parts: Vec<_> = jwt.split('.').collect();
    let other = Jwt::new("other", "boss").sign("x");
    let others: Vec<_> = other.split('.').collect();
    format!("{}.{}.{}", parts[0], others[1], parts[2])
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap()
}

#[tokio::test]
async fn a_widget_s_settings_are_read_without_a_session() {
    let config = "[site]\nname = 'shop'\nallowed_origins = ['https://shop.example']\n[widget]\n\
        side = 'left'\n[[widget.hours]]\nutc_offset = '+00:00'\n";
    let site = host().site(config).await;
    let settings = |origin: &str| {
        let request = site.host.request(Method::GET, &site.path("widget"));
        Answer::of(request.header("origin", origin))
    };
    let widget = settings("https://shop.example").await.ok();
    assert_eq!((&widget["name"], &widget["look"]["side"]), (&json!("shop"), &json!("LEFT")));
    assert_eq!(widget["hours"], json!({"open": true, "changesIn": 0}));
    assert_eq!(widget.get("prechat"), None);
    settings("https://other.example").await.refused(403, "origin_not_allowed");
    let nowhere = site.host.request(Method::GET, "/v1/sites/nowhere-at-all/widget");
    Answer::of(nowhere).await.refused(404, "site_not_found");
}
