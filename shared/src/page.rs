//! Pages of a log over HTTP: `GET …/events?after=&epoch=&before=&limit=&wait=`.

use crate::conversation::{Cursor, NEWEST_PAGE};
use crate::problem::{Code, Refusal};
use kefu_proto::v1::EventsPage;
use std::time::Duration;

/// Events that a page has unless `limit` says otherwise.
pub const PAGE_DEFAULT: u32 = NEWEST_PAGE;
/// The most that `limit` may be.
pub const PAGE_MOST: u32 = 500;
/// The longest `wait`.
pub const WAIT_MOST: Duration = Duration::from_secs(25);

/// What a reader of the log asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageQuery {
    /// Events after this one, oldest first; 0 is from the beginning.
    pub after: Option<u32>,
    /// The life of the log that `after` is of.
    pub epoch: Option<u32>,
    /// Events before this one, the nearest.
    pub before: Option<u32>,
    /// How many at most.
    pub limit: Option<u32>,
    /// How long to wait for something new, in seconds.
    pub wait: Option<u32>,
}

/// Which events a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRange {
    /// Whether the reader's cursor is on this log and nothing after it is skipped.
    pub recovered: bool,
    /// Exclusive.
    pub after: u32,
    /// Inclusive.
    pub upto: u32,
}

impl PageQuery {
    /// Reads a query string; parameters that are not known are ignored.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        let mut parsed = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match name.as_ref() {
                "after" => &mut parsed.after,
                "epoch" => &mut parsed.epoch,
                "before" => &mut parsed.before,
                "limit" => &mut parsed.limit,
                "wait" => &mut parsed.wait,
                _ => continue,
            };
            let number = value.parse().map_err(|_| {
                let detail = format!("`{name}` must be a whole number from 0 to {}", u32::MAX);
                Refusal::new(Code::BadCursor, detail)
            })?;
            *field = Some(number);
        }
        Ok(parsed)
    }

    /// The cursor that `Last-Event-ID: epoch.seq` names.
    pub fn of_last_event_id(id: &str) -> Option<Self> {
        let (epoch, seq) = id.trim().split_once('.')?;
        let (epoch, after) = (epoch.parse().ok()?, seq.parse().ok()?);
        Some(Self { epoch: Some(epoch), after: Some(after), ..Self::default() })
    }

    /// How long to wait for something new.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait.unwrap_or(0).into()).min(WAIT_MOST)
    }

    /// What the reader has.
    pub fn cursor(&self) -> Cursor {
        Cursor { epoch: self.epoch, seq: self.after.unwrap_or(0) }
    }

    /// As a query string for whoever carries the request on.
    pub fn write(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("after", self.after),
            ("epoch", self.epoch),
            ("before", self.before),
            ("limit", self.limit),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                query.append_pair(name, &value.to_string());
            }
        }
        query.finish()
    }
}

/// The page of a log (`epoch`, newest `latest`) that a query gets. A cursor on this log gets what
/// follows it, page by page; one that is not gets the newest page and is told so.
pub fn page(epoch: u32, latest: u32, query: &PageQuery) -> PageRange {
    let limit = query.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MOST);
    if let Some(before) = query.before {
        let upto = before.saturating_sub(1).min(latest);
        return PageRange { recovered: true, after: upto.saturating_sub(limit), upto };
    }
    let newest = PageRange { recovered: false, after: latest.saturating_sub(limit), upto: latest };
    match query.after {
        Some(after) => {
            let on_this_log =
                after == 0 || (after <= latest && query.epoch.is_none_or(|given| given == epoch));
            let limit = query.limit.unwrap_or(PAGE_MOST).clamp(1, PAGE_MOST);
            let upto = after.saturating_add(limit).min(latest);
            if on_this_log { PageRange { recovered: true, after, upto } } else { newest }
        }
        None => PageRange { recovered: true, ..newest },
    }
}

/// The end of the log, as `epoch.seq`, when a page says no more than that its reader is there.
pub fn end_of(page: &EventsPage) -> Option<String> {
    (page.events.is_empty() && page.recovered).then(|| format!("{}.{}", page.epoch, page.latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_on_the_log_gets_what_follows_and_any_other_the_newest_page() {
        let asked = |query: &str| page(2, 700, &PageQuery::parse(query).unwrap());
        for (query, recovered, after, upto) in [
            ("after=0", true, 0, 500),
            ("after=0&epoch=9", true, 0, 500),
            ("after=600&epoch=2", true, 600, 700),
            ("after=600", true, 600, 700),
            ("after=700&epoch=2", true, 700, 700),
            ("after=3&limit=10", true, 3, 13),
            ("after=3&limit=9000", true, 3, 503),
            ("after=600&epoch=1", false, 600, 700),
            ("after=701&epoch=2", false, 600, 700),
            ("after=4294967295", false, 600, 700),
            ("", true, 600, 700),
            ("limit=5", true, 695, 700),
            ("before=601", true, 500, 600),
            ("before=601&limit=2", true, 598, 600),
            ("before=3", true, 0, 2),
            ("before=1", true, 0, 0),
            ("before=0", true, 0, 0),
            ("before=9999&limit=1", true, 699, 700),
        ] {
            assert_eq!(asked(query), PageRange { recovered, after, upto }, "{query}");
        }
    }

    #[test]
    fn only_an_empty_page_of_a_reader_on_the_log_tells_where_it_ends() {
        let empty = EventsPage { epoch: 2, latest: 7, recovered: true, events: Vec::new() };
        let end = end_of(&empty).and_then(|end| PageQuery::of_last_event_id(&end)).unwrap();
        assert_eq!((end.epoch, end.after), (Some(2), Some(7)));
        assert_eq!(end_of(&EventsPage { recovered: false, ..empty.clone() }), None);
        assert_eq!(end_of(&EventsPage { events: vec![Default::default()], ..empty }), None);
    }

    #[test]
    fn what_is_no_number_is_named() {
        let refused = PageQuery::parse("after=abc").unwrap_err();
        assert_eq!(refused.code, Code::BadCursor);
        assert!(refused.detail.contains("after"));
        assert!(PageQuery::parse("after=-1").is_err());
        assert!(PageQuery::parse("after=4294967296").is_err());
        assert_eq!(PageQuery::parse("other=x").unwrap(), PageQuery::default());
    }

    #[test]
    fn last_event_id_is_a_cursor() {
        let query = PageQuery::of_last_event_id("2.17").unwrap();
        assert_eq!(query.cursor(), Cursor { epoch: Some(2), seq: 17 });
        assert_eq!(PageQuery::of_last_event_id("17"), None);
        assert_eq!(PageQuery::parse(&query.write()).unwrap(), query);
    }
}
