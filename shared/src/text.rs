//! Lengths and offsets as browsers count them.

/// The length in UTF-16 code units, as JavaScript's `length`.
pub fn utf16_len(text: &str) -> u32 {
    u32::try_from(text.chars().map(char::len_utf16).sum::<usize>()).unwrap_or(u32::MAX)
}

/// What follows after `offset` UTF-16 code units. An offset inside a character moves back to its
/// start, one past the end gives nothing; the answer says where the text really begins.
pub fn from_utf16_offset(text: &str, offset: u32) -> (u32, &str) {
    let mut units = 0_u32;
    for (index, character) in text.char_indices() {
        let next = units + u32::try_from(character.len_utf16()).unwrap_or(1);
        if next > offset {
            return (units, text.get(index..).unwrap_or_default());
        }
        units = next;
    }
    (units, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_as_javascript_does_and_never_split_a_character() {
        let text = "a好😀b";
        assert_eq!(utf16_len(text), 5);
        for (offset, expected) in [
            (0, (0, "a好😀b")),
            (2, (2, "😀b")),
            (3, (2, "😀b")),
            (4, (4, "b")),
            (5, (5, "")),
            (9, (5, "")),
        ] {
            assert_eq!(from_utf16_offset(text, offset), expected, "offset {offset}");
        }
    }
}
