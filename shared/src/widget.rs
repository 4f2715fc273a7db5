//! What the widget is told of its site: the configuration, and how the opening hours stand.

use crate::config::{Hours, Site};
use crate::time::Millis;
use kefu_proto::v1::{Widget, WidgetHours, WidgetInvitations};

const MINUTE: u64 = 60_000;
/// Minutes of a week, after which hours repeat.
const WEEK: u64 = 7 * 24 * 60;

/// What a visitor's widget shows at `now`.
pub fn shown(site: &Site, now: Millis) -> Widget {
    let widget = &site.widget;
    let list = widget.invitations.clone();
    Widget {
        name: site.name.clone(),
        locale: site.locale.clone(),
        greeting: widget.greeting.clone().unwrap_or_default(),
        suggestions: widget.suggestions.clone(),
        color: widget.color.clone().unwrap_or_default(),
        look: widget.look.clone(),
        prechat: widget.prechat.clone(),
        offline: widget.offline.clone(),
        hours: (!widget.hours.is_empty()).then(|| hours(&widget.hours, now)),
        invitations: (!list.is_empty()).then_some(WidgetInvitations { list }),
        privacy: widget.privacy.clone(),
    }
}

/// The server's clock decides: a visitor's may be wrong.
fn hours(hours: &[Hours], now: Millis) -> WidgetHours {
    let open_at = |at: Millis| hours.iter().any(|hours| hours.hold(at));
    let open = open_at(now);
    let this_minute = now.0 - now.0 % MINUTE;
    let change = (1..=WEEK)
        .map(|minutes| Millis(this_minute + minutes * MINUTE))
        .find(|at| open_at(*at) != open);
    let wait = change.map_or(0, |at| (at.0 - now.0).div_ceil(1_000));
    WidgetHours { open, changes_in: u32::try_from(wait).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Monday, 2026-11-23 00:00 UTC.
    const MONDAY: u64 = 1_795_392_000_000;

    fn nine_to_five() -> Hours {
        Hours {
            days: [true, true, true, true, true, false, false],
            from: 9 * 60,
            to: 17 * 60,
            utc_offset: 0,
            outside: false,
        }
    }

    #[test]
    fn hours_tell_whether_it_is_open_and_for_how_long() {
        let week = [nine_to_five()];
        for (minutes, open, changes_in) in [
            (8 * 60, false, 3_600),
            (9 * 60, true, 8 * 3_600),
            (16 * 60 + 59, true, 60),
            (4 * 24 * 60 + 17 * 60, false, 64 * 3_600),
        ] {
            let now = Millis(MONDAY + minutes * MINUTE);
            assert_eq!(hours(&week, now), WidgetHours { open, changes_in }, "minute {minutes}");
        }
    }

    #[test]
    fn hours_that_never_change_say_so() {
        let always = Hours { days: [true; 7], from: 0, to: 24 * 60, ..nine_to_five() };
        let never = Hours { days: [false; 7], ..nine_to_five() };
        assert_eq!(hours(&[always], Millis(MONDAY)), WidgetHours { open: true, changes_in: 0 });
        assert_eq!(hours(&[never], Millis(MONDAY)), WidgetHours { open: false, changes_in: 0 });
    }

    #[test]
    fn a_site_that_says_nothing_shows_nothing_more() {
        let plain = shown(&Site::default(), Millis(MONDAY));
        assert_eq!((plain.look, plain.hours, plain.invitations), (None, None, None));
    }
}
