//! What was sent, stored and shown, counted key by key and event by event.

use crate::clerk::Visit;
use crate::crowd::Crowd;
use crate::talk::Talker;
use kefu_faults::{Faults, Screen, whole_log};
use serde_json::Value;
use std::collections::BTreeMap;

/// The sums over all conversations.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) sent: usize,
    pub(crate) acknowledged: usize,
    pub(crate) stored: usize,
    /// On the visitors' screens.
    pub(crate) shown: usize,
    /// Of the AI and of rules, in the log.
    pub(crate) answers: usize,
    pub(crate) interrupted: usize,
    /// Conversations that an agent took and gave back.
    pub(crate) visits: usize,
    /// Sent and not stored, stored elsewhere than acknowledged, or stored and not shown.
    pub(crate) lost: usize,
    /// Stored or shown more than once.
    pub(crate) duplicated: usize,
    /// Stored in another order than written, or shown in another than stored.
    pub(crate) misordered: usize,
    /// Clients that had to load a page anew, and those that never settled.
    pub(crate) afresh: u32,
    pub(crate) unsettled: usize,
    pub(crate) connections: u32,
    pub(crate) faults: Faults,
}

impl Count {
    /// Waits until everything has settled and compares what was written, the server's logs and
    /// what the screens show.
    pub(crate) async fn of(crowd: &Crowd) -> Self {
        let mut count = Self::default();
        for talker in &crowd.talkers {
            count.unsettled += usize::from(!talker.settle().await);
            let log = whole_log(&talker.visitor).await;
            count.add(talker, &log);
            let id = talker.visitor.conversation();
            let visits = crowd.clerks.iter().flat_map(|clerk| clerk.visits(id));
            visits.for_each(|visit| count.visit(&visit, &log));
        }
        count
    }

    /// Whether everything is as promised.
    pub(crate) fn is_sound(&self) -> bool {
        let none = self.lost + self.duplicated + self.misordered + self.unsettled == 0;
        none && self.sent > 0 && self.faults == Faults::default()
    }

    fn add(&mut self, talker: &Talker, log: &[Value]) {
        talker.client.look(|held| {
            let party = &held.party;
            self.compare(&talker.visitor.id, party.written(), &party.acknowledged, log);
            self.see(&party.screen, log);
            let keyed = |event: &&Value| event["message"]["key"].is_string();
            self.shown += party.screen.events.iter().filter(keyed).count();
            self.connections += held.greeted;
        });
        let outcome = |event: &&Value| event["message"]["provider"]["outcome"] == "INTERRUPTED";
        self.interrupted += log.iter().filter(outcome).count();
        self.answers += log.iter().filter(|it| it["message"]["author"]["role"] == "BOT").count();
    }

    fn visit(&mut self, visit: &Visit, log: &[Value]) {
        self.visits += 1;
        self.unsettled += usize::from(!visit.settled);
        self.compare(&visit.by, &visit.written, &visit.held.acknowledged, log);
        // It left before the end of the log.
        let last = usize::try_from(visit.held.screen.last()).unwrap_or(usize::MAX);
        self.see(&visit.held.screen, log.get(..last).unwrap_or(log));
    }

    fn see(&mut self, screen: &Screen, log: &[Value]) {
        self.compare_shown(&screen.events, log.get(screen.base()..).unwrap_or_default());
        self.afresh += screen.afresh;
        self.faults.twice += screen.faults.twice;
        self.faults.misfits += screen.faults.misfits;
        self.faults.late_ai += screen.faults.late_ai;
    }

    /// What somebody wrote and had acknowledged with what is stored.
    fn compare(
        &mut self,
        author: &str,
        written: &[String],
        acknowledged: &BTreeMap<String, u64>,
        log: &[Value],
    ) {
        let mut stored: BTreeMap<&str, u64> = BTreeMap::new();
        for event in log.iter().filter(|event| event["message"]["author"]["id"] == author) {
            let Some(key) = event["message"]["key"].as_str() else { continue };
            let again = stored.insert(key, event["seq"].as_u64().unwrap_or(0)).is_some();
            self.duplicated += usize::from(again);
        }
        for key in written.iter().filter(|key| !stored.contains_key(key.as_str())) {
            eprintln!("lost: {key} of {author}");
        }
        let places: Vec<_> = written.iter().filter_map(|key| stored.get(key.as_str())).collect();
        let elsewhere = |(key, seq): &(&String, &u64)| stored.get(key.as_str()) != Some(seq);
        self.sent += written.len();
        self.acknowledged += acknowledged.len();
        self.stored += places.len();
        self.lost += written.len() - places.len();
        self.lost += acknowledged.iter().filter(elsewhere).count();
        self.misordered += places.windows(2).filter(|two| two[0] >= two[1]).count();
    }

    /// What the screen shows with what is stored.
    fn compare_shown(&mut self, screen: &[Value], log: &[Value]) {
        let id =
            |event: &Value| (event["seq"].as_u64(), event["msgId"].as_str().map(str::to_owned));
        let mut times: BTreeMap<_, usize> = BTreeMap::new();
        for event in screen {
            *times.entry(id(event)).or_default() += 1;
        }
        self.lost += log.iter().filter(|event| !times.contains_key(&id(event))).count();
        self.duplicated += times.values().map(|times| times - 1).sum::<usize>();
        self.misordered += screen.windows(2).filter(|two| id(&two[0]) >= id(&two[1])).count();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn log(keys: &[&str]) -> Vec<Value> {
        let event = |(seq, key)| {
            let author = json!({ "id": "v" });
            json!({ "seq": seq, "msgId": key, "message": { "key": key, "author": author } })
        };
        (1..).zip(keys).map(event).collect()
    }

    /// Lost, duplicated, misordered.
    fn counted(written: &[&str], acked: &[(&str, u64)], stored: &[&str]) -> [usize; 3] {
        let mut count = Count::default();
        let written: Vec<_> = written.iter().map(|key| (*key).to_owned()).collect();
        let acked = acked.iter().map(|(key, seq)| ((*key).to_owned(), *seq)).collect();
        count.compare("v", &written, &acked, &log(stored));
        [count.lost, count.duplicated, count.misordered]
    }

    #[test]
    fn each_way_to_break_the_promise_is_counted() {
        assert_eq!(counted(&["a", "b"], &[("a", 1)], &["a", "b"]), [0, 0, 0]);
        assert_eq!(counted(&["a", "b"], &[], &["a"]), [1, 0, 0], "one is lost");
        assert_eq!(counted(&["a"], &[("a", 2)], &["a"]), [1, 0, 0], "it is not where it was said");
        assert_eq!(counted(&["a"], &[], &["a", "a"]), [0, 1, 0], "one is there twice");
        assert_eq!(counted(&["a", "b"], &[], &["b", "a"]), [0, 0, 1], "the order is another");
    }

    #[test]
    fn a_screen_that_shows_other_than_the_log_is_counted() {
        let shown = |screen: &[Value]| {
            let mut count = Count::default();
            count.compare_shown(screen, &log(&["a", "b"]));
            [count.lost, count.duplicated, count.misordered]
        };
        let log = log(&["a", "b"]);
        let [a, b] = [log[0].clone(), log[1].clone()];
        assert_eq!(shown(&[a.clone(), b.clone()]), [0, 0, 0]);
        assert_eq!(shown(std::slice::from_ref(&a)), [1, 0, 0]);
        assert_eq!(shown(&[b.clone(), a.clone()]), [0, 0, 1]);
        assert_eq!(shown(&[a.clone(), a, b]), [0, 1, 1]);
    }
}
