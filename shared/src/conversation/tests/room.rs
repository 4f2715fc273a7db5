//! A conversation with its storage, its streams and a provider that says what a test wants.

use crate::config::{self, Format};
use crate::conversation::*;
use crate::guard::{Candidate, Pass, Skip, Spent, Ticket, Verdict, Why};
use crate::keys::Keys;
use crate::provider::{BodyEnd, ResponseHead, Round};
use crate::secrets::Grants;
use crate::site::{Deployment, Live, Page};
use crate::time::{Millis, Tick};
use crate::who::{Role, Who};
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{
    Event, HandoffRequest, InboxEntry, Message, OwnerRequest, Send, channel, event, message, send,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(super) const VISITOR: ConnId = 1;
pub(super) const SECOND: ConnId = 2;
pub(super) const AGENT: ConnId = 3;

/// A site with two providers and two rules.
pub(super) const SITE: &str = r#"
[[ai_providers]]
name = "one"
type = "openai"
endpoint = "https://one.example"
model = "m"

[[ai_providers]]
name = "two"
type = "openai"
endpoint = "https://two.example"
model = "m"

[[rules]]
name = "human"
when = "first"
match = { any = ["human"] }
reply = "I'll get somebody."
action = "handoff"

[[rules]]
name = "refund"
match = { any = ["refund"] }
reply = "Within 7 days."
"#;

pub(super) struct Room {
    pub(super) now: Millis,
    conversation: Conversation,
    live: Arc<Live>,
    // What is durable.
    pub(super) log: Vec<(Event, Option<String>)>,
    spoken: Vec<Millis>,
    pub(super) traces: BTreeMap<u32, String>,
    head: Option<Head>,
    turn: Option<TurnRecord>,
    marks: BTreeMap<String, u32>,
    // What happened.
    pub(super) calls: Vec<AttemptId>,
    pub(super) aborted: Vec<AttemptId>,
    /// What providers were told to stop.
    pub(super) cancelled: Vec<String>,
    pub(super) alarm: Option<Millis>,
    /// What the desk was told.
    pub(super) desk: Vec<InboxEntry>,
    /// Whether the desk answers at once.
    pub(super) desk_answers: bool,
    pub(super) frames: BTreeMap<ConnId, Vec<Frame>>,
    pub(super) writes: usize,
    /// What an operator counts of providers.
    pub(super) facts: Vec<Fact>,
    pub(super) asked: Vec<String>,
    /// What was ever saved of answers under way.
    pub(super) saved: Vec<String>,
    streams: BTreeMap<ConnId, Stream>,
    /// Whether what a turn needs comes at once.
    pub(super) prepares: bool,
    /// Whether an agent is there.
    pub(super) on_duty: bool,
    /// Whether the providers' guards answer at once, and whom they refuse.
    pub(super) guards_answer: bool,
    pub(super) refused: Vec<String>,
    /// What guards were told.
    pub(super) reports: Vec<(String, Verdict)>,
    /// Admissions that wait for an answer.
    pub(super) admissions: Vec<(AttemptId, Vec<Candidate>)>,
}

impl Room {
    pub(super) fn new() -> Self {
        Self::with(SITE)
    }

    pub(super) fn with(site: &str) -> Self {
        Self {
            now: Millis(1_000_000),
            conversation: Conversation::resume(Snapshot::default(), 5),
            live: live(site),
            log: Vec::new(),
            spoken: Vec::new(),
            traces: BTreeMap::new(),
            head: None,
            turn: None,
            marks: BTreeMap::new(),
            calls: Vec::new(),
            aborted: Vec::new(),
            cancelled: Vec::new(),
            alarm: None,
            desk: Vec::new(),
            desk_answers: true,
            frames: BTreeMap::new(),
            writes: 0,
            facts: Vec::new(),
            asked: Vec::new(),
            saved: Vec::new(),
            streams: BTreeMap::new(),
            prepares: true,
            on_duty: false,
            guards_answer: true,
            refused: Vec::new(),
            reports: Vec::new(),
            admissions: Vec::new(),
        }
    }

    /// The site is configured anew.
    pub(super) fn configure(&mut self, site: &str) {
        self.live = live(site);
    }

    /// Gives an input; what comes of it is stored, sent and counted.
    pub(super) fn give(&mut self, input: Input) -> Option<Reply> {
        let prior = self.conversation.lookup(&input).and_then(|sender| self.by_sender(&sender));
        let tick = Tick { now: self.now, entropy: 7 };
        let step = self.conversation.step(tick, input, prior.as_ref());
        self.facts.extend(step.tally.facts);
        self.store(step.writes);
        for act in step.acts {
            self.act(act);
        }
        step.reply
    }

    /// Lets time pass, waking the conversation whenever it asked for that.
    pub(super) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some((at, _)) = self.conversation.deadline().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.give(Input::Woke);
        }
        self.now = end;
    }

    /// The process dies; somebody wakes the object again.
    pub(super) fn crash(&mut self) {
        self.streams.clear();
        self.sleep();
    }

    /// The object leaves memory, its streams stay.
    pub(super) fn sleep(&mut self) {
        let newest = self.log.len().saturating_sub(RECENT as usize);
        let snapshot = Snapshot {
            head: self.head.clone(),
            turn: self.turn.clone(),
            marks: self.marks.clone().into_iter().collect(),
            recent: self.log[newest..].to_vec(),
            window: self.visitors_moments(),
            streams: self.streams.clone().into_iter().collect(),
            tenure: None,
            told: None,
        };
        self.conversation = Conversation::resume(snapshot, 5);
    }

    /// What the visitor's day cost, as it is stored.
    pub(super) fn spent(&self) -> Spent {
        let turn = self.turn.as_ref().unwrap();
        turn.spent.today(self.now, self.live.config.budgets.utc_offset)
    }

    pub(super) fn deadline(&self) -> Option<(Duration, Deadline)> {
        self.conversation.deadline().map(|(at, reason)| (at.since(self.now), reason))
    }

    // Streams.

    pub(super) fn attach(&mut self, conn: ConnId, after: u32) {
        let who = if conn == AGENT { Who::agent("ming", "Ming") } else { Who::visitor("v1") };
        self.attach_as(conn, who, Cursor { epoch: None, seq: after });
    }

    pub(super) fn attach_as(&mut self, conn: ConnId, who: Who, cursor: Cursor) {
        let expires = self.now + Duration::from_secs(86_400);
        let stream = Stream { who, channel: channel::Type::Web, expires };
        self.streams.insert(conn, stream.clone());
        self.give(Input::Attached { conn, stream, cursor });
    }

    /// The frames that a stream got since the last look.
    pub(super) fn seen(&mut self, conn: ConnId) -> Vec<Frame> {
        self.frames.remove(&conn).unwrap_or_default()
    }

    // Requests.

    pub(super) fn say(&mut self, key: &str, text: &str) -> Reply {
        self.ask(Who::visitor("v1"), Request::Send(text_of(key, text)))
    }

    pub(super) fn ask(&mut self, who: Who, request: Request) -> Reply {
        let input = Input::Requested { who, channel: channel::Type::Web, request };
        self.give(input).unwrap_or(Reply::Done)
    }

    pub(super) fn ming(&mut self, request: Request) -> Reply {
        self.ask(Who::agent("ming", "Ming"), request)
    }

    // The provider.

    pub(super) fn attempt(&self) -> AttemptId {
        self.calls.last().copied().unwrap()
    }

    /// A question that the first provider has been asked.
    pub(super) fn question(&mut self, key: &str, text: &str) -> AttemptId {
        self.say(key, text);
        self.pass(Duration::from_millis(600));
        self.attempt()
    }

    pub(super) fn begins(&mut self, attempt: AttemptId) {
        let headers = vec![("content-type".into(), "text/event-stream".into())];
        let head = ResponseHead { status: 200, headers, at: self.now };
        self.give(Input::Responded { attempt, head });
    }

    pub(super) fn streams(&mut self, attempt: AttemptId, text: &str) {
        let chunk =
            serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
        self.receives(attempt, &format!("data: {chunk}\n\n"));
    }

    pub(super) fn receives(&mut self, attempt: AttemptId, bytes: &str) {
        self.give(Input::Received { attempt, bytes: bytes.as_bytes().to_vec() });
    }

    pub(super) fn finishes(&mut self, attempt: AttemptId) {
        self.receives(attempt, "data: [DONE]\n\n");
    }

    pub(super) fn breaks(&mut self, attempt: AttemptId) {
        self.give(Input::Ended { attempt, how: BodyEnd::Reset });
    }

    // What is in the log.

    /// `role: text` of messages, the kind of everything else.
    pub(super) fn told(&self) -> Vec<String> {
        self.log.iter().map(|(event, _)| tell(event)).collect()
    }

    pub(super) fn last_message(&self) -> Message {
        self.log.iter().rev().find_map(|(event, _)| message_of(event)).cloned().unwrap()
    }

    fn by_sender(&self, sender: &str) -> Option<Event> {
        let same = |(_, known): &&(Event, Option<String>)| known.as_deref() == Some(sender);
        self.log.iter().find(same).map(|(event, _)| event.clone())
    }

    fn visitors_moments(&self) -> Vec<Millis> {
        self.spoken.clone()
    }

    fn store(&mut self, writes: Vec<Write>) {
        self.writes += writes.len();
        for write in writes {
            match write {
                Write::Forget { after, upto } => {
                    self.traces.retain(|seq, _| *seq <= after || *seq > upto);
                }
                Write::Event { event, sender, spoke, trace } => {
                    self.traces.extend(trace.map(|trace| (event.seq, trace)));
                    self.spoken.extend(spoke);
                    assert_eq!(event.seq as usize, self.log.len() + 1, "seq is dense");
                    assert!(
                        sender.is_none() || self.by_sender(sender.as_deref().unwrap()).is_none(),
                        "a sender's key is stored once"
                    );
                    self.log.push((event, sender));
                }
                Write::Head(head) => {
                    let stored = self.head.as_ref().map_or(0, |head| head.version);
                    assert_eq!(head.version, stored + 1, "a head follows the stored one");
                    self.head = Some(head);
                }
                Write::Turn(turn) => {
                    let stored = self.turn.as_ref().map_or(0, |turn| turn.version);
                    assert_eq!(turn.version, stored + 1, "a record follows the stored one");
                    self.saved.extend(turn.running.iter().map(|running| running.text.clone()));
                    self.turn = Some(turn);
                }
                Write::Alarm(at) => self.alarm = at,
                Write::Mark { who, seq } => {
                    self.marks.insert(who, seq);
                }
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Send { to, frame } => self.send(to, &frame),
            Act::Replay { conn, after, upto } => {
                let role = self.streams[&conn].who.role;
                for (event, _) in &self.log[after as usize..upto as usize] {
                    let seen = crate::view::of(event, role).into_owned();
                    self.frames.entry(conn).or_default().push(Frame::Event(seen));
                }
            }
            Act::Close { conn, .. } => {
                self.streams.remove(&conn);
            }
            Act::Prepare { turn, before } => {
                if self.prepares {
                    let (site, rounds) = (Some(self.live.clone()), self.rounds(before));
                    let on_duty = self.on_duty;
                    self.give(Input::Prepared {
                        turn,
                        prepared: Prepared { site, rounds, on_duty },
                    });
                }
            }
            Act::Admit { attempt, candidates, .. } => self.admit(attempt, candidates),
            Act::Report { provider, report, .. } => self.reports.push((provider, report.verdict)),
            Act::Call { attempt, request } => {
                self.calls.push(attempt);
                self.asked.push(format!(
                    "{} {}",
                    request.url,
                    String::from_utf8_lossy(&request.body)
                ));
            }
            Act::Abort { attempt } => self.aborted.push(attempt),
            Act::Cancel { request } => self.cancelled.push(format!(
                "{} {}",
                request.url,
                String::from_utf8_lossy(&request.body)
            )),
            Act::Tell { summary, .. } => {
                let seq = summary.seq;
                self.desk.push(summary);
                if self.desk_answers {
                    self.give(Input::Told { seq, place: None });
                }
            }
        }
    }

    /// The guards let the first one through that is not refused.
    pub(super) fn admit(&mut self, attempt: AttemptId, candidates: Vec<Candidate>) {
        if !self.guards_answer {
            return self.admissions.push((attempt, candidates));
        }
        let (closed, open): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|it| self.refused.contains(&it.provider));
        let ticket = Ticket { generation: Some(0), probe: false };
        let admitted = open.into_iter().next().map(|Candidate { provider, terms, .. }| Admitted {
            provider,
            pass: Pass { terms, ticket },
        });
        let skip = |it: Candidate| Skip { provider: it.provider, why: Why::Unknown };
        let skips = closed.into_iter().map(skip).collect();
        self.give(Input::Admitted { attempt, admission: Admission { admitted, skips } });
    }

    fn rounds(&self, before: u32) -> Vec<Round> {
        let events = self.log.iter().map(|(event, _)| event);
        crate::context::Context::of(events).before(before, 20)
    }

    fn send(&mut self, to: Audience, frame: &Frame) {
        if let Frame::Event(event) = frame {
            let stored = self.log.get(event.seq as usize - 1);
            assert!(stored.is_some(), "nothing is sent that is not durable");
        }
        for (&conn, stream) in &self.streams {
            let hears = match to {
                Audience::Conn(only) => conn == only,
                Audience::All => true,
                Audience::AllBut(but) => conn != but,
                Audience::Agents => stream.who.role == Role::Agent,
                Audience::Visitors => stream.who.role == Role::Visitor,
            };
            if hears {
                self.frames.entry(conn).or_default().push(frame.clone());
            }
        }
    }
}

pub(super) fn text_of(key: &str, text: &str) -> Send {
    Send { key: key.into(), content: Some(send::Content::Text(text.into())) }
}

pub(super) fn handoff(key: &str) -> Request {
    Request::Handoff(HandoffRequest { key: key.into(), reason: String::new() })
}

pub(super) fn owner(term: Option<u32>) -> OwnerRequest {
    OwnerRequest { key: None, term }
}

pub(super) fn code(reply: &Reply) -> &'static str {
    match reply {
        Reply::Refused(refusal) => refusal.code.as_str(),
        Reply::Sent(_)
        | Reply::Rated(_)
        | Reply::Amended(_)
        | Reply::Owner { .. }
        | Reply::Done => "done",
    }
}

pub(super) fn message_of(event: &Event) -> Option<&Message> {
    match &event.kind {
        Some(event::Kind::Message(message)) => Some(message),
        _ => None,
    }
}

fn tell(event: &Event) -> String {
    match event.kind.as_ref().unwrap() {
        event::Kind::Message(message) => {
            let role = message.author.as_ref().unwrap().role().as_str_name().to_lowercase();
            let text = crate::context::plain(message.body.as_ref().unwrap());
            match &message.source {
                Some(message::Source::Provider(source)) => {
                    format!("{role}: {text} ({})", source.outcome().as_str_name().to_lowercase())
                }
                Some(message::Source::Rule(rule)) => format!("{role}: {text} (rule {})", rule.name),
                Some(message::Source::Flow(_)) | None => format!("{role}: {text}"),
            }
        }
        event::Kind::Owner(change) => format!(
            "owner {} in term {}",
            change.owner.as_ref().unwrap().kind().as_str_name().to_lowercase(),
            change.term
        ),
        event::Kind::Rating(rating) => format!("rated {}", rating.score),
        event::Kind::Note(_) => "note".into(),
        event::Kind::Draft(draft) => {
            format!("draft: {}", crate::context::plain(draft.body.as_ref().unwrap()))
        }
        event::Kind::Closed(_) => format!("closed session {}", event.session()),
        event::Kind::Reopened(_) => format!("reopened session {}", event.session()),
        event::Kind::Edited(_)
        | event::Kind::Recalled(_)
        | event::Kind::Tagged(_)
        | event::Kind::Hidden(_) => "other".into(),
    }
}

pub(super) fn live(document: &str) -> Arc<Live> {
    let page = Page {
        revision: 1,
        version: 1,
        format: Format::Toml,
        document: document.into(),
        secrets: Vec::new(),
    };
    let deployment = Deployment {
        keys: Keys::derive("a secret"),
        grants: Grants::default(),
        allow_private: false,
        runs_models: false,
    };
    let config = config::read(document.as_bytes(), Format::Toml).unwrap();
    Arc::new(Live::new("demo", &page, config, &deployment, |_| None))
}
