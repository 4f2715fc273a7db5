//! Services that answer what nobody should: each costs its visitor nothing, and the operator sees
//! which it is and why.

use crate::{AT_ONCE, RULE};
use kefu_test_host::free_port;
use kefu_turns::{Host, PATIENCE, Provider, Script};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing may show it.
const SECRET: &str = "sk-nobody-sees-this";
/// Within the time-outs of the services below, a retry and what a busy machine adds.
const IN_TIME: Duration = Duration::from_secs(5);

/// What a service answers, and what the operator is told of that: class and code.
type Case = (&'static str, Script, &'static str, &'static str);

/// Asks a service of that kind, and then its operator's check. Gives what differs.
async fn spoiled(host: &Host, kind: &str, (what, script, class, code): Case) -> Vec<String> {
    let provider = Provider::playing([script]).await;
    let config = config(kind, &provider.url());
    differences(host, &config, what, class, code).await
}

fn config(kind: &str, url: &str) -> String {
    let which = if kind == "coze" { "bot_id = \"7\"" } else { "model = \"m\"" };
    format!(
        "{AT_ONCE}[[ai_providers]]\nname = \"spoilt\"\ntype = \"{kind}\"\n{which}\nendpoint = \"{url}\"\napi_key = \"${{KEY}}\"\ntimeouts = {{ first_token = \"1s\" }}\n{RULE}"
    )
}

async fn differences(
    host: &Host,
    config: &str,
    what: &str,
    class: &str,
    code: &str,
) -> Vec<String> {
    let site = host.site(AT_ONCE).await;
    site.keep_secret("KEY", SECRET).await;
    site.configure(config).await;
    let mut socket = site.visitor().await.socket().await;
    let begun = Instant::now();
    socket.say("k1", "hi").await;
    let answered = socket.answer().await["message"].clone();
    let took = begun.elapsed();
    let mut found = Vec::new();
    let mut expect = |about: &str, is: &Value, wanted: &str| {
        if is != wanted {
            found.push(format!("{what}: {about} is {is}, not {wanted}"));
        }
    };
    expect("who answers", &answered["rule"]["name"], "rescue");
    // A guard hears of an attempt after the visitor does.
    let told = Instant::now();
    let mut state = site.providers().await[0].clone();
    while state["lastFailure"]["class"] != class && told.elapsed() < PATIENCE {
        state = site.providers().await[0].clone();
    }
    expect("the state's class", &state["lastFailure"]["class"], class);
    let check = site.check("spoilt").await;
    let last = check["steps"].as_array().and_then(|steps| steps.last()).expect("a step");
    expect("the check's class", &last["class"], class);
    expect("the check's code", &last["code"], code);
    let shown = [&answered, &state, &check].iter().any(|told| told.to_string().contains(SECRET));
    if shown || host.log().contains(SECRET) {
        found.push(format!("{what}: the secret is shown"));
    }
    if took > IN_TIME {
        found.push(format!("{what}: an answer after {took:?}"));
    }
    found
}

/// A whole response that is not what was asked for.
fn response(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    Script::default().bytes(format!(
        "HTTP/1.1 {status} Spoilt\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

fn refusal(status: u16, code: &str) -> Script {
    let error = json!({ "error": { "message": format!("no, {SECRET}"), "code": code } });
    Script::refusal(status, &error)
}

async fn none_differs(kind: &str, cases: Vec<Case>) {
    let host = Host::shared();
    let mut found = Vec::new();
    for case in cases {
        found.extend(spoiled(&host, kind, case).await);
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[tokio::test]
async fn what_an_account_or_a_bot_lacks_is_told_apart() {
    none_differs(
        "openai",
        vec![
            ("a wrong key", refusal(401, "invalid_api_key"), "auth", "invalid_api_key"),
            ("an empty balance", refusal(429, "insufficient_quota"), "quota", "insufficient_quota"),
        ],
    )
    .await;
    let unpublished = Script::refusal(200, &json!({ "code": 4015, "msg": "not published" }));
    none_differs("coze", vec![("an unpublished bot", unpublished, "config", "4015")]).await;
}

#[tokio::test]
async fn what_is_no_answer_is_a_broken_protocol() {
    let head = || Script::default().head();
    let html = "content-type: text/html\r\n";
    let large = || head().bytes("data: ").bytes(vec![b'x'; 10 * 1024 * 1024]).bytes("\n\n");
    none_differs(
        "openai",
        vec![
            ("a page", response(200, html, "<html>log in</html>"), "protocol", "malformed_body"),
            ("a frame of 10 MB", large().hang(), "protocol", "frame_too_long"),
            (
                "bytes that are no text",
                head().bytes(&b"data: {\"choices\": \xff\xfe}\n\n"[..]),
                "protocol",
                "malformed_frame",
            ),
            (
                "JSON that is no answer",
                response(200, "content-type: application/json\r\n", r#"{"ok":true}"#),
                "protocol",
                "unexpected_body",
            ),
            (
                "JSON of other types",
                head().frame(&json!({ "choices": { "delta": 7 }, "usage": "much" })),
                "protocol",
                "stream_truncated",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn pings_without_end_are_nothing_to_wait_for() {
    let pings = (0..400).fold(Script::default().head(), |script, _| {
        script.bytes(": ping\n\n").pause(Duration::from_millis(25))
    });
    let case = ("pings", pings, "timeout", "first_token_timeout");
    none_differs("openai", vec![case]).await;
}

#[tokio::test]
async fn a_redirect_is_followed_by_nobody() {
    let elsewhere = Provider::playing([Script::answer(&["from elsewhere"])]).await;
    let to = format!("location: {}/v1/chat/completions\r\n", elsewhere.url());
    for status in [302, 307] {
        let host = Host::shared();
        let code = if status == 302 { "http_302" } else { "http_307" };
        let case = ("a redirect", response(status, &to, ""), "config", code);
        let found = spoiled(&host, "openai", case).await;
        assert!(found.is_empty(), "{found:?}");
    }
    assert!(elsewhere.asked().is_empty(), "the key went elsewhere");
}

/// A server whose certificate nobody vouches for, in a folder that is removed at the end.
struct Untrusted {
    server: Child,
    folder: PathBuf,
    url: String,
}

impl Untrusted {
    fn start() -> Self {
        let folder = format!("untrusted-{}", std::process::id());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        let openssl = |line: &str| {
            let mut command = Command::new("openssl");
            command.args(line.split(' ')).current_dir(&folder);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let name = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1";
        let made =
            format!("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem {name}");
        assert!(openssl(&made).status().expect("openssl").success());
        let port = free_port().expect("a free port");
        let serve = format!("s_server -accept 127.0.0.1:{port} -key key.pem -cert cert.pem -www");
        let server = openssl(&serve).spawn().expect("openssl");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "the server does not listen");
        }
        Self { server, folder, url: format!("https://127.0.0.1:{port}") }
    }
}

impl Drop for Untrusted {
    fn drop(&mut self) {
        // It may have ended; what remains is in cargo's folder for test data.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_no_connection() {
    let server = Untrusted::start();
    let host = Host::shared();
    let config = config("openai", &server.url);
    let found = differences(&host, &config, "a certificate", "upstream", "unreachable").await;
    assert!(found.is_empty(), "{found:?}");
}
