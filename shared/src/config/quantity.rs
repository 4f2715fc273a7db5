//! Texts that are quantities: spans of time, rates, times of day, days of the week, offsets.

use super::Rate;
use super::document::quoted;
use std::time::Duration;

/// Reads `30s`, `600ms`, `2m`, `1.5h` or `1d`; Chinese units and full-width characters too.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let plain = half_width(text);
    let split = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at(split);
    let wrong = || {
        format!(
            "found {}; expected a number and its unit (ms, s, m, h or d), such as \"30s\"",
            quoted(text)
        )
    };
    if unit.is_empty() && !number.is_empty() {
        return Err(format!("{}; for seconds write \"{number}s\"", wrong()));
    }
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "ms" | "毫秒" => 1.0,
        _ => unit_millis(unit).ok_or_else(wrong)?,
    };
    let millis = number * unit;
    if millis > MOST_MILLIS {
        return Err(format!("found {}; that is longer than 365 days", quoted(text)));
    }
    Ok(Duration::from_millis(millis.round() as u64))
}

const MOST_MILLIS: f64 = 365.0 * 86_400_000.0;

/// The unit that says a span shortest, such as `600ms`, `15s` or `2m`.
pub(super) fn show_duration(span: Duration) -> String {
    let millis = span.as_millis();
    match (millis % 1_000, millis % 60_000, millis % 3_600_000) {
        _ if millis == 0 => "0s".to_owned(),
        (_, _, 0) => format!("{}h", millis / 3_600_000),
        (_, 0, _) => format!("{}m", millis / 60_000),
        (0, _, _) => format!("{}s", millis / 1_000),
        _ => format!("{millis}ms"),
    }
}

/// Reads `1000/分钟`, `1000/min`, `5/s` or `100/小时`, of 1 to `most`.
pub(super) fn rate(text: &str, most: u32) -> Result<Rate, String> {
    let wrong = || {
        let found = quoted(text);
        format!(
            "found {found}; expected a count from 1 to {most} and a unit of time, such as \"1000/min\", \"5/s\" or \"100/小时\""
        )
    };
    let plain = half_width(text);
    let (count, unit) = plain.split_once('/').ok_or_else(wrong)?;
    let count = count.strip_suffix('次').unwrap_or(count);
    let count = count.parse().ok().filter(|count| (1..=most).contains(count)).ok_or_else(wrong)?;
    let millis = unit_millis(unit).ok_or_else(wrong)?;
    Ok(Rate { count, window: Duration::from_millis(millis as u64) })
}

/// Reads money, `0.8` or `12`, as millionths.
pub(super) fn money(text: &str) -> Result<u64, String> {
    const MOST: u64 = 1_000_000_000;
    let wrong =
        || format!("found {}; expected an amount of money, such as 0.8 or 12", quoted(text));
    let plain = half_width(text);
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 6 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().ok().filter(|whole| *whole <= MOST).ok_or_else(wrong)?;
    let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    Ok(whole * 1_000_000 + part)
}

/// Units of a second and more.
fn unit_millis(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "sec" | "second" | "seconds" | "秒" | "秒钟" => 1_000.0,
        "m" | "min" | "minute" | "minutes" | "分" | "分钟" | "分鐘" => 60_000.0,
        "h" | "hour" | "hours" | "时" | "小时" | "小時" => 3_600_000.0,
        "d" | "day" | "days" | "天" | "日" => 86_400_000.0,
        _ => return None,
    })
}

/// Reads `09:00` as minutes from midnight, up to `24:00`.
pub(super) fn time_of_day(text: &str) -> Result<u16, String> {
    let plain = half_width(text);
    let read = || {
        let (hours, minutes) = plain.split_once(':')?;
        // What a TOML time of day may add.
        let minutes = minutes.strip_suffix(":00").unwrap_or(minutes);
        clock(hours, minutes).filter(|&minutes| minutes <= 24 * 60)
    };
    read().ok_or_else(|| {
        format!(
            "found {}; expected a time from \"00:00\" to \"24:00\", such as \"09:00\"",
            quoted(text)
        )
    })
}

/// Reads `+08:00` as minutes east of Greenwich, from -12:00 to +14:00.
pub(super) fn utc_offset(text: &str) -> Result<i16, String> {
    let plain = half_width(text);
    let read = || {
        if plain == "z" {
            return Some(0);
        }
        let east = plain.strip_prefix('+');
        let digits = east.or_else(|| plain.strip_prefix('-'))?;
        let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
        let minutes = i16::try_from(clock(hours, minutes)?).ok()?;
        let offset = if east.is_some() { minutes } else { -minutes };
        (-12 * 60..=14 * 60).contains(&offset).then_some(offset)
    };
    read().ok_or_else(|| {
        format!(
            "found {}; expected an offset from \"-12:00\" to \"+14:00\", such as \"+08:00\"",
            quoted(text)
        )
    })
}

/// One or two digits of hours and two of minutes, as minutes.
fn clock(hours: &str, minutes: &str) -> Option<u16> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if hours.len() > 2 || minutes.len() != 2 || !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (minutes < 60).then_some(hours * 60 + minutes)
}

/// Reads days such as `mon`, `sat,sun` or `fri-mon` as a week, Monday first.
pub(super) fn days(text: &str) -> Result<[bool; 7], String> {
    let plain = half_width(text);
    let mut week = [false; 7];
    for part in plain.split([',', '、']) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Some(first), Some(last)) = (day(first), day(last)) else {
            return Err(format!(
                "found {}; expected days (mon, tue, wed, thu, fri, sat, sun), such as \"mon-fri\" or \"sat,sun\"",
                quoted(text)
            ));
        };
        let length = (last + 7 - first) % 7;
        for (index, day) in week.iter_mut().enumerate() {
            *day |= (index + 7 - first) % 7 <= length;
        }
    }
    Ok(week)
}

/// Monday is 0.
fn day(name: &str) -> Option<usize> {
    const NAMES: [(&str, &str, char); 7] = [
        ("mon", "monday", '一'),
        ("tue", "tuesday", '二'),
        ("wed", "wednesday", '三'),
        ("thu", "thursday", '四'),
        ("fri", "friday", '五'),
        ("sat", "saturday", '六'),
        ("sun", "sunday", '日'),
    ];
    let chinese = name.strip_prefix("周").or_else(|| name.strip_prefix("星期"));
    let chinese = chinese.map(|digit| if digit == "天" { "日" } else { digit });
    NAMES.iter().position(|&(short, long, digit)| {
        name == short || name == long || chinese.is_some_and(|chinese| chinese.chars().eq([digit]))
    })
}

/// Lower-case, without spaces, full-width forms as their ASCII.
fn half_width(text: &str) -> String {
    let narrow = text.chars().filter(|c| !c.is_whitespace()).map(|c| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    });
    narrow.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time_have_units() {
        for (text, millis) in [
            ("30s", 30_000),
            ("600ms", 600),
            ("2m", 120_000),
            ("2 min", 120_000),
            ("1.5h", 5_400_000),
            ("1d", 86_400_000),
            ("0s", 0),
            ("３０秒", 30_000),
            ("5 分钟", 300_000),
            ("30S", 30_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "s", "30", "-1s", "30x", "1m30s", "1..5s", "999999d", "1e9s", "NaNs", "三十秒"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
        assert!(duration("30").unwrap_err().ends_with("for seconds write \"30s\""));
    }

    #[test]
    fn spans_are_shown_as_they_are_written() {
        for text in ["0s", "600ms", "15s", "2m", "90s", "1h", "1500ms"] {
            assert_eq!(show_duration(duration(text).unwrap()), text);
        }
    }

    #[test]
    fn rates_are_counts_in_a_window() {
        for (text, count, seconds) in [
            ("1000/分钟", 1_000, 60),
            ("1000/min", 1_000, 60),
            ("1000 / Min", 1_000, 60),
            ("１０００／分钟", 1_000, 60),
            ("1000次/分钟", 1_000, 60),
            ("5/s", 5, 1),
            ("5/秒", 5, 1),
            ("100/小时", 100, 3_600),
            ("100/h", 100, 3_600),
            ("7/天", 7, 86_400),
        ] {
            assert_eq!(
                rate(text, 1_000),
                Ok(Rate { count, window: Duration::from_secs(seconds) }),
                "{text}"
            );
        }
        for text in [
            "",
            "1000",
            "0/min",
            "-1/min",
            "1.5/s",
            "5/",
            "/s",
            "5/ms",
            "5/月",
            "1001/s",
            "5/s/s",
            "99999999999/s",
        ] {
            assert!(rate(text, 1_000).is_err(), "{text}");
        }
    }

    #[test]
    fn times_of_day_are_minutes() {
        for (text, minutes) in [
            ("09:00", 540),
            ("9:05", 545),
            ("24:00", 1_440),
            ("00:00", 0),
            ("18:30:00", 1_110),
            ("０９：００", 540),
        ] {
            assert_eq!(time_of_day(text), Ok(minutes), "{text}");
        }
        for text in
            ["", "9", "24:01", "09:60", "9:5", "-1:00", "+9:00", "a:00", "09:00:30", "99999:00"]
        {
            assert!(time_of_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets_are_minutes_east() {
        for (text, minutes) in [
            ("+08:00", 480),
            ("-03:30", -210),
            ("+8", 480),
            ("Z", 0),
            ("+00:00", 0),
            ("＋０８：００", 480),
        ] {
            assert_eq!(utc_offset(text), Ok(minutes), "{text}");
        }
        for text in ["", "08:00", "+15:00", "-13:00", "+8:0", "CST", "+-8:00"] {
            assert!(utc_offset(text).is_err(), "{text}");
        }
    }

    #[test]
    fn days_may_be_ranges_that_wrap() {
        for (text, expected) in [
            ("mon-fri", "1111100"),
            ("Sat,Sun", "0000011"),
            ("fri-mon", "1000111"),
            ("monday, wednesday", "1010000"),
            ("周一-周五", "1111100"),
            ("星期天", "0000001"),
            ("mon-sun", "1111111"),
        ] {
            let week = days(text).unwrap();
            let told: String = week.iter().map(|&day| if day { '1' } else { '0' }).collect();
            assert_eq!(told, expected, "{text}");
        }
        for text in ["", "mo", "mon-", "mon--fri", "1-5", "mon fri"] {
            assert!(days(text).is_err(), "{text}");
        }
    }
}
