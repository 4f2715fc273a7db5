//! Every fixture of every adapter through the same harness, cut in every way.

use super::*;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/providers");

/// The folder of each kind, and how many cases it has at least.
const KINDS: [(ProviderKind, &str, usize); 5] = [
    (ProviderKind::Coze, "coze", 6),
    (ProviderKind::Dify, "dify", 6),
    (ProviderKind::FastGpt, "fastgpt", 6),
    (ProviderKind::OpenAi, "openai", 6),
    (ProviderKind::WorkersAi, "workersai", 3),
];

/// How a body is delivered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Clean,
    Reset,
    Hang,
}

/// Delivers a body in pieces of `size` bytes and gives all that was read. A server that hangs is
/// left once the reader says so; one that it would wait for is a failed test.
#[track_caller]
pub(super) fn read(
    kind: ProviderKind,
    head: &ResponseHead,
    body: &[u8],
    size: usize,
    end: End,
) -> Seen {
    let (mut reader, mut out) = (reader(kind, head.clone()), Vec::new());
    for piece in body.chunks(size) {
        reader.push(piece, &mut out);
    }
    let ended = matches!(out.last(), Some(Reading::Ended(_)));
    match end {
        End::Hang => assert!(ended || reader.linger().is_some(), "waits for a server that hangs"),
        End::Reset => reader.finish(BodyEnd::Reset, &mut out),
        End::Clean => {}
    }
    reader.finish(BodyEnd::Clean, &mut out);
    Seen::new(&reader, &out)
}

/// What is read of a response, which must be the same however it is cut.
#[track_caller]
pub(super) fn answer(
    kind: ProviderKind,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
    end: End,
) -> Seen {
    let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let head = ResponseHead { status, headers, at: Millis::default() };
    let whole = read(kind, &head, body.as_bytes(), body.len().max(1), end);
    for size in [1, 2, 3, 7, 64] {
        let seen = read(kind, &head, body.as_bytes(), size, end);
        assert_eq!(seen, whole, "pieces of {size}: {body}");
    }
    whole
}

/// The outcome in short: `completed`, or class and code.
pub(super) fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Truncated(failure) => format!("truncated: {failure}"),
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Completed | Outcome::RequiresAction | Outcome::Cancelled => {
            outcome_name(outcome).to_owned()
        }
    }
}

/// What is read of frames, each its name and its data, from a server that does not close.
#[track_caller]
pub(super) fn frames(kind: ProviderKind, frames: &[(&str, Value)]) -> Seen {
    let line = |(name, data): &(&str, Value)| match *name {
        "" => format!("data: {data}\n\n"),
        name => format!("event: {name}\ndata: {data}\n\n"),
    };
    let body: String = frames.iter().map(line).collect();
    answer(kind, 200, &[], &body, End::Hang)
}

/// The failure that a refusal reads as, in short.
#[track_caller]
pub(super) fn refused(kind: ProviderKind, status: u16, body: &Value) -> Failure {
    let seen = answer(kind, status, &[], &body.to_string(), End::Hang);
    seen.ending.outcome.failure().unwrap().clone()
}

/// What was read, joined.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) parts: Vec<String>,
    pub(super) reasoning: String,
    pub(super) ids: Ids,
    pub(super) ending: Ending,
    pub(super) suggestions: Vec<String>,
    pub(super) citations: Vec<Citation>,
    pub(super) files: Vec<Attachment>,
    pub(super) first_token: bool,
}

impl Seen {
    fn new(reader: &Reader, readings: &[Reading]) -> Self {
        let Some((Reading::Ended(ending), rest)) = readings.split_last() else {
            panic!("no end: {readings:?}");
        };
        let mut seen = Self {
            text: String::new(),
            parts: reader.parts().map(str::to_owned).collect(),
            reasoning: String::new(),
            ids: Ids::default(),
            ending: ending.clone(),
            suggestions: Vec::new(),
            citations: Vec::new(),
            files: Vec::new(),
            first_token: rest.iter().any(Reading::is_token),
        };
        rest.iter().for_each(|reading| seen.add(reading));
        seen
    }

    fn add(&mut self, reading: &Reading) {
        match reading {
            Reading::Text(text) => self.text.push_str(text),
            Reading::Replace(text) => self.text.clone_from(text),
            Reading::Reasoning(text) => self.reasoning.push_str(text),
            Reading::Progress => {}
            Reading::File(file) => self.files.push(file.clone()),
            Reading::Suggestion(text) => self.suggestions.push(text.clone()),
            Reading::Citation(citation) => self.citations.push(citation.clone()),
            Reading::Ids(ids) => self.ids = ids.clone(),
            Reading::Ended(_) => panic!("a second end"),
        }
    }

    /// As the fixtures write it.
    fn as_expected(&self) -> Value {
        let Ending { outcome, usage, tool_calls } = &self.ending;
        let calls = tool_calls.iter();
        json!({
            "text": self.text,
            "text_parts": self.parts,
            "reasoning": self.reasoning,
            "outcome": outcome_name(outcome),
            "conversation_id": self.ids.conversation,
            "message_id": self.ids.message,
            "task_id": self.ids.task,
            "usage": usage.map(|u| json!({"input": u.input, "output": u.output, "total": u.total})),
            "error": outcome.failure().map(|failure| json!({
                "code": failure.code,
                "message": failure.message,
                "class": failure.class.as_str(),
                "failover_before_first_token": failure.fails_over(),
                "counts_for_breaker": failure.counts_for_breaker(),
                "retry_after_ms": failure.retry_after.map(|wait| wait.as_millis() as u64),
            })),
            "tool_calls": calls.map(|c| json!({"id": c.id, "name": c.name, "arguments": c.arguments})).collect::<Vec<_>>(),
            "suggestions": self.suggestions,
            "citations": self.citations.iter().map(|c| json!({
                "position": c.position, "document_name": c.document, "score": c.score,
            })).collect::<Vec<_>>(),
            "first_token": self.first_token,
        })
    }
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::RequiresAction => "requires_action",
        Outcome::Cancelled => "cancelled",
        Outcome::Truncated(_) => "truncated",
        Outcome::Failed(_) => "failed",
    }
}

fn cases(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(FIXTURES).join(folder)).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sse"));
    paths.sort();
    paths
}

fn head(http: &Value) -> ResponseHead {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let fields = http["headers"].as_object().unwrap().iter();
    let mut headers: Vec<_> = fields.map(|(name, value)| (name.clone(), text(value))).collect();
    headers.push(("content-type".to_owned(), text(&http["content_type"])));
    let status = http["status"].as_u64().unwrap().try_into().unwrap();
    ResponseHead { status, headers, at: Millis::default() }
}

fn check(kind: ProviderKind, path: &Path) {
    let body = fs::read(path).unwrap();
    let expected = fs::read(path.with_extension("expected.json")).unwrap();
    let case: Value = serde_json::from_slice(&expected).unwrap();
    let end = match case["delivery"]["end"].as_str().unwrap() {
        "clean" => End::Clean,
        "reset" => End::Reset,
        "hang" => End::Hang,
        other => panic!("{}: unknown end {other}", path.display()),
    };
    for size in [1, 2, 3, 7, 64, body.len().max(1)] {
        let seen = read(kind, &head(&case["http"]), &body, size, end).as_expected();
        assert_eq!(seen, case["expect"], "{} in pieces of {size} bytes", path.display());
    }
}

#[test]
fn every_fixture_of_every_adapter_reads_as_expected() {
    for (kind, folder, least) in KINDS {
        let cases = cases(folder);
        assert!(cases.len() >= least, "fixtures of {folder} are missing");
        cases.iter().for_each(|path| check(kind, path));
    }
}

#[test]
fn no_bytes_however_cut_or_changed_make_a_reader_panic() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for (kind, folder, _) in KINDS {
        for path in cases(folder) {
            let body = fs::read(path).unwrap();
            for _ in 0..200 {
                let body = random.damage(&body);
                let status = [200, 200, 200, 429, 500][random.below(5)];
                let mut reader = reader(kind, ResponseHead { status, ..ResponseHead::default() });
                feed(&mut reader, &body, &mut random);
            }
        }
    }
}

/// Feeds a body in random pieces and sees to it that it ends exactly once, at the end.
fn feed(reader: &mut Reader, mut body: &[u8], random: &mut Random) {
    let mut out = Vec::new();
    while !body.is_empty() {
        let (piece, rest) = body.split_at(1 + random.below(body.len().min(40)));
        reader.push(piece, &mut out);
        body = rest;
    }
    let how = if random.below(2) == 0 { BodyEnd::Clean } else { BodyEnd::Reset };
    reader.finish(how, &mut out);
    reader.push(b"data: {}\n\n", &mut out);
    reader.finish(how, &mut out);
    let ends = out.iter().filter(|reading| matches!(reading, Reading::Ended(_))).count();
    assert_eq!(ends, 1);
    assert!(matches!(out.last(), Some(Reading::Ended(_))));
}

/// Xorshift: the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    /// Some bytes replaced, some left out, some said twice.
    fn damage(&mut self, body: &[u8]) -> Vec<u8> {
        let mut damaged = body.to_vec();
        for _ in 0..self.below(6) {
            let at = self.below(damaged.len());
            match self.below(4) {
                0 => damaged[at] = self.below(256) as u8,
                1 => damaged[at] = b"{}[]\":,\n\r \\0e"[self.below(13)],
                2 => drop(damaged.drain(at..damaged.len().min(at + self.below(20)))),
                _ => damaged.extend_from_within(at..),
            }
            if damaged.is_empty() {
                damaged.push(b'{');
            }
        }
        damaged
    }
}
