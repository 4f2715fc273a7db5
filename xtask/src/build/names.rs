//! Shorter names between the wasm and its JavaScript.
//!
//! wasm-bindgen ends the name of each import with 16 digits of a hash. Noise does not compress: said
//! twice for some two hundred imports, it is KBs of the bundle.

use anyhow::Result;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const PREFIX: &[u8] = b"__wbg_";
const DIGITS: usize = 16;

/// Numbers the imports in both files, in the place of the hashes.
///
/// # Errors
/// When a file cannot be read or written.
pub(super) fn number(script: &Path, wasm: &Path) -> Result<()> {
    let (mut text, mut module) = (fs::read(script)?, fs::read(wasm)?);
    let hashes = hashes(&text);
    renumber(&mut text, &hashes);
    renumber(&mut module, &hashes);
    fs::write(script, text)?;
    fs::write(wasm, module)?;
    Ok(())
}

/// The hashes of a script's imports, and what is written instead: as long, so that nothing moves.
fn hashes(script: &[u8]) -> BTreeMap<Vec<u8>, String> {
    let mut found = BTreeMap::new();
    let words = script.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'));
    for word in words.filter(|word| word.starts_with(PREFIX)) {
        let Some((rest, hash)) = word.split_last_chunk::<DIGITS>() else { continue };
        if rest.ends_with(b"_") && hash.iter().all(u8::is_ascii_hexdigit) {
            let next = found.len();
            found.entry(hash.to_vec()).or_insert_with(|| format!("{next:0DIGITS$}"));
        }
    }
    found
}

fn renumber(bytes: &mut [u8], hashes: &BTreeMap<Vec<u8>, String>) {
    for start in 0..bytes.len() {
        if let Some([b'_', place @ ..]) = bytes.get_mut(start..=start + DIGITS)
            && let Some(number) = hashes.get(&*place)
        {
            place.copy_from_slice(number.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_get_the_same_numbers_and_nothing_else_changes() {
        let mut script = *b"a.__wbg_get_0123456789abcdef(__wbg_set_fedcba9876543210, __wbg_ptr)";
        let mut wasm = *b"\x1c__wbg_set_fedcba9876543210\0 h0123456789abcdef _00112233445566aa";
        let hashes = hashes(&script);
        renumber(&mut script, &hashes);
        renumber(&mut wasm, &hashes);
        assert_eq!(script, *b"a.__wbg_get_0000000000000000(__wbg_set_0000000000000001, __wbg_ptr)");
        assert_eq!(wasm, *b"\x1c__wbg_set_0000000000000001\0 h0123456789abcdef _00112233445566aa");
    }
}
