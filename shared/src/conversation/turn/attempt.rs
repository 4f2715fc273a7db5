//! One provider's try at a turn, from the request to its logical end.

use super::super::{Act, Conversation, Step, What};
use super::bill::Amount;
use super::extras::Extras;
use super::{Admitted, AttemptId, Phase, RunningRecord};
use crate::config::{Price, ProviderKind, Timeouts};
use crate::failover;
use crate::guard::Verdict;
use crate::privacy::{Names, Restorer};
use crate::provider::{
    self, Class, Failure, Ids, Reader, Reading, Remedy, RequestParts, ResponseHead, Usage,
};
use crate::time::{Millis, Tick};
use crate::who::Who;
use kefu_proto::v1::{TypingNotice, server_frame::Frame};
use std::fmt;
use std::time::Duration;

/// Before the same provider is asked once more: this, and as much again as chance wants thrice.
const PAUSE: Duration = Duration::from_millis(100);
/// Text that comes within this time of the last frame waits for what comes next, but no longer than
/// this: at the pace at which models write, two tokens are one frame, and no timer rings.
const COALESCE: Duration = Duration::from_millis(25);
/// How much of a shown answer a crash may cost, in time.
const SAVE_EVERY: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub(in super::super) struct Attempt {
    pub(super) id: AttemptId,
    pub(super) provider: String,
    pub(super) admitted: Admitted,
    pub(super) price: Option<Price>,
    kind: ProviderKind,
    /// Whether its token may be refused where a new one is not.
    renewable: bool,
    /// Whether files go along, which a provider may refuse.
    carries: bool,
    /// Whether they are uploaded before anything is asked.
    uploads: bool,
    /// There once the response's head is.
    pub(super) reader: Option<Reader>,
    pub(super) timeouts: Timeouts,
    pub(super) sent_at: Millis,
    pub(super) last_byte: Millis,
    /// Since when it is known how the answer ended.
    over_since: Option<Millis>,
    /// When its first text came.
    pub(super) first_at: Option<Millis>,
    /// How it failed.
    pub(super) class: Option<Class>,
    /// Whether anything of it was ever shown.
    pub(super) visible: bool,
    /// What all text goes through: what it holds back did not come yet.
    pub(super) restorer: Restorer,
    /// Everything that came.
    pub(super) text: String,
    /// What the provider calls it.
    pub(super) ids: Ids,
    /// What came besides the text.
    pub(super) extras: Extras,
    /// How much was sent and came, and what the provider says that it cost.
    pub(super) sent: Amount,
    pub(super) received: Amount,
    pub(super) told: Option<Usage>,
    /// How much of it was shown, in bytes and in UTF-16 code units.
    pub(super) shown: Shown,
    pub(super) shown_at: Millis,
    /// Since when text waits to be shown.
    pub(super) waits_since: Option<Millis>,
    /// How much of it is saved, in bytes.
    pub(super) saved: usize,
    pub(super) saved_at: Millis,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    pub(super) bytes: usize,
    pub(super) units: u32,
}

/// The try that comes next.
pub(super) struct Chosen {
    pub(super) admitted: Admitted,
    pub(super) price: Option<Price>,
    pub(super) kind: ProviderKind,
    pub(super) timeouts: Timeouts,
    /// What the provider knows of the conversation.
    pub(super) context: &'static str,
    pub(super) request: RequestParts,
    /// What the files of its answer are relative to.
    pub(super) address: Option<String>,
    /// The provider's own conversation, where the request names it.
    pub(super) conversation: Option<String>,
    /// What restores its answer.
    pub(super) restorer: Restorer,
    /// What its placeholders are, from then on.
    pub(super) names: Names,
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl Attempt {
    pub(super) fn new(id: AttemptId, chosen: &Chosen, now: Millis) -> Self {
        Self {
            id,
            provider: chosen.admitted.provider.clone(),
            admitted: chosen.admitted.clone(),
            price: chosen.price,
            kind: chosen.kind,
            renewable: chosen.request.sign_in.as_ref().is_some_and(|it| !it.renew),
            carries: chosen.request.files.is_some(),
            uploads: chosen.request.files.as_ref().is_some_and(|files| files.are_uploaded()),
            reader: None,
            timeouts: chosen.timeouts,
            sent_at: now,
            last_byte: now,
            over_since: None,
            first_at: None,
            class: None,
            visible: false,
            restorer: chosen.restorer.clone(),
            text: String::new(),
            ids: Ids { conversation: chosen.conversation.clone(), ..Ids::default() },
            extras: Extras::new(chosen.address.clone()),
            sent: Amount::of(&chosen.request.body),
            received: Amount::default(),
            told: None,
            shown: Shown::default(),
            shown_at: Millis(0),
            waits_since: None,
            saved: 0,
            saved_at: now,
        }
    }

    /// What the visitor has seen of it.
    pub(super) fn shown_text(&self) -> &str {
        self.text.get(..self.shown.bytes).unwrap_or_default()
    }

    /// When text is shown that waits, whether or not more comes.
    pub(super) fn flush_at(&self) -> Option<Millis> {
        Some(self.waits_since? + COALESCE)
    }

    /// Whether it is shown now that more came.
    pub(super) fn flushes(&self, now: Millis) -> bool {
        self.waits_since.is_some() && self.shown_at + COALESCE <= now
    }

    /// When the end of a body is no longer waited for, once it is known how the answer ended.
    pub(super) fn linger_at(&self) -> Option<Millis> {
        Some(self.over_since? + self.reader.as_ref()?.linger()?)
    }

    /// Takes bytes of the response in.
    pub(super) fn read(&mut self, now: Millis, bytes: &[u8]) -> Vec<Reading> {
        let mut readings = Vec::new();
        self.last_byte = now;
        if let Some(reader) = &mut self.reader {
            reader.push(bytes, &mut readings);
            if reader.linger().is_some() {
                self.over_since.get_or_insert(now);
            }
        }
        readings
    }

    /// Takes in what a reading brings besides text.
    pub(super) fn take_beside(&mut self, reading: Reading) {
        if let Reading::Ids(ids) = reading {
            // A conversation that we named, the provider may not repeat.
            let conversation = ids.conversation.clone().or(self.ids.conversation.take());
            self.ids = Ids { conversation, ..ids };
        } else {
            self.extras.take(reading);
        }
    }

    /// What its provider's word means: a token may be refused before its time, and then a new one
    /// is tried before anybody is told; and what cannot make sense of files says so in many ways.
    pub(super) fn understood(&self, failure: Failure) -> Failure {
        if self.renewable && failure.class == Class::Auth {
            return Failure { excused: true, ..failure.with_remedy(Remedy::NewToken) };
        }
        let refused = matches!(failure.class, Class::BadRequest | Class::Config | Class::Upstream);
        // Uploads that hang took the time in which a response begins.
        let hung = failure.class == Class::Timeout && self.uploads && self.reader.is_none();
        if (self.carries && refused || hung) && failure.remedy.is_none() {
            return Failure { excused: true, ..failure.with_remedy(Remedy::WithoutFiles) };
        }
        failure
    }

    pub(super) fn save_at(&self) -> Option<Millis> {
        (self.saved < self.text.len()).then(|| self.saved_at + SAVE_EVERY)
    }
}

impl Conversation {
    pub(in super::super) fn responded(&mut self, now: Millis, id: AttemptId, head: ResponseHead) {
        if let Some(attempt) = self.turns.current(id) {
            attempt.last_byte = now;
            attempt.reader = Some(provider::reader(attempt.kind, head));
            self.turns.note(now, |attempt, ms| attempt.head_ms = Some(ms));
        }
    }

    pub(in super::super) fn failed(
        &mut self,
        tick: Tick,
        id: AttemptId,
        failure: &Failure,
        step: &mut Step,
    ) {
        if self.turns.current(id).is_some() {
            self.attempt_failed(tick, failure, step);
        }
    }

    /// After visible text the answer is interrupted; before it, the next provider is asked.
    pub(super) fn attempt_failed(&mut self, tick: Tick, failure: &Failure, step: &mut Step) {
        // What says that it failed is over; what is too slow or cannot be understood goes on.
        let verdict = Verdict::of(failure);
        self.turns.open.iter_mut().for_each(|turn| turn.note_failure(tick.now, failure));
        self.turns.attempt_mut().into_iter().for_each(|it| it.class = Some(failure.class));
        if matches!(failure.class, Class::Timeout | Class::Protocol) {
            self.turns.abandon(tick.now, verdict, step);
        } else {
            self.turns.end_attempt(tick.now, verdict, step);
        }
        let Some(attempt) = self.turns.attempt() else { return };
        let (provider, visible) = (attempt.provider.clone(), attempt.visible);
        if visible {
            return self.interrupt(tick, step);
        }
        if failure.class == Class::ConversationBusy {
            return self.busy(tick, &provider, step);
        }
        if failure.class == Class::ConversationGone {
            self.turns.forget(&provider);
        }
        self.try_again(tick, provider, failure, step);
    }

    /// What follows a failure before anything was seen: a remedy, the next provider, or none.
    fn try_again(&mut self, tick: Tick, provider: String, failure: &Failure, step: &mut Step) {
        let Some(turn) = &mut self.turns.open else { return };
        turn.phase = Phase::Gathering;
        turn.failures += 1;
        turn.failed = Some(provider.clone());
        let remedy = failure.remedy.filter(|_| turn.remedy.is_none());
        turn.remedy = remedy;
        if remedy == Some(Remedy::Again) && turn.failures < turn.attempts_most() {
            let until = tick.now + PAUSE + jitter(tick.entropy);
            turn.phase = Phase::Pausing { until };
            return;
        }
        if remedy.is_none() {
            turn.tried.insert(provider);
        }
        if (remedy.is_some() || failure.fails_over()) && turn.failures < turn.attempts_most() {
            self.next_attempt(tick, step);
        } else {
            self.fall_back(tick, step);
        }
    }

    pub(super) fn timed_out(&mut self, tick: Tick, what: &'static str, step: &mut Step) {
        let failure = Failure::timeout(what);
        let failure = match self.turns.attempt() {
            Some(attempt) => attempt.understood(failure),
            None => failure,
        };
        self.attempt_failed(tick, &failure, step);
    }

    pub(super) fn choose(&self, tick: Tick, admitted: &Admitted) -> Option<Chosen> {
        let (turn, asking) = self.turns.asking(tick.entropy)?;
        let live = turn.live()?;
        let names = self.turns.names();
        let outgoing = live.privacy.outgoing(names, asking.rounds, &asking.question).ok()?;
        let question = outgoing.question.clone();
        let masked = failover::Asking { rounds: &outgoing.rounds, question, ..asking };
        let next = failover::request(live, &admitted.provider, &masked)?;
        Some(Chosen {
            admitted: admitted.clone(),
            price: next.provider.price,
            kind: next.provider.kind,
            timeouts: next.provider.timeouts,
            context: next.context,
            request: next.request,
            address: next.provider.address().map(str::to_owned),
            conversation: next.conversation,
            names: outgoing.names(),
            restorer: outgoing.restorer(),
        })
    }

    pub(super) fn begin_attempt(
        &mut self,
        now: Millis,
        id: AttemptId,
        chosen: Chosen,
        step: &mut Step,
    ) {
        let Some(turn) = &mut self.turns.open else { return };
        turn.note(now, |attempt, ms| {
            attempt.provider.clone_from(&chosen.admitted.provider);
            attempt.remembered = chosen.conversation.is_some();
            attempt.sent_ms = Some(ms);
        });
        let provider = &chosen.admitted.provider;
        step.tally.note(provider, What::Asked { context: chosen.context });
        if let Some(failed) = turn.failed.take().filter(|failed| failed != provider) {
            step.tally.note(&failed, What::FailedOver);
        }
        turn.phase = Phase::Attempting(Box::new(Attempt::new(id, &chosen, now)));
        self.turns.record.running = Some(RunningRecord {
            provider: chosen.admitted.provider,
            failures: turn.failures,
            through: turn.through(),
            text: String::new(),
            draft: turn.drafting,
            ..RunningRecord::default()
        });
        self.turns.bequeath();
        self.turns.record.names = chosen.names.write();
        self.turns.write(step);
        let typing = TypingNotice { author: Some(Who::bot().author()), preview: None };
        step.send(self.turns.audience(), Frame::Typing(typing));
        step.act(Act::Call { attempt: id, request: chosen.request });
    }
}

/// Up to three times [`PAUSE`].
fn jitter(entropy: u128) -> Duration {
    let most = 3 * PAUSE.as_millis();
    Duration::from_millis(u64::try_from(entropy % most).unwrap_or(0))
}

impl super::Turn {
    pub(super) fn attempts_most(&self) -> u32 {
        self.live().map_or(0, |live| live.config.ai.max_attempts)
    }
}
