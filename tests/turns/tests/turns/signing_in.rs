//! An OAuth app of Coze in place of a token. OpenSSL makes its key and checks what it signs.

use crate::{AT_ONCE, RULE};
use kefu_turns::{Host, Provider, Script, Site};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// An app's key pair, in a folder that is removed at the end.
struct App(PathBuf);

impl Drop for App {
    fn drop(&mut self) {
        // What remains is in cargo's folder for test data.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl App {
    fn new(algorithm: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("app-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let app = Self(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name));
        std::fs::create_dir_all(&app.0).expect("a folder");
        app.openssl(&[&["genpkey", "-out", "private.pem"], algorithm].concat());
        app.openssl(&["pkey", "-in", "private.pem", "-pubout", "-out", "public.pem"]);
        app
    }

    fn rsa() -> Self {
        Self::new(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
    }

    /// What Coze's console gives for it.
    fn file(&self) -> String {
        let private_key = std::fs::read_to_string(self.0.join("private.pem")).expect("a key");
        json!({
            "client_type": "jwt", "client_id": "1180000000000", "coze_api_base": "https://api.coze.cn",
            "public_key_id": "the-fingerprint", "private_key": private_key,
        })
        .to_string()
    }

    /// The header and the claims of a JWT that the app has signed.
    fn verified(&self, jwt: &str) -> (Value, Value) {
        let [header, claims, signature] =
            jwt.split('.').collect::<Vec<_>>().try_into().expect("three parts");
        std::fs::write(self.0.join("signature"), decoded(signature)).expect("a file");
        std::fs::write(self.0.join("statement"), format!("{header}.{claims}")).expect("a file");
        let verify = ["dgst", "-sha256", "-verify", "public.pem", "-signature", "signature"];
        self.openssl(&[&verify[..], &["statement"]].concat());
        let read = |part| serde_json::from_slice(&decoded(part)).expect("JSON");
        (read(header), read(claims))
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.0).stdout(Stdio::null());
        let done = command.output().expect("openssl");
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

fn decoded(part: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

/// A site that asks a Coze app behind this key, and a rule where that fails.
async fn site(host: &Host, key: &str, coze: &Provider, more: &str) -> Site {
    let url = coze.url();
    let entry = format!(
        "[[ai_providers]]\nname = \"coze\"\ntype = \"coze\"\nendpoint = \"{url}\"\nbot_id = \"7\"\napi_key = \"${{COZE_APP}}\"\n{more}\n"
    );
    let site = host.site(AT_ONCE).await;
    site.keep_secret("COZE_APP", key).await;
    site.configure(&format!("{AT_ONCE}{entry}{RULE}")).await;
    site
}

fn token(secret: &str) -> Script {
    let tomorrow = std::time::SystemTime::now() + Duration::from_secs(86_399);
    let until = tomorrow.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    Script::refusal(
        200,
        &json!({ "access_token": secret, "expires_in": until, "token_type": "Bearer" }),
    )
}

fn answer(text: &str) -> Script {
    let message = json!({ "id": "1", "type": "answer", "content_type": "text", "content": text });
    let chat = json!({ "id": "2", "conversation_id": "3", "status": "completed" });
    Script::default().head().bytes(format!(
        "event:conversation.message.delta\ndata:{message}\n\nevent:conversation.chat.completed\ndata:{chat}\n\nevent:done\ndata:\"[DONE]\"\n\n"
    ))
}

/// Asks in a conversation of its own; gives what is answered.
async fn asked(site: &Site) -> String {
    let mut socket = site.visitor().await.socket().await;
    socket.say("k1", "hi").await;
    let event = socket.answer().await;
    event["message"]["body"]["text"]["text"].as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn an_app_signs_in_once_and_its_token_answers_every_question() {
    let (app, host) = (App::rsa(), Host::own());
    let coze = Provider::playing([token("czs_first"), answer("hello")]).await;
    let site = site(&host, &app.file(), &coze, "").await;
    assert_eq!(asked(&site).await, "hello");
    assert_eq!(asked(&site).await, "hello");

    let signed_in = coze.request(1).await;
    assert!(signed_in.head.starts_with("post /api/permission/oauth2/token "), "{}", signed_in.head);
    let (header, claims) = app.verified(&signed_in.key);
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT", "kid": "the-fingerprint" }));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("1180000000000"), &json!("127.0.0.1")));
    let keys: Vec<_> = coze.asked().iter().skip(1).map(|asked| asked.key.clone()).collect();
    assert_eq!(keys, ["czs_first", "czs_first"]);
    assert!(!host.log().contains("czs_first") && !host.log().contains("PRIVATE"));
}

/// A service whose tokens take their time, and whose answers do not.
async fn slow_to_sign_in(token: Script) -> Provider {
    let token = Script::default().pause(Duration::from_millis(500)).then(token);
    Provider::choosing(move |head| match head.contains("/oauth2/token ") {
        true => token.clone(),
        false => answer("hello"),
    })
    .await
}

/// How often a token was asked for.
fn signed_in(coze: &Provider) -> usize {
    coze.asked().iter().filter(|asked| asked.head.contains("/oauth2/token ")).count()
}

#[tokio::test]
async fn of_many_conversations_that_need_a_token_at_once_one_asks_for_it() {
    let (app, host) = (App::rsa(), Host::own());
    let coze = slow_to_sign_in(token("czs_only")).await;
    let site = site(&host, &app.file(), &coze, "").await;
    let answers = futures_util::future::join_all((0..12).map(|_| asked(&site))).await;
    assert_eq!(answers, ["hello"; 12]);
    assert_eq!(signed_in(&coze), 1);
}

#[tokio::test]
async fn who_waits_for_a_token_that_is_refused_is_answered_by_rule_and_nobody_asks_again() {
    let (app, host) = (App::rsa(), Host::own());
    let refused = json!({ "error_code": "access_denied", "error_message": "no" });
    let coze = slow_to_sign_in(Script::refusal(401, &refused)).await;
    let site = site(&host, &app.file(), &coze, "").await;
    let answers = futures_util::future::join_all((0..12).map(|_| asked(&site))).await;
    assert_eq!(answers, ["by rule"; 12]);
    assert_eq!(signed_in(&coze), 1);
    assert_eq!(site.settled("OPEN").await["lastFailure"]["class"], "auth");
}

#[tokio::test]
async fn a_token_that_is_refused_before_its_time_is_fetched_anew_in_the_same_turn() {
    let (app, host) = (App::rsa(), Host::shared());
    let refused =
        Script::refusal(401, &json!({ "code": 4100, "msg": "authentication is invalid" }));
    let coze =
        Provider::playing([token("czs_old"), refused, token("czs_new"), answer("hello")]).await;
    let site = site(&host, &app.file(), &coze, "").await;
    assert_eq!(asked(&site).await, "hello");
    let keys: Vec<_> = coze.asked().iter().map(|asked| asked.key.clone()).collect();
    assert_eq!((keys.len(), &*keys[1], &*keys[3]), (4, "czs_old", "czs_new"));
    let (_, first) = app.verified(&keys[0]);
    let (_, second) = app.verified(&keys[2]);
    assert_ne!(first["jti"], second["jti"]);
    assert_eq!(site.settled("CLOSED").await["failures"], 0);
}

#[tokio::test]
async fn an_app_that_stays_refused_is_left_alone_and_the_operator_sees_why() {
    let (app, host) = (App::rsa(), Host::shared());
    let refused =
        Script::refusal(401, &json!({ "error_code": "access_denied", "error_message": "no" }));
    let coze = Provider::playing([refused]).await;
    let site = site(&host, &app.file(), &coze, "").await;
    assert_eq!(asked(&site).await, "by rule");
    site.settled("OPEN").await;
    let check = site.check("coze").await;
    let last = check["steps"].as_array().and_then(|steps| steps.last()).cloned().expect("a step");
    assert_eq!((&last["name"], &last["class"]), (&json!("AUTHORIZATION"), &json!("auth")));
    assert_eq!(last["code"], "access_denied");
    assert!(!check.to_string().contains("PRIVATE"), "{check}");
}

#[tokio::test]
async fn a_token_that_is_refused_twice_opens_the_breaker() {
    let (app, host) = (App::rsa(), Host::shared());
    let refused = || Script::refusal(401, &json!({ "code": 4100, "msg": "no" }));
    let scripts = [token("czs_1"), refused(), token("czs_2"), refused()];
    let coze = Provider::playing(scripts).await;
    let site = site(&host, &app.file(), &coze, "").await;
    assert_eq!(asked(&site).await, "by rule");
    assert_eq!(coze.asked().len(), 4);
    site.settled("OPEN").await;
}

#[tokio::test]
async fn signing_in_takes_of_the_attempts_time() {
    let (app, host) = (App::rsa(), Host::shared());
    let coze = Provider::playing([Script::silence()]).await;
    let timeouts = "timeouts = { connect = \"1s\" }";
    let site = site(&host, &app.file(), &coze, timeouts).await;
    let begun = Instant::now();
    assert_eq!(asked(&site).await, "by rule");
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(4), "{took:?}");
    coze.request(1).await.left().await;
}

#[tokio::test]
async fn a_key_that_cannot_sign_is_a_failure_of_the_configuration() {
    let app = App::new(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let host = Host::shared();
    let coze = Provider::playing([answer("hello")]).await;
    let site = site(&host, &app.file(), &coze, "").await;
    assert_eq!(asked(&site).await, "by rule");
    assert!(coze.asked().is_empty());
    let check = site.check("coze").await;
    let last = check["steps"].as_array().and_then(|steps| steps.last()).cloned().expect("a step");
    assert_eq!((&last["class"], &last["code"]), (&json!("config"), &json!("bad_private_key")));
}
