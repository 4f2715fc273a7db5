//! How questions were answered, as an admin or a supervisor asks for it: `GET …/turns?before=&limit=`.

use crate::page::PageQuery;
use crate::time::Millis;
use crate::wire::Answer;
use std::time::Duration;

/// Turns that a page has unless `limit` says otherwise.
pub const TURNS_DEFAULT: u32 = 20;
/// The most that `limit` may be.
pub const TURNS_MOST: u32 = 100;

/// How a stored trace begins, up to its moment.
pub(crate) const BEGINS: &str = "{\"ts\":\"";

/// Which turns are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnsQuery {
    /// Those that ended before this event.
    pub before: u32,
    /// How many at most.
    pub limit: u32,
    /// Those that began then or later: what is older is not kept.
    pub since: Millis,
}

impl TurnsQuery {
    /// What a request asks for, of a site that keeps traces that long.
    pub fn of(query: &PageQuery, now: Millis, kept: Duration) -> Self {
        Self {
            before: query.before.unwrap_or(u32::MAX),
            limit: query.limit.unwrap_or(TURNS_DEFAULT).min(TURNS_MOST),
            since: now - kept,
        }
    }

    /// As text, for whoever carries the request on.
    pub fn write(&self) -> String {
        format!("{}.{}.{}", self.before, self.limit, self.since.0)
    }

    /// Reads what [`TurnsQuery::write`] made; nothing of anything else.
    pub fn read(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let mut next = || parts.next().unwrap_or(0);
        let small = |number: u64| u32::try_from(number).unwrap_or(0);
        Self { before: small(next()), limit: small(next()), since: Millis(next()) }
    }

    /// The page of these traces, as they are stored. What is too old is left out.
    pub fn page(&self, traces: &[String]) -> Answer {
        let since = self.since.nanos();
        let kept = traces.iter().filter(|trace| began(trace) >= Some(since));
        let kept: Vec<&str> = kept.map(String::as_str).collect();
        Answer {
            status: 200,
            body: format!("{{\"turns\":[{}]}}", kept.join(",")),
            retry_after: None,
        }
    }
}

/// When a question's first message came, Unix nanoseconds: it stands first.
fn began(trace: &str) -> Option<i64> {
    trace.strip_prefix(BEGINS)?.split('"').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_carried_on_as_it_was_asked() {
        let month = Duration::from_secs(30 * 86_400);
        let now = Millis(3_000_000_000);
        let query = TurnsQuery::of(&PageQuery::parse("before=7&limit=9").unwrap(), now, month);
        assert_eq!(query, TurnsQuery { before: 7, limit: 9, since: Millis(408_000_000) });
        assert_eq!(TurnsQuery::read(&query.write()), query);
        let all = TurnsQuery::of(&PageQuery::parse("limit=1000").unwrap(), now, month);
        assert_eq!((all.before, all.limit), (u32::MAX, TURNS_MOST));
        assert_eq!(TurnsQuery::read("x"), TurnsQuery::default());
    }

    #[test]
    fn what_is_older_than_a_site_keeps_is_not_shown() {
        let trace = |ms: u64| format!("{{\"ts\":\"{}\",\"seq\":7}}", Millis(ms).nanos());
        let query = TurnsQuery { since: Millis(100), ..TurnsQuery::default() };
        let page = query.page(&[trace(200), trace(100), trace(99), "{}".into()]);
        assert_eq!(page.body, format!("{{\"turns\":[{},{}]}}", trace(200), trace(100)));
        assert_eq!(query.page(&[]).body, "{\"turns\":[]}");
    }
}
