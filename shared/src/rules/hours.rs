//! Opening hours.

use crate::config::Hours;
use crate::time::Millis;

const DAY: i64 = 24 * 60;

impl Hours {
    /// Whether the rule holds at `now`, by the clock of these hours.
    pub fn hold(&self, now: Millis) -> bool {
        let minutes = i64::try_from(now.0 / 60_000).unwrap_or(i64::MAX - DAY);
        let local = minutes + i64::from(self.utc_offset);
        let (day, minute) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let open = self.opens(day) && self.spans(minute)
            || self.opens(day - 1) && self.spans(minute + DAY);
        open != self.outside
    }

    /// Whether hours begin on a day, counted from 1970-01-01, a Thursday.
    fn opens(&self, day: i64) -> bool {
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        self.days.get(weekday).copied().unwrap_or_default()
    }

    /// Whether they include a minute, counted from the midnight of the day on which they begin.
    fn spans(&self, minute: i64) -> bool {
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        let to = if to <= from { to + DAY } else { to };
        (from..to).contains(&minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes from Monday, 2026-11-23 00:00 UTC.
    fn at(day: u64, hour: u64, minute: u64) -> Millis {
        Millis(1_795_392_000_000 + ((day * 24 + hour) * 60 + minute) * 60_000)
    }

    fn hours(days: &str, from: u16, to: u16, utc_offset: i16) -> Hours {
        let mut week = [false; 7];
        week.iter_mut().zip(days.chars()).for_each(|(day, mark)| *day = mark == '1');
        Hours { days: week, from: from * 60, to: to * 60, utc_offset, outside: false }
    }

    #[test]
    fn hours_hold_from_their_first_minute_to_before_their_last() {
        let work = hours("1111100", 9, 18, 0);
        for (now, holds) in [
            (at(0, 8, 59), false),
            (at(0, 9, 0), true),
            (at(0, 17, 59), true),
            (at(0, 18, 0), false),
            (at(4, 9, 0), true),
            (at(5, 9, 0), false),
            (at(6, 12, 0), false),
            (at(7, 12, 0), true),
        ] {
            assert_eq!(work.hold(now), holds, "{now:?}");
            assert_eq!(Hours { outside: true, ..work.clone() }.hold(now), !holds, "{now:?}");
        }
    }

    #[test]
    fn hours_go_by_their_own_clock() {
        let beijing = hours("1000000", 9, 18, 480);
        assert!(beijing.hold(at(0, 1, 0)));
        assert!(!beijing.hold(at(0, 10, 0)));
        let monday_there = hours("1000000", 0, 24, 480);
        assert!(!monday_there.hold(at(0, 16, 0)), "it is Tuesday there");
        assert!(hours("0000001", 16, 24, -480).hold(at(0, 1, 0)), "it is Sunday there");
    }

    #[test]
    fn hours_past_midnight_belong_to_the_day_they_begin_on() {
        let night = hours("0000100", 22, 6, 0);
        for (now, holds) in [
            (at(4, 21, 59), false),
            (at(4, 22, 0), true),
            (at(5, 5, 59), true),
            (at(5, 6, 0), false),
            (at(5, 22, 0), false),
            (at(4, 5, 0), false),
        ] {
            assert_eq!(night.hold(now), holds, "{now:?}");
        }
        let sunday = hours("0000001", 22, 6, 0);
        assert!(sunday.hold(at(7, 3, 0)), "the week wraps");
    }

    #[test]
    fn equal_ends_are_a_whole_day() {
        let whole = hours("1000000", 9, 9, 0);
        assert!(whole.hold(at(0, 9, 0)) && whole.hold(at(1, 8, 59)) && !whole.hold(at(1, 9, 0)));
    }
}
