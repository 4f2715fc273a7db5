//! The deployment's variables in development.

use super::Options;
use crate::tree;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const ADMIN_TOKEN: &str = "dev-admin-token";

/// Those of `dev` itself, and over them the lines of the file.
///
/// # Errors
/// When a file cannot be read or has a line that is not `NAME=value`.
pub(super) fn read(options: &Options) -> Result<BTreeMap<String, String>> {
    let mut vars = BTreeMap::from([
        // Weak values are taken in development only.
        ("KEFU_DEV".to_owned(), "1".to_owned()),
        ("KEFU_ADMIN_TOKEN".to_owned(), ADMIN_TOKEN.to_owned()),
        ("KEFU_SECRET".to_owned(), secret(&options.state)?),
        ("KEFU_ALLOW_PRIVATE".to_owned(), "1".to_owned()),
        ("KEFU_DEV".to_owned(), "1".to_owned()),
        ("KEFU_GRANTS".to_owned(), "*".to_owned()),
    ]);
    let usual = tree::path(".dev.vars");
    let file = options.vars.clone().or_else(|| usual.is_file().then_some(usual));
    if let Some(file) = file {
        let name = file.display();
        let lines = fs::read_to_string(&file).with_context(|| format!("{name} cannot be read"))?;
        vars.extend(parse(&lines).with_context(|| format!("{name}"))?);
    }
    Ok(vars)
}

/// What opens the admin API.
pub(super) fn admin_token(vars: &BTreeMap<String, String>) -> String {
    vars.get("KEFU_ADMIN_TOKEN").cloned().unwrap_or_default()
}

/// Made once: another secret would make every stored token and id worthless.
fn secret(state: &Path) -> Result<String> {
    let file = state.join("secret");
    if let Ok(kept) = fs::read_to_string(&file) {
        return Ok(kept.trim().to_owned());
    }
    let mut bytes = [0_u8; 32];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes))?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut open = OpenOptions::new();
    let opened = open.write(true).create_new(true).mode(0o600).open(&file);
    opened
        .and_then(|mut opened| opened.write_all(secret.as_bytes()))
        .with_context(|| format!("{} cannot be written", file.display()))?;
    Ok(secret)
}

/// `NAME=value` lines as wrangler takes them: empty lines and `#` comments are skipped, `export`
/// and a pair of quotes around the value are taken off, and in double quotes `\n` is a new line.
fn parse(text: &str) -> Result<BTreeMap<String, String>> {
    let mut vars = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            bail!("line {}: a line is NAME=value", number + 1);
        };
        vars.insert(name.trim().to_owned(), unquoted(value.trim()));
    }
    Ok(vars)
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        let inside = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote));
        if let Some((inside, _)) = inside {
            return if quote == '"' { inside.replace("\\n", "\n") } else { inside.to_owned() };
        }
    }
    // Only a `#` after a space begins a comment: keys may contain one.
    value.split_once(" #").map_or(value, |(value, _)| value.trim_end()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_wrangler_reads_them() {
        for (line, value) in [
            ("A=one", "one"),
            ("A = one two ", "one two"),
            ("export A=one", "one"),
            ("A=\"one # two\" # three", "one # two"),
            ("A='one\\ntwo'", "one\\ntwo"),
            ("A=\"one\\ntwo\"", "one\ntwo"),
            ("A=one#two # three", "one#two"),
            ("A=b=c==", "b=c=="),
            ("A=", ""),
        ] {
            let text = format!("\n# a comment\n{line}\n");
            assert_eq!(parse(&text).unwrap().get("A").map(String::as_str), Some(value), "{line}");
        }
    }

    #[test]
    fn a_line_without_a_name_is_refused_with_its_number_and_without_its_text() {
        let fault = parse("A=1\nsk-12345\n").unwrap_err().to_string();
        assert_eq!(fault, "line 2: a line is NAME=value");
    }
}
