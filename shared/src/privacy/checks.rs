//! Whether digits are what they look like.

pub(super) const PHONE_DIGITS: usize = 11;

/// Mainland China: 13 to 19 and nine digits more.
pub(super) fn is_phone(digits: &str) -> bool {
    let mut bytes = digits.bytes();
    digits.len() == PHONE_DIGITS
        && bytes.next() == Some(b'1')
        && bytes.next().is_some_and(|second| second >= b'3')
}

/// How people write phone numbers: whole, in groups of three and more, or digit by digit.
pub(super) fn is_phone_shape(lengths: &[usize]) -> bool {
    let spelled = lengths.len() == PHONE_DIGITS;
    spelled || lengths.len() <= 3 && lengths.iter().all(|length| *length >= 3)
}

/// GB 11643: a province, a date of birth and a check digit that is right.
pub(super) fn is_id_card(id: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let digits = id.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    id.len() == 18
        && CHECKS.get((sum % 11) as usize).copied() == id.bytes().next_back()
        && matches!(part(id, 0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
        && (1900..2100).contains(&part(id, 6, 10))
        && is_day(part(id, 10, 12), part(id, 12, 14))
}

fn part(digits: &str, from: usize, to: usize) -> u32 {
    digits.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(0)
}

fn is_day(month: u32, day: u32) -> bool {
    let most = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=most).contains(&day)
}

/// How people write card numbers: whole, in fours, or after the first six.
pub(super) fn is_card_shape(lengths: &[usize]) -> bool {
    match lengths {
        [_] | [6, 8..=13] | [4, 6, 4 | 5] | [4, 3, 3, 3] => true,
        [fours @ .., last] => fours.iter().all(|length| *length == 4) && *last <= 4,
        [] => false,
    }
}

/// Luhn's check digit and an issuer's prefix. Parcels have 13 digits too: as a card's they count
/// only when they are `grouped`.
pub(super) fn is_bank_card(digits: &str, grouped: bool) -> bool {
    let [two, three, four, six] = [2, 3, 4, 6].map(|length| part(digits, 0, length));
    let union_pay = matches!(two, 60 | 62) || matches!(four, 6521..=6599) || matches!(three, 955);
    let issued = match digits.len() {
        13 => grouped && two / 10 == 4,
        14 => matches!(two, 36 | 38) || matches!(three, 300..=305),
        15 => matches!(two, 34 | 37),
        16 => {
            let new_mastercard = (2221..=2720).contains(&four) && !is_date(six);
            let old = matches!(two, 40..=49 | 51..=55 | 65) || (3528..=3589).contains(&four);
            union_pay || old || new_mastercard
        }
        // Shops number orders with as many digits; of cards that begin with 4, the banks whose
        // debit cards have them are listed.
        17..=19 => union_pay || matches!(four, 4213 | 4270 | 4340 | 4367 | 4563),
        _ => false,
    };
    issued && luhn(digits)
}

/// Whether six digits are a day, as many shops begin their order numbers.
fn is_date(six: u32) -> bool {
    is_day(six / 100 % 100, six % 100)
}

fn luhn(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 = values
        .enumerate()
        .map(|(place, value)| if place % 2 == 0 { value } else { value * 2 / 10 + value * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_cards_need_a_place_a_day_and_a_check_digit() {
        for (id, right) in [
            ("11010519491231002X", true),
            ("440524188001010014", false), // 1880
            ("110105194912310021", false), // check digit
            ("11010519491331002X", false), // month
            ("99010519491231002X", false), // place
            ("1101051949123100", false),
        ] {
            assert_eq!(is_id_card(id), right, "{id}");
        }
    }

    #[test]
    fn cards_need_an_issuer_and_a_check_digit() {
        for (digits, right) in [
            ("6222021234567890128", true),
            ("6222021234567890127", false),
            ("4111111111111111", true),
            ("4111111111111112", false),
            ("378282246310005", true),
            ("5555555555554444", true),
            ("30569309025904", true),
            ("3530111333300000", true),
            ("2223003122003222", true),
            ("0000000000000000", false),
        ] {
            assert_eq!(is_bank_card(digits, false), right, "{digits}");
        }
        assert!(is_bank_card("4222222222222", true) && !is_bank_card("4222222222222", false));
    }
}
