//! How long a response asks to be left alone, in the forms that providers use.

use super::ResponseHead;
use std::time::Duration;

/// The first of `retry-after-ms`, `retry-after` (seconds or an HTTP date, RFC 9110 section 10.2.3)
/// and the resets of exhausted `x-ratelimit-*` limits that can be read.
pub(super) fn asked(head: &ResponseHead) -> Option<Duration> {
    ["retry-after-ms", "x-ms-retry-after-ms"]
        .iter()
        .find_map(|name| head.header(name).and_then(milliseconds))
        .or_else(|| head.header("retry-after").and_then(|value| retry_after(value, head)))
        .or_else(|| exhausted(head))
}

/// The wait that a sentence such as `Please try again in 1m2.5s.` or `again in 17 seconds` names.
pub(super) fn in_words(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("again in ")?;
    let mut words = rest.split_whitespace();
    let first = words.next()?.trim_end_matches(['.', ',', ';']);
    if let Some(wait) = span(first) {
        return Some(wait);
    }
    let unit = match words.next()?.get(..3)? {
        "sec" => 1.0,
        "min" => 60.0,
        "hou" => 3600.0,
        "mil" => 0.001,
        _ => return None,
    };
    seconds(first.parse::<f64>().ok()? * unit)
}

fn retry_after(value: &str, head: &ResponseHead) -> Option<Duration> {
    if let Ok(number) = value.parse() {
        return seconds(number);
    }
    // Against the server's own clock when it tells the time, since ours may differ.
    let now = head.header("date").and_then(date).unwrap_or(Duration::from_millis(head.at.0));
    Some(date(value)?.saturating_sub(now))
}

/// Since the epoch, in any of HTTP's three forms: they differ in where the year stands and in how
/// many digits it has, so numbers are told by their order.
fn date(value: &str) -> Option<Duration> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words = || value.split(|c: char| !c.is_ascii_alphanumeric());
    let month = words().filter(|word| word.len() == 3).find_map(|word| MONTHS.find(word))?;
    let mut numbers = words().filter_map(|word| word.parse::<u64>().ok());
    let mut next = || numbers.next();
    let (day, a, b, c, d) = (next()?, next()?, next()?, next()?, next()?);
    let (year, hour, minute, second) = if d > 99 { (d, a, b, c) } else { (a, b, c, d) };
    let year = if year < 100 { year + 2000 } else { year };
    let month = u64::try_from(month / 3).ok()?;
    let fits = (1970..10_000).contains(&year) && (1..=31).contains(&day);
    (fits && hour < 24 && minute < 60 && second < 61).then(|| {
        let hours = days(year, month, day) * 24 + hour;
        Duration::from_secs((hours * 60 + minute) * 60 + second)
    })
}

/// From the epoch to a day; months count from 0.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years from March on, so that the leap day is the last.
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leaps = year / 4 - year / 100 + year / 400;
    year * 365 + leaps + (month * 153 + 2) / 5 + day - 719_469
}

/// The longest wait among the limits with nothing remaining.
fn exhausted(head: &ResponseHead) -> Option<Duration> {
    ["", "-requests", "-tokens"]
        .iter()
        .filter(|limit| {
            head.header(&format!("x-ratelimit-remaining{limit}")).is_some_and(|left| left == "0")
        })
        .filter_map(|limit| head.header(&format!("x-ratelimit-reset{limit}")))
        .filter_map(|value| reset(value, head))
        .max()
}

/// A span such as `6m0s`, seconds from the response, or a moment in Unix seconds or milliseconds.
fn reset(value: &str, head: &ResponseHead) -> Option<Duration> {
    let Ok(number) = value.parse::<f64>() else {
        return span(value);
    };
    let now = Duration::from_millis(head.at.0);
    match number {
        moment if moment >= 1e12 => Some(seconds(moment / 1000.0)?.saturating_sub(now)),
        moment if moment >= 1e9 => Some(seconds(moment)?.saturating_sub(now)),
        wait => seconds(wait),
    }
}

fn milliseconds(value: &str) -> Option<Duration> {
    seconds(value.parse::<f64>().ok()? / 1000.0)
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number).ok()
}

/// Go's form of a duration: `120ms`, `1s`, `1m2.5s`, `6m0s`, `1h0m0s`.
fn span(text: &str) -> Option<Duration> {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(digits);
        let units = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(units);
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = tail;
    }
    if text.is_empty() { None } else { seconds(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    /// 2026-11-24T03:00:00Z.
    const NOW: Millis = Millis(1_795_489_200_000);

    fn head(headers: &[(&str, &str)]) -> ResponseHead {
        let headers = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        ResponseHead { status: 429, headers, at: NOW }
    }

    #[test]
    fn every_form_of_a_wait_is_read() {
        for (headers, expected) in [
            (vec![("retry-after", "20")], Some(20_000)),
            (vec![("Retry-After", "0.5")], Some(500)),
            (vec![("retry-after-ms", "250"), ("retry-after", "20")], Some(250)),
            (vec![("retry-after-ms", "soon"), ("retry-after", "2")], Some(2_000)),
            (vec![("retry-after", "Tue, 24 Nov 2026 03:00:30 GMT")], Some(30_000)),
            (vec![("retry-after", "Tuesday, 24-Nov-26 03:00:30 GMT")], Some(30_000)),
            (vec![("retry-after", "Tue Nov 24 03:00:30 2026")], Some(30_000)),
            (vec![("retry-after", "Tue, 24 Nov 2026 02:59:00 GMT")], Some(0)),
            (
                vec![
                    ("retry-after", "Tue, 24 Nov 2026 05:00:07 GMT"),
                    ("date", "Tue, 24 Nov 2026 05:00:00 GMT"),
                ],
                Some(7_000),
            ),
            (vec![("retry-after", "Mon, 32 Nov 2026 03:00:00 GMT")], None),
            (vec![("retry-after", "Mon, 24 Nov 18446744073709551615 03:00:00 GMT")], None),
            (vec![("retry-after", "-3")], None),
            (vec![("retry-after", "NaN")], None),
            (vec![("retry-after", "1e400")], None),
            (vec![("retry-after", "later")], None),
            (
                vec![
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "1s"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                Some(360_000),
            ),
            (
                vec![
                    ("x-ratelimit-remaining-requests", "0"),
                    ("x-ratelimit-reset-requests", "120ms"),
                    ("x-ratelimit-remaining-tokens", "9"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                Some(120),
            ),
            (
                vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795489209000")],
                Some(9_000),
            ),
            (
                vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795489208")],
                Some(8_000),
            ),
            (vec![], None),
        ] {
            let wait = asked(&head(&headers));
            assert_eq!(wait, expected.map(Duration::from_millis), "{headers:?}");
        }
    }

    #[test]
    fn dates_are_days_since_the_epoch() {
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Fri, 31 Dec 2100 00:00:00 GMT", 4_133_894_400),
        ] {
            assert_eq!(date(text), Some(Duration::from_secs(expected)), "{text}");
        }
    }

    #[test]
    fn a_wait_may_stand_in_a_sentence() {
        for (message, expected) in [
            ("Limit 3, Used 3. Please try again in 1m2.5s. Visit …", Some(62_500)),
            ("Please try again in 250ms.", Some(250)),
            ("Please try again in 17 seconds.", Some(17_000)),
            ("try again in 2 minutes", Some(120_000)),
            ("try again in a while", None),
            ("try again in", None),
            ("try again in 请", None),
        ] {
            assert_eq!(in_words(message), expected.map(Duration::from_millis), "{message}");
        }
    }
}
