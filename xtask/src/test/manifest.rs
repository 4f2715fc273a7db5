//! `spin.toml` grants the component what it imports, and declares what the code reads.

use super::readme;
use crate::tree;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::{Table, Value};
use wasmparser::{Parser, Payload};

/// Sources that read the operator's variables on Spin.
const READERS: [&str; 3] = ["durable/src/spin", "edge/src/spin", "shared/src/deployment.rs"];
/// Where the code looks for the web client's files.
const FILES: &str = "edge/src/spin/files.rs";
/// Words of the names of variables that nobody may see.
const SECRET: [&str; 5] = ["secret", "token", "vars", "password", "creds"];

/// What the built component and its sources want.
struct Wanted {
    /// The interfaces that it imports.
    imports: Vec<String>,
    /// The variables that it reads.
    variables: BTreeSet<String>,
    /// The folder that it reads files from.
    folder: String,
}

/// Checks the manifest against what was built.
///
/// # Errors
/// When it lacks something, or names what is not there.
pub(super) fn check() -> Result<()> {
    let text = fs::read_to_string(tree::path("spin.toml")).context("spin.toml")?;
    let manifest: Table = text.parse().context("spin.toml")?;
    let source = source(&manifest)?;
    let built = fs::read(tree::path(source)).with_context(|| format!("{source}: is it built?"))?;
    let wanted = Wanted { imports: imports(&built)?, ..Wanted::of_sources()? };
    grants(&manifest, &wanted).context("spin.toml")?;
    let files = mounted(component(&manifest)?, &wanted.folder)?;
    ensure!(tree::path(files).is_dir(), "spin.toml mounts {files}, which is not there");
    Ok(())
}

impl Wanted {
    fn of_sources() -> Result<Self> {
        let mut variables = BTreeSet::new();
        for reader in READERS {
            read_all(&tree::path(reader), &mut |source| variables.extend(variables_in(source)))?;
        }
        ensure!(!variables.is_empty(), "the sources read no variable: {READERS:?}");
        let files = fs::read_to_string(tree::path(FILES)).context(FILES)?;
        let folder = literal_after(&files, "const FOLDER: &str = ").context(FILES)?;
        Ok(Self { imports: Vec::new(), variables, folder })
    }
}

/// What a component imports, by name.
fn imports(component: &[u8]) -> Result<Vec<String>> {
    let (mut depth, mut names) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // Those of the components within are given by the one around them.
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import?.name.0.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}

fn grants(manifest: &Table, wanted: &Wanted) -> Result<()> {
    let version = manifest.get("spin_manifest_version").and_then(Value::as_integer);
    ensure!(version == Some(2), "spin_manifest_version must be 2");
    routes(manifest)?;
    let component = component(manifest)?;
    for import in &wanted.imports {
        granted(component, import)?;
    }
    for name in &wanted.variables {
        declared(manifest, component, name)?;
    }
    mounted(component, &wanted.folder)?;
    let command = component.get("build").and_then(|build| build.get("command"));
    let command = command.and_then(Value::as_str).context("[component.kefu.build] command")?;
    let task = command.strip_prefix("cargo xtask ");
    readme::exists(task.with_context(|| format!("`{command}` is no task of this project"))?)
}

fn routes(manifest: &Table) -> Result<()> {
    let triggers = manifest.get("trigger").and_then(|trigger| trigger.get("http"));
    let triggers = triggers.and_then(Value::as_array).context("there is no [[trigger.http]]")?;
    let all = |trigger: &Value| {
        text(trigger, "route") == Some("/...") && text(trigger, "component") == Some("kefu")
    };
    ensure!(triggers.iter().any(all), "no trigger gives the route /... to kefu");
    Ok(())
}

fn component(manifest: &Table) -> Result<&Value> {
    let component = manifest.get("component").and_then(|all| all.get("kefu"));
    component.context("there is no [component.kefu]")
}

fn source(manifest: &Table) -> Result<&str> {
    text(component(manifest)?, "source").context("[component.kefu] has no source")
}

/// Each interface that is not everybody's has its grant.
fn granted(component: &Value, import: &str) -> Result<()> {
    let interface = import.split('@').next().unwrap_or(import);
    let grant = match interface {
        "spin:sqlite/sqlite" => "sqlite_databases",
        "wasi:http/client" | "wasi:http/outgoing-handler" => "allowed_outbound_hosts",
        "spin:variables/variables" => "variables",
        other if other.starts_with("wasi:") => return Ok(()),
        other => {
            ensure!(!other.contains(':'), "{import} is imported: say here what grants it");
            return Ok(());
        }
    };
    let given = component.get(grant);
    ensure!(given.is_some(), "{import} is imported, and [component.kefu] has no {grant}");
    let databases = given.and_then(Value::as_array).into_iter().flatten();
    let is_default = databases.filter_map(Value::as_str).any(|name| name == "default");
    ensure!(grant != "sqlite_databases" || is_default, "sqlite_databases must have `default`");
    Ok(())
}

/// A variable is the application's, for the operator to set, and handed on to the component.
fn declared(manifest: &Table, component: &Value, name: &str) -> Result<()> {
    let variable = manifest.get("variables").and_then(|all| all.get(name));
    let variable = variable.with_context(|| format!("{name} is read, and not in [variables]"))?;
    let given = variable.get("default").is_some() || variable.get("required").is_some();
    ensure!(given, "{name} has neither a default nor `required`");
    let hidden = variable.get("secret").and_then(Value::as_bool) == Some(true);
    let is_secret = SECRET.iter().any(|word| name.contains(word));
    ensure!(hidden || !is_secret, "{name} must have `secret = true`");
    let handed = component.get("variables").and_then(|all| all.get(name)).and_then(Value::as_str);
    ensure!(
        handed == Some(format!("{{{{ {name} }}}}").as_str()),
        "[component.kefu.variables] must hand {name} on"
    );
    Ok(())
}

/// The folder that is mounted as `folder`.
fn mounted<'a>(component: &'a Value, folder: &str) -> Result<&'a str> {
    let mounts =
        component.get("files").and_then(Value::as_array).context("no files are mounted")?;
    let mount = mounts.iter().find(|mount| text(mount, "destination") == Some(folder));
    let mount = mount.with_context(|| format!("{folder} is read, and not mounted"))?;
    text(mount, "source").with_context(|| format!("{folder} is a mount without a source"))
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

fn read_all(path: &Path, read: &mut dyn FnMut(&str)) -> Result<()> {
    if !path.is_dir() {
        read(&fs::read_to_string(path).with_context(|| path.display().to_string())?);
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        read_all(&entry?.path(), read)?;
    }
    Ok(())
}

/// The literals `"KEFU_NAME"` and `"kefu_name"` of a source, outside its tests.
fn variables_in(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let literals = code.split('"').skip(1).step_by(2);
    let named = literals.filter(|literal| {
        let name = literal.strip_prefix("KEFU_").or_else(|| literal.strip_prefix("kefu_"));
        let is_name = |it: &str| it.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        name.is_some_and(|name| !name.is_empty() && is_name(name))
    });
    named.map(str::to_lowercase).collect()
}

fn literal_after(source: &str, words: &str) -> Option<String> {
    let rest = source.split_once(words)?.1;
    Some(rest.split('"').nth(1)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Table {
        fs::read_to_string(tree::path("spin.toml")).unwrap().parse().unwrap()
    }

    fn told(manifest: &Table) -> String {
        let imports = ["wasi:http/client@0.3.0", "spin:sqlite/sqlite@3.1.0", "wasi:cli/stderr"];
        let imports = imports.map(str::to_owned).to_vec();
        let wanted = Wanted { imports, ..Wanted::of_sources().unwrap() };
        grants(manifest, &wanted).map_or_else(|fault| fault.to_string(), |()| String::new())
    }

    fn without(path: &str) -> Table {
        let mut manifest = manifest();
        let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
        let mut at = &mut manifest;
        for key in above.split('.').filter(|key| !key.is_empty()) {
            at = at.get_mut(key).and_then(Value::as_table_mut).unwrap();
        }
        assert!(at.remove(last).is_some(), "{path}");
        manifest
    }

    #[test]
    fn the_manifest_grants_what_is_wanted() {
        assert_eq!(told(&manifest()), "");
    }

    #[test]
    fn what_is_taken_away_is_missed() {
        for path in [
            "spin_manifest_version",
            "trigger.http",
            "component.kefu",
            "component.kefu.sqlite_databases",
            "component.kefu.allowed_outbound_hosts",
            "component.kefu.files",
            "component.kefu.build",
            "component.kefu.variables",
            "component.kefu.variables.kefu_secret",
            "variables.kefu_grants",
            "variables.kefu_secret.secret",
            "variables.kefu_admin_token.secret",
            "variables.kefu_vars.secret",
            "variables.kefu_dev.default",
        ] {
            assert_ne!(told(&without(path)), "", "nobody misses {path}");
        }
    }

    #[test]
    fn an_interface_that_nobody_knows_is_told() {
        let component = component(&manifest()).unwrap().clone();
        assert!(granted(&component, "spin:key-value/key-value@3.0.0").is_err());
        assert!(granted(&component, "wasi:random/random@0.3.0").is_ok());
    }

    #[test]
    fn literals_are_found_and_prefixes_are_none() {
        let source = "a(\"KEFU_SECRET\"); b(\"kefu_vars\"); c(\"KEFU_\"); d(\"KEFU_X must be\");";
        assert_eq!(variables_in(source), ["kefu_secret", "kefu_vars"]);
    }
}
