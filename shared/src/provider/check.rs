//! Trying a provider out: one short question, and how far it comes.
//!
//! A host sends the request, tells what comes and is told when it has heard enough. An operator
//! then sees which step was the last good one, and why the next one was not.

use super::{BodyEnd, Class, Failure, Heard, Listener, Outcome, Reader, Reading, reader};
use crate::config::{ProviderKind, Timeouts};
use crate::time::Millis;
use kefu_proto::v1::ProviderCheck;
use kefu_proto::v1::provider_check::{Name, Step};
use std::time::Duration;

/// What a provider is asked.
pub const QUESTION: &str = "hi";
/// Characters of the answer that are shown.
const SHOWN_MOST: usize = 200;

/// A question on its way.
pub struct Check {
    kind: ProviderKind,
    timeouts: Timeouts,
    sent_at: Millis,
    heard_at: Millis,
    reader: Option<Reader>,
    text: String,
    steps: Vec<Step>,
    over: bool,
}

impl Check {
    /// A question that is sent now.
    pub fn sent(kind: ProviderKind, timeouts: Timeouts, now: Millis) -> Self {
        let mut check = Self {
            kind,
            timeouts,
            sent_at: now,
            heard_at: now,
            reader: None,
            text: String::new(),
            steps: Vec::new(),
            over: false,
        };
        check.good(now, Name::Configuration);
        check
    }

    /// One that cannot be sent.
    pub fn misconfigured(failure: &Failure) -> ProviderCheck {
        let step = step(Name::Configuration, Duration::ZERO, Some(failure));
        ProviderCheck { ok: false, steps: vec![step], answer: String::new() }
    }

    /// How far it came. `secrets` do not show, whoever says them.
    pub fn report(mut self, secrets: &[&str]) -> ProviderCheck {
        let veiled = |text: &str| {
            let secrets = secrets.iter().filter(|secret| !secret.is_empty());
            secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
        };
        for step in &mut self.steps {
            step.detail = step.detail.as_deref().map(veiled);
        }
        let ok = self.over && self.steps.iter().all(|step| step.ok);
        let answer: String = self.text.chars().take(SHOWN_MOST).collect();
        ProviderCheck { ok, steps: self.steps, answer: veiled(&answer) }
    }

    fn finish(&mut self, now: Millis, how: BodyEnd) {
        let mut readings = Vec::new();
        if let Some(reader) = &mut self.reader {
            reader.finish(how, &mut readings);
        }
        self.read(now, readings);
    }

    fn read(&mut self, now: Millis, readings: Vec<Reading>) {
        for reading in readings {
            match reading {
                Reading::Text(text) | Reading::Replace(text) if !text.is_empty() => {
                    if self.text.is_empty() {
                        self.good(now, Name::Authorization);
                        self.good(now, Name::FirstToken);
                    }
                    self.text.push_str(&text);
                }
                Reading::Ended(ending) => self.ended(now, &ending.outcome),
                Reading::Text(_)
                | Reading::Replace(_)
                | Reading::Reasoning(_)
                | Reading::Progress
                | Reading::Suggestion(_)
                | Reading::Citation(_)
                | Reading::File(_)
                | Reading::Ids(_) => {}
            }
        }
    }

    fn ended(&mut self, now: Millis, outcome: &Outcome) {
        let empty = Failure::new(Class::Protocol, "empty_answer");
        let failure = outcome.failure().or((self.text.is_empty()).then_some(&empty));
        match failure {
            None => {
                self.good(now, Name::End);
                self.over = true;
            }
            Some(failure) if !self.text.is_empty() => self.bad(now, Name::End, failure),
            Some(failure) if is_refused(failure.class) => {
                self.bad(now, Name::Authorization, failure);
            }
            Some(failure) => {
                self.good(now, Name::Authorization);
                self.bad(now, Name::FirstToken, failure);
            }
        }
    }

    fn good(&mut self, now: Millis, name: Name) {
        self.steps.push(step(name, now.since(self.sent_at), None));
    }

    fn bad(&mut self, now: Millis, name: Name, failure: &Failure) {
        self.steps.push(step(name, now.since(self.sent_at), Some(failure)));
        self.over = true;
    }
}

impl Listener for Check {
    fn patience(&self, now: Millis) -> Option<Duration> {
        if self.over {
            return None;
        }
        let Timeouts { connect, first_token, idle, total } = self.timeouts;
        let lingers = self.reader.as_ref().and_then(Reader::linger);
        let next = match (&self.reader, self.text.is_empty()) {
            (None, _) => self.sent_at + connect,
            (Some(_), true) => self.sent_at + first_token,
            (Some(_), false) => self.heard_at + idle,
        };
        let next = lingers.map_or(next, |linger| next.min(self.heard_at + linger));
        Some(next.min(self.sent_at + total).since(now))
    }

    fn waited(&mut self, now: Millis) {
        match &self.reader {
            None => self.bad(now, Name::Connection, &Failure::timeout("connect_timeout")),
            Some(reader) if reader.linger().is_some() => self.finish(now, BodyEnd::Clean),
            Some(_) if self.text.is_empty() => {
                self.bad(now, Name::FirstToken, &Failure::timeout("first_token_timeout"));
            }
            Some(_) => self.bad(now, Name::End, &Failure::timeout("idle_timeout")),
        }
    }

    fn hear(&mut self, now: Millis, heard: Heard) {
        self.heard_at = now;
        match heard {
            Heard::Failed(failure) if is_refused(failure.class) => {
                self.bad(now, Name::Authorization, &failure);
            }
            Heard::Failed(failure) => self.bad(now, Name::Connection, &failure),
            Heard::Head(head) => {
                self.reader = Some(reader(self.kind, head));
                self.good(now, Name::Connection);
            }
            Heard::Bytes(bytes) => {
                let mut readings = Vec::new();
                if let Some(reader) = &mut self.reader {
                    reader.push(&bytes, &mut readings);
                }
                self.read(now, readings);
            }
            Heard::End(how) => self.finish(now, how),
        }
    }
}

fn is_refused(class: Class) -> bool {
    matches!(class, Class::Auth | Class::Quota)
}

fn step(name: Name, took: Duration, failure: Option<&Failure>) -> Step {
    let words = failure.map(|failure| failure.message.clone());
    Step {
        name: name.into(),
        ok: failure.is_none(),
        ms: u32::try_from(took.as_millis()).unwrap_or(u32::MAX),
        class: failure.map(|failure| failure.class.as_str().to_owned()),
        code: failure.and_then(|failure| failure.code.clone()),
        detail: words.filter(|words| !words.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ResponseHead;
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn later(millis: u64) -> Millis {
        NOW + Duration::from_millis(millis)
    }

    fn head(status: u16) -> Heard {
        Heard::Head(ResponseHead { status, ..ResponseHead::default() })
    }

    fn bytes(text: &str) -> Heard {
        Heard::Bytes(text.as_bytes().to_vec())
    }

    /// The steps of a check that heard this, each as `name` or `name: class (code)`.
    fn steps(heard: Vec<(u64, Heard)>) -> Vec<String> {
        let mut check = Check::sent(ProviderKind::OpenAi, Timeouts::default(), NOW);
        for (at, heard) in heard {
            check.hear(later(at), heard);
        }
        while let Some(patience) = check.patience(later(60_000)) {
            check.waited(later(60_000) + patience);
        }
        let report = check.report(&["sk-secret"]);
        assert_eq!(report.ok, report.steps.iter().all(|step| step.ok));
        let told = |step: &Step| match &step.class {
            None => step.name().as_str_name().to_owned(),
            Some(class) => {
                let code = step.code.as_deref().unwrap_or_default();
                format!("{}: {class} ({code})", step.name().as_str_name())
            }
        };
        report.steps.iter().map(told).collect()
    }

    const TEXT: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n";

    #[test]
    fn a_good_provider_passes_every_step() {
        let all = ["CONFIGURATION", "CONNECTION", "AUTHORIZATION", "FIRST_TOKEN", "END"];
        let heard = vec![(5, head(200)), (9, bytes(TEXT)), (12, bytes("data: [DONE]\n\n"))];
        assert_eq!(steps(heard), all);
    }

    #[test]
    fn the_first_step_that_is_not_good_is_the_last_one_and_says_why() {
        let refused = r#"{"error":{"message":"bad key sk-secret","code":"invalid_api_key"}}"#;
        let missing = r#"{"error":{"message":"no such model","code":"model_not_found"}}"#;
        for (heard, last) in [
            (
                vec![(5, Heard::Failed(Failure::unreachable()))],
                "CONNECTION: upstream (unreachable)",
            ),
            (vec![], "CONNECTION: timeout (connect_timeout)"),
            (vec![(5, head(200))], "FIRST_TOKEN: timeout (first_token_timeout)"),
            (vec![(5, head(200)), (6, bytes(TEXT))], "END: timeout (idle_timeout)"),
            (
                vec![(5, head(401)), (6, bytes(refused)), (7, Heard::End(BodyEnd::Clean))],
                "AUTHORIZATION: auth (invalid_api_key)",
            ),
            (
                vec![(5, head(404)), (6, bytes(missing)), (7, Heard::End(BodyEnd::Clean))],
                "FIRST_TOKEN: config (model_not_found)",
            ),
            (
                vec![(5, head(200)), (6, bytes(TEXT)), (7, Heard::End(BodyEnd::Reset))],
                "END: protocol (stream_truncated)",
            ),
        ] {
            assert_eq!(steps(heard).last().map(String::as_str), Some(last));
        }
    }

    #[test]
    fn a_secret_does_not_show_in_the_providers_own_words() {
        let mut check = Check::sent(ProviderKind::OpenAi, Timeouts::default(), NOW);
        check.hear(NOW, head(401));
        check.hear(NOW, bytes(r#"{"error":{"message":"bad key sk-secret","code":"invalid"}}"#));
        check.hear(NOW, Heard::End(BodyEnd::Clean));
        let report = check.report(&["sk-secret"]);
        let detail = report.steps.last().and_then(|step| step.detail.clone()).unwrap();
        assert_eq!(detail, "bad key ***");
    }
}
