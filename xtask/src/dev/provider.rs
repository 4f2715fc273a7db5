//! Putting the demo AI before the providers that a configuration has.

use super::site::Format;
use anyhow::{Context, Result};
use serde_json::{Value, json};

const NAME: &str = "demo-ai";

/// The configuration with the demo AI as its first provider.
///
/// # Errors
/// When it is JSON that does not parse. Other formats are only added to, line by line, so that
/// the host tells of their faults itself.
pub(super) fn first(text: &str, format: Format, endpoint: &str) -> Result<String> {
    match format {
        Format::Toml => Ok(toml(text, endpoint)),
        Format::Yaml => Ok(yaml(text, endpoint)),
        Format::Json => json(text, endpoint),
    }
}

/// Before the first table, where an array of tables may stand.
fn toml(text: &str, endpoint: &str) -> String {
    let table = format!(
        "[[ai_providers]]\nname = \"{NAME}\"\ntype = \"openai\"\nendpoint = \"{endpoint}\"\nmodel = \"{NAME}\"\n\n"
    );
    let begin =
        if text.starts_with('[') { 0 } else { text.find("\n[").map_or(text.len(), |at| at + 1) };
    let (before, after) = text.split_at(begin);
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{gap}{table}{after}")
}

/// As the first item of the list, with the indent of the items that are there.
fn yaml(text: &str, endpoint: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let key = lines.iter().position(|line| line.trim_end() == "ai_providers:");
    let item = |indent: &str| {
        format!(
            "{indent}- name: {NAME}\n{indent}  type: openai\n{indent}  endpoint: {endpoint}\n{indent}  model: {NAME}\n"
        )
    };
    let Some(key) = key else {
        return format!("ai_providers:\n{}{text}", item("  "));
    };
    let (before, after) = lines.split_at(key + 1);
    let next = after.iter().find(|line| line.trim_start().starts_with('-'));
    let indent = next.and_then(|line| line.split('-').next()).unwrap_or("  ");
    format!("{}\n{}{}\n", before.join("\n"), item(indent), after.join("\n"))
}

fn json(text: &str, endpoint: &str) -> Result<String> {
    let mut document: Value = serde_json::from_str(text)?;
    let provider = json!({ "name": NAME, "type": "openai", "endpoint": endpoint, "model": NAME });
    let root = document.as_object_mut().context("the document is not an object")?;
    let list = root.entry("ai_providers").or_insert_with(|| json!([]));
    list.as_array_mut().context("ai_providers is not a list")?.insert(0, provider);
    Ok(serde_json::to_string_pretty(&document)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_ai_comes_first_in_every_format() {
        for (format, text, expected) in [
            (
                Format::Toml,
                "# c\n[site]\nname = \"x\"\n[[ai_providers]]\nname = \"y\"\n",
                "# c\n[[ai_providers]]\nname = \"demo-ai\"\ntype = \"openai\"\nendpoint = \"http://e\"\nmodel = \"demo-ai\"\n\n[site]\nname = \"x\"\n[[ai_providers]]\nname = \"y\"\n",
            ),
            (
                Format::Toml,
                "",
                "[[ai_providers]]\nname = \"demo-ai\"\ntype = \"openai\"\nendpoint = \"http://e\"\nmodel = \"demo-ai\"\n\n",
            ),
            (
                Format::Yaml,
                "site:\n  name: x\nai_providers:\n    - name: y\n",
                "site:\n  name: x\nai_providers:\n    - name: demo-ai\n      type: openai\n      endpoint: http://e\n      model: demo-ai\n    - name: y\n",
            ),
            (
                Format::Yaml,
                "site:\n  name: x\n",
                "ai_providers:\n  - name: demo-ai\n    type: openai\n    endpoint: http://e\n    model: demo-ai\nsite:\n  name: x\n",
            ),
        ] {
            assert_eq!(first(text, format, "http://e").unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn the_demo_ai_comes_first_in_json() {
        let with = first(r#"{"ai_providers":[{"name":"y"}]}"#, Format::Json, "http://e").unwrap();
        let with: Value = serde_json::from_str(&with).unwrap();
        assert_eq!(with["ai_providers"][0]["name"], "demo-ai");
        assert_eq!(with["ai_providers"][1]["name"], "y");
    }
}
