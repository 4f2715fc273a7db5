//! Loading a site's configuration into the running host.

use super::demo_ai::DemoAi;
use super::{Options, provider};
use crate::tree;
use anyhow::{Context, Result, bail};
use kefu_test_host::http;
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// How the admin API is reached.
pub(super) struct Door {
    pub(super) port: u16,
    pub(super) token: String,
}

/// A configuration to load.
pub(super) struct Document {
    name: String,
    text: String,
    format: Format,
    /// Asked for by name, so it replaces what is stored.
    asked: bool,
}

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
    Json,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Toml => "application/toml",
            Self::Yaml => "application/yaml",
            Self::Json => "application/json",
        }
    }
}

impl Document {
    /// That of `--config`, or else the demo's.
    ///
    /// # Errors
    /// When the file cannot be read or its name tells no format.
    pub(super) fn chosen(options: &Options) -> Result<Self> {
        let demo = || PathBuf::from("config/demo.toml");
        let name = options.config.clone().unwrap_or_else(demo);
        let shown = name.display().to_string();
        let format = Format::of(&name).with_context(|| {
            format!("{shown}: the name must end in .toml, .yaml, .yml or .json")
        })?;
        let path = if options.config.is_some() { name } else { tree::path(name) };
        let text = fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
        Ok(Self { name: shown, text, format, asked: options.config.is_some() })
    }

    /// Stores it, where it is asked for or where there is nothing better.
    ///
    /// # Errors
    /// When the host refuses it; the message has its faults.
    pub(super) fn load(
        mut self,
        door: &Door,
        options: &Options,
        demo_ai: Option<&DemoAi>,
    ) -> Result<()> {
        // The demo provider's port is another at each start: a configuration that names it is
        // of no use to the next one.
        let mark = options.state.join("demo-ai");
        let stale = mark.exists();
        if !(self.asked || demo_ai.is_some() || stale || !door.has_site(&options.site)?) {
            return Ok(());
        }
        if let Some(demo_ai) = demo_ai {
            self.text = provider::first(&self.text, self.format, &demo_ai.endpoint())
                .with_context(|| format!("{}: the demo AI cannot be added", self.name))?;
            fs::write(&mark, "")?;
        }
        door.put(&options.site, &self)?;
        if stale && demo_ai.is_none() {
            fs::remove_file(mark)?;
        }
        println!("site `{}` has the configuration of {}", options.site, self.name);
        Ok(())
    }
}

impl Door {
    fn has_site(&self, site: &str) -> Result<bool> {
        let answer = self.send("GET", site, "application/json", "")?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            status => {
                bail!("the configuration of `{site}` cannot be asked for: {status} {}", answer.body)
            }
        }
    }

    fn put(&self, site: &str, document: &Document) -> Result<()> {
        let answer = self.send("PUT", site, document.format.content_type(), &document.text)?;
        let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if answer.status != 200 {
            bail!("{} is refused: {}", document.name, faults(answer.status, &told, &answer.body));
        }
        for warning in told.get("warnings").and_then(Value::as_array).into_iter().flatten() {
            println!("warning: {}", warning.as_str().unwrap_or_default());
        }
        Ok(())
    }

    fn send(
        &self,
        method: &str,
        site: &str,
        content_type: &str,
        body: &str,
    ) -> Result<http::Answer> {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", content_type)];
        let path = format!("/v1/sites/{site}/config");
        http::send(self.port, method, &path, &headers, body.as_bytes())
            .with_context(|| format!("{method} {path}"))
    }
}

/// A problem (`application/problem+json`) and its faults, a line each.
fn faults(status: u16, problem: &Value, body: &str) -> String {
    let text = |value: &Value, key| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let detail = text(problem, "detail").or_else(|| text(problem, "title"));
    let mut lines = format!("{} ({status})", detail.unwrap_or_else(|| body.to_owned()));
    for fault in problem.get("faults").and_then(Value::as_array).into_iter().flatten() {
        let line = fault.get("line").and_then(Value::as_u64).unwrap_or_default();
        let key = text(fault, "key").unwrap_or_default();
        let message = text(fault, "message").unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(lines, "\n  line {line}: {key}: {message}");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_every_fault_with_its_line_and_key() {
        let problem = serde_json::json!({
            "title": "The configuration has faults", "detail": "2 faults",
            "faults": [
                { "key": "ai.turn_budgt", "line": 3, "message": "unknown" },
                { "key": "rules[0].reply", "line": 9, "message": "is missing" },
            ],
        });
        assert_eq!(
            faults(422, &problem, ""),
            "2 faults (422)\n  line 3: ai.turn_budgt: unknown\n  line 9: rules[0].reply: is missing"
        );
    }

    #[test]
    fn what_is_no_problem_is_shown_as_it_is() {
        assert_eq!(faults(502, &Value::Null, "bad gateway"), "bad gateway (502)");
    }

    #[test]
    fn the_format_is_told_by_the_name() {
        for (name, format) in [
            ("a.toml", Some(Format::Toml)),
            ("a.yaml", Some(Format::Yaml)),
            ("b/a.yml", Some(Format::Yaml)),
            ("a.json", Some(Format::Json)),
            ("toml", None),
            ("a.txt", None),
        ] {
            assert_eq!(Format::of(Path::new(name)), format, "{name}");
        }
    }
}
