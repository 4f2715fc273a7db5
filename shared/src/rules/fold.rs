//! What differs between two ways to write the same words, taken away.

/// The text with case folded, full-width forms as their ASCII, typographic apostrophes as plain
/// ones, runs of white space as one space, and invisible characters left out. Questions, keywords
/// and patterns are compared in this form.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().filter(|&c| !is_invisible(c)) {
        let character = narrow(character);
        if !character.is_whitespace() {
            folded.extend(character.to_lowercase());
        } else if !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    folded
}

/// Full-width ASCII (U+FF01–FF5E) as ASCII, and apostrophes as phones type them as `'`.
pub(crate) fn narrow(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        '\u{2018}' | '\u{2019}' => '\'',
        _ => character,
    }
}

/// What changes nothing to the eye: zero-width and directional characters, soft hyphens and
/// variation selectors.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// Whether a word goes on through this character: letters and digits, but not of the scripts that
/// put no spaces between words, nor Hangul, whose particles stick to the word.
pub(crate) fn is_wordy(character: char) -> bool {
    character.is_alphanumeric() && !is_unspaced(character)
}

/// Whether a character is of a script that puts no spaces between words, or Hangul.
pub(crate) fn is_unspaced(character: char) -> bool {
    matches!(
        character,
        '\u{e00}'..='\u{eff}'           // Thai, Lao
            | '\u{f00}'..='\u{109f}'    // Tibetan, Myanmar
            | '\u{1100}'..='\u{11ff}'   // Hangul Jamo
            | '\u{1780}'..='\u{17ff}'   // Khmer
            | '\u{2e80}'..='\u{9fff}'   // radicals, kana, Bopomofo, Han
            | '\u{a960}'..='\u{a97f}'   // Hangul Jamo
            | '\u{ac00}'..='\u{d7ff}'   // Hangul
            | '\u{f900}'..='\u{faff}'   // Han
            | '\u{ff66}'..='\u{ffdc}'   // half-width kana and Hangul
            | '\u{1b000}'..='\u{1b16f}' // kana
            | '\u{20000}'..='\u{3ffff}' // Han
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_the_same_is_the_same() {
        for (text, folded) in [
            ("ReFund", "refund"),
            ("ＲＥＦＵＮＤ１２３！", "refund123!"),
            ("退\u{200b}货\u{feff}", "退货"),
            ("re\u{ad}fund", "refund"),
            ("credit \u{3000}\n card", "credit card"),
            ("don’t", "don't"),
            ("ПРИВЕТ", "привет"),
            ("☎\u{fe0f}", "☎"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text:?}");
        }
    }

    #[test]
    fn words_end_at_scripts_without_spaces() {
        for (characters, wordy) in [("aZ9éж٣", true), ("退あア한ไທ", false), (" ,-_。！😀", false)]
        {
            for character in characters.chars() {
                assert_eq!(is_wordy(character), wordy, "{character:?}");
            }
        }
    }
}
