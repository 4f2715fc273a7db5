//! Two processes and one conversation: one has the turn, the other takes messages in, takes the
//! conversation over, or takes the turn when its holder is gone. Nothing is answered twice.

use super::room::{live, text_of};
use crate::conversation::*;
use crate::guard::{Pass, Ticket};
use crate::provider::ResponseHead;
use crate::time::{Millis, Tick};
use crate::who::Who;
use kefu_proto::v1::server_frame::Frame;
use kefu_proto::v1::{Delta, Event, OwnerRequest, Replace, Stop, channel, event};
use std::time::Duration;

/// What both have in common.
#[derive(Default)]
struct Disk {
    log: Vec<(Event, Option<String>, Option<Millis>)>,
    head: Option<Head>,
    turn: Option<TurnRecord>,
    refused: u32,
}

impl Disk {
    fn takes(&self, write: &Write) -> bool {
        match write {
            Write::Event { event, sender, .. } => {
                let known =
                    self.log.iter().any(|(_, known, _)| sender.is_some() && known == sender);
                event.seq as usize > self.log.len() && !known
            }
            Write::Head(head) => head.version == self.head.as_ref().map_or(0, |it| it.version) + 1,
            Write::Turn(turn) => turn.version == self.turn.as_ref().map_or(0, |it| it.version) + 1,
            Write::Forget { .. } | Write::Mark { .. } | Write::Alarm(_) => true,
        }
    }

    fn commit(&mut self, writes: &[Write]) -> bool {
        if !writes.iter().all(|write| self.takes(write)) {
            self.refused += 1;
            return false;
        }
        for write in writes {
            match write {
                Write::Event { event, sender, spoke, .. } => {
                    self.log.push((event.clone(), sender.clone(), *spoke));
                }
                Write::Head(head) => self.head = Some(head.clone()),
                Write::Turn(turn) => self.turn = Some(turn.clone()),
                Write::Forget { .. } | Write::Mark { .. } | Write::Alarm(_) => {}
            }
        }
        true
    }

    fn answers(&self) -> Vec<String> {
        let answer = |(event, ..): &(Event, Option<String>, Option<Millis>)| match &event.kind {
            Some(event::Kind::Message(message)) if message.turn.is_some() => {
                message.body.as_ref().map(crate::context::plain)
            }
            _ => None,
        };
        self.log.iter().filter_map(answer).collect()
    }
}

struct Process {
    holder: u64,
    site: &'static str,
    conversation: Conversation,
    acts: Vec<Act>,
}

impl Process {
    fn new(holder: u64, disk: &Disk, now: Millis) -> Self {
        let snapshot = Snapshot {
            head: disk.head.clone(),
            turn: disk.turn.clone(),
            recent: disk.log.iter().map(|(event, who, _)| (event.clone(), who.clone())).collect(),
            tenure: Some(Tenure { holder, now }),
            ..Snapshot::default()
        };
        let conversation = Conversation::resume(snapshot, 5);
        Self { holder, site: super::room::SITE, conversation, acts: Vec::new() }
    }

    fn look(&mut self, disk: &Disk, now: Millis) {
        let known = self.conversation.known().seq as usize;
        let news = News {
            events: disk.log[known..].to_vec(),
            head: disk.head.clone(),
            turn: disk.turn.clone(),
            ..News::default()
        };
        let step = self.conversation.catch_up(Tenure { holder: self.holder, now }, news);
        self.acts.extend(step.acts);
    }

    /// Steps until the storage takes it.
    fn give(&mut self, disk: &mut Disk, now: Millis, input: &Input) -> Option<Reply> {
        loop {
            let before = self.conversation.clone();
            let step = self.conversation.step(Tick { now, entropy: 7 }, input.clone(), None);
            if disk.commit(&step.writes) {
                self.acts.extend(step.acts);
                return step.reply;
            }
            self.conversation = before;
            self.look(disk, now);
        }
    }

    fn say(&mut self, disk: &mut Disk, now: Millis, key: &str) {
        let request = Request::Send(text_of(key, key));
        let who = Who::visitor("v1");
        self.give(disk, now, &Input::Requested { who, channel: channel::Type::Web, request });
    }

    /// Brings the site where it is asked for.
    fn prepare(&mut self, disk: &mut Disk, now: Millis) {
        for act in std::mem::take(&mut self.acts) {
            if let Act::Prepare { turn, .. } = act {
                let prepared =
                    Prepared { site: Some(live(self.site)), rounds: Vec::new(), on_duty: false };
                self.give(disk, now, &Input::Prepared { turn, prepared });
            } else {
                self.acts.push(act);
            }
        }
    }

    /// Brings the site, lets the question be whole, and gives the call.
    fn ask(&mut self, disk: &mut Disk, now: Millis) -> Option<AttemptId> {
        self.prepare(disk, now);
        self.give(disk, now + Duration::from_millis(700), &Input::Woke);
        self.admit(disk, now + Duration::from_millis(700));
        self.acts.iter().find_map(|act| match act {
            Act::Call { attempt, .. } => Some(*attempt),
            _ => None,
        })
    }

    /// The guards let the first provider through.
    fn admit(&mut self, disk: &mut Disk, now: Millis) {
        for act in std::mem::take(&mut self.acts) {
            if let Act::Admit { attempt, candidates, .. } = act {
                let admission = Admission {
                    admitted: candidates.into_iter().next().map(|it| Admitted {
                        provider: it.provider,
                        pass: Pass { terms: it.terms, ticket: Ticket::default() },
                    }),
                    skips: Vec::new(),
                };
                self.give(disk, now, &Input::Admitted { attempt, admission });
            } else {
                self.acts.push(act);
            }
        }
    }

    fn hears(&mut self, disk: &mut Disk, now: Millis, attempt: AttemptId, text: &str) {
        let headers = vec![("content-type".into(), "text/event-stream".into())];
        let head = ResponseHead { status: 200, headers, at: now };
        self.give(disk, now, &Input::Responded { attempt, head });
        let chunk = serde_json::json!({"choices": [{"delta": {"content": text}}]});
        let bytes = format!("data: {chunk}\n\n").into_bytes();
        self.give(disk, now, &Input::Received { attempt, bytes });
    }

    fn aborts(&self, attempt: AttemptId) -> bool {
        self.acts.contains(&Act::Abort { attempt })
    }
}

/// A provider that has to be told to stop.
const STOPPABLE: &str = r#"
[[ai_providers]]
name = "first"
type = "fastgpt"
endpoint = "https://fastgpt.example/api/v2"
api_key = "fastgpt-1"
bot_id = "app"
"#;

const NOW: Millis = Millis(1_000_000);

#[test]
fn a_message_that_came_elsewhere_joins_the_question_and_is_answered_with_it() {
    let mut disk = Disk::default();
    let (mut one, mut two) = (Process::new(1, &disk, NOW), Process::new(2, &disk, NOW));
    one.say(&mut disk, NOW, "a");
    two.say(&mut disk, NOW, "b");
    assert_eq!(disk.refused, 1, "the second one lost the race and looked");
    assert_eq!(two.ask(&mut disk, NOW), None, "the turn is the first one's");
    one.look(&disk, NOW);
    let attempt = one.ask(&mut disk, NOW);
    assert!(attempt.is_some());
    let through = disk.turn.as_ref().and_then(|turn| Some(turn.running.as_ref()?.through));
    assert_eq!(through, Some(2), "both messages are one question");
}

#[test]
fn whoever_takes_over_elsewhere_keeps_what_was_shown_and_silences_the_machine() {
    let mut disk = Disk::default();
    let mut one = Process::new(1, &disk, NOW);
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    let later = NOW + Duration::from_secs(1);
    one.hears(&mut disk, later, attempt, "partly");
    let mut two = Process::new(2, &disk, later);
    let (who, request) = (Who::agent("ming", "Ming"), Request::Take(OwnerRequest::default()));
    two.give(&mut disk, later, &Input::Requested { who, channel: channel::Type::Web, request });
    assert_eq!(disk.answers(), ["partly"]);
    // What still comes is refused, whether it was told of the change or not.
    one.hears(&mut disk, later, attempt, " and more");
    one.give(&mut disk, later + Duration::from_secs(4), &Input::Woke);
    assert!(one.aborts(attempt));
    assert_eq!(disk.answers(), ["partly"]);
}

#[test]
fn an_answer_that_is_stopped_elsewhere_is_cancelled_where_it_is_written() {
    let mut disk = Disk::default();
    let mut one = Process { site: STOPPABLE, ..Process::new(1, &disk, NOW) };
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW, attempt, "partly");
    let mut two = Process::new(2, &disk, NOW);
    let (who, request) = (Who::visitor("v1"), Request::Stop(Stop { turn: 1 }));
    two.give(&mut disk, NOW, &Input::Requested { who, channel: channel::Type::Web, request });
    let cancels = |process: &Process| {
        process.acts.iter().any(
            |act| matches!(act, Act::Cancel { request } if request.url.ends_with("/chat/stop")),
        )
    };
    assert!(!cancels(&one) && !cancels(&two), "only its holder knows what to cancel");
    one.look(&disk, NOW);
    assert!(cancels(&one) && one.aborts(attempt));
}

#[test]
fn a_dead_holders_turn_is_recovered_when_its_lease_is_over_and_not_before() {
    let mut disk = Disk::default();
    let mut one = Process::new(1, &disk, NOW);
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW + Duration::from_secs(1), attempt, "partly");
    let soon = NOW + Duration::from_secs(2);
    let mut two = Process::new(2, &disk, soon);
    two.give(&mut disk, soon, &Input::Woke);
    assert!(disk.answers().is_empty(), "the holder may be alive");
    let (at, why) = two.conversation.deadline().unwrap();
    assert_eq!(why, Deadline::LeaseOver);
    two.look(&disk, at);
    two.give(&mut disk, at, &Input::Woke);
    two.prepare(&mut disk, at);
    assert_eq!(disk.answers(), ["partly"], "recovered as after a crash");
    // The holder was only slow: what it wants to write does not follow any more.
    one.give(&mut disk, at + Duration::from_secs(1), &Input::Woke);
    assert!(one.aborts(attempt));
    assert_eq!(disk.answers(), ["partly"]);
}

#[test]
fn a_holder_that_lives_says_so_again_before_its_lease_is_over() {
    let mut disk = Disk::default();
    let mut one = Process::new(1, &disk, NOW);
    one.say(&mut disk, NOW, "a");
    let until = |disk: &Disk| disk.turn.as_ref().and_then(|turn| turn.lease).unwrap().until;
    let first = until(&disk);
    let renew = NOW + Duration::from_secs(3);
    one.give(&mut disk, renew, &Input::Woke);
    assert!(until(&disk) > first);
    let two = Process::new(2, &disk, Millis(first));
    assert_eq!(two.conversation.deadline().map(|(_, why)| why), Some(Deadline::LeaseOver));
    assert!(two.conversation.deadline().unwrap().0 > Millis(first));
}

/// The answer's text as a reader of that process sees it, by what was sent to all.
fn read(process: &mut Process) -> String {
    let mut text = String::new();
    for act in std::mem::take(&mut process.acts) {
        match act {
            Act::Send { to: Audience::All, frame: Frame::Replace(whole) } => text = whole.text,
            Act::Send { to: Audience::All, frame: Frame::Delta(piece) } => {
                let (at, rest) = crate::text::from_utf16_offset(&text, piece.offset);
                assert_eq!((at, rest), (piece.offset, ""), "no gap, and nothing twice");
                text.push_str(&piece.text);
            }
            other => process.acts.push(other),
        }
    }
    text
}

fn piece(attempt: AttemptId, offset: u32, text: &str) -> Input {
    let AttemptId { turn, attempt } = attempt;
    let frame = Frame::Delta(Delta { turn, attempt, offset, text: text.into() });
    Input::Relayed { frame }
}

#[test]
fn what_is_heard_of_an_answer_elsewhere_is_shown_once_and_in_order_whatever_is_heard_when() {
    let mut disk = Disk::default();
    let (mut one, mut two) = (Process::new(1, &disk, NOW), Process::new(2, &disk, NOW));
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW, attempt, "Hello");
    // Pieces that come before what is saved is known, twice, out of order, and one too late.
    for (offset, text) in [(5, ", wor"), (5, ", wor"), (10, "ld"), (7, "wor"), (20, "gap")] {
        two.give(&mut disk, NOW, &piece(attempt, offset, text));
    }
    assert_eq!(read(&mut two), "", "the record is not known yet");
    two.look(&disk, NOW);
    assert_eq!(read(&mut two), "Hello", "after a gap only what is saved is sure");
    two.give(&mut disk, NOW, &piece(attempt, 5, ", world"));
    two.give(&mut disk, NOW, &piece(attempt, 12, "!"));
    let Some(Act::Send { frame: Frame::Delta(piece), .. }) = two.acts.last() else { panic!() };
    assert_eq!((piece.offset, piece.text.as_str()), (12, "!"));
}

#[test]
fn a_taken_over_answer_keeps_what_was_heard_of_it_elsewhere() {
    let mut disk = Disk::default();
    let (mut one, mut two) = (Process::new(1, &disk, NOW), Process::new(2, &disk, NOW));
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW, attempt, "Hello");
    two.look(&disk, NOW);
    two.give(&mut disk, NOW, &piece(attempt, 5, ", world"));
    let request = Request::Take(OwnerRequest::default());
    let who = Who::agent("ming", "Ming");
    two.give(&mut disk, NOW, &Input::Requested { who, channel: channel::Type::Web, request });
    let texts = disk.answers();
    assert!(texts.contains(&"Hello, world".to_owned()), "{texts:?}");
}

#[test]
fn a_whole_answer_that_was_heard_before_its_record_is_shown_once_that_is_known() {
    let mut disk = Disk::default();
    let (mut one, mut two) = (Process::new(1, &disk, NOW), Process::new(2, &disk, NOW));
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW, attempt, "Hello");
    let (turn, number) = (attempt.turn, attempt.attempt);
    let frame = Frame::Replace(Replace { turn, attempt: number, text: "Hello".into() });
    two.give(&mut disk, NOW, &Input::Relayed { frame });
    two.look(&disk, NOW);
    assert_eq!(read(&mut two), "Hello");
}

#[test]
fn a_reader_who_joins_with_less_than_others_have_gets_the_whole_answer_with_the_next_piece() {
    let mut disk = Disk::default();
    let (mut one, mut two) = (Process::new(1, &disk, NOW), Process::new(2, &disk, NOW));
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW, attempt, "Hello");
    two.look(&disk, NOW);
    // More is shown than is saved, and then a piece is lost.
    two.give(&mut disk, NOW, &piece(attempt, 5, ", world"));
    two.give(&mut disk, NOW, &piece(attempt, 20, "later"));
    assert_eq!(read(&mut two), "Hello, world");
    let (who, expires) = (Who::visitor("v1"), NOW + Duration::from_secs(60));
    let stream = Stream { who, channel: channel::Type::Web, expires };
    let cursor = Cursor { epoch: Some(1), seq: 1 };
    two.give(&mut disk, NOW, &Input::Attached { conn: 1, stream, cursor });
    let joined = two.acts.iter().any(|act| {
        let hello = "Hello";
        matches!(act, Act::Send { to: Audience::Conn(1), frame: Frame::Replace(it) } if it.text == hello)
    });
    assert!(joined, "only what is saved is known");
    two.acts.clear();
    two.give(&mut disk, NOW, &piece(attempt, 5, ", world, and"));
    assert_eq!(read(&mut two), "Hello, world, and");
}

#[test]
fn whoever_rang_an_alarm_keeps_one_while_the_turn_is_elsewhere() {
    let mut disk = Disk::default();
    let mut one = Process::new(1, &disk, NOW);
    one.say(&mut disk, NOW, "a");
    let mut two = Process::new(2, &disk, NOW);
    let alarms = |two: &mut Process, input: Input| -> Vec<Write> {
        let step = two.conversation.step(Tick { now: NOW, entropy: 7 }, input, None);
        step.writes.into_iter().filter(|write| matches!(write, Write::Alarm(_))).collect()
    };
    assert!(matches!(alarms(&mut two, Input::Alarmed)[..], [Write::Alarm(Some(_))]));
    // The desk knows everything; the turn's holder may be dead all the same.
    assert_eq!(alarms(&mut two, Input::Told { seq: 1, place: None }), []);
}

#[test]
fn a_turn_that_was_taken_over_and_answered_at_once_leaves_no_lease_and_no_question() {
    let mut disk = Disk::default();
    let mut one = Process::new(1, &disk, NOW);
    one.say(&mut disk, NOW, "a");
    let attempt = one.ask(&mut disk, NOW).unwrap();
    one.hears(&mut disk, NOW + Duration::from_secs(1), attempt, "partly");
    let mut two = Process::new(2, &disk, NOW + Duration::from_secs(30));
    two.give(&mut disk, NOW + Duration::from_secs(30), &Input::Woke);
    two.prepare(&mut disk, NOW + Duration::from_secs(30));
    let turn = disk.turn.as_ref().unwrap();
    assert_eq!(disk.answers(), ["partly"]);
    assert_eq!((turn.lease, turn.answered), (None, 1));
    // The former holder's clock is behind: its lease is not over yet.
    one.look(&disk, NOW + Duration::from_secs(2));
    one.give(&mut disk, NOW + Duration::from_secs(2), &Input::Woke);
    assert_eq!(disk.answers(), ["partly"]);
}
