//! What of `spin.toml` matters to a running component.

use crate::allowed::Pattern;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use toml::{Table, Value};
use wasmtime::Result;
use wasmtime::error::{Context, bail};

/// The application's one component, as its manifest grants it things.
pub(crate) struct Manifest {
    /// Where the manifest is: what it names is relative to there.
    pub(crate) folder: PathBuf,
    pub(crate) source: PathBuf,
    pub(crate) build: Option<String>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) databases: Vec<String>,
    /// Folders of this machine, and what the component knows them as.
    pub(crate) files: Vec<(PathBuf, String)>,
    pub(crate) allowed: Vec<Pattern>,
}

impl Manifest {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let doc = text.parse::<Table>().with_context(|| file.display().to_string())?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        Self::of(&doc, folder)
    }

    fn of(doc: &Table, folder: PathBuf) -> Result<Self> {
        let component = component(doc)?;
        let declared = declared(doc)?;
        let source = text(component.get("source")).context("the component has no source")?;
        Ok(Self {
            source: folder.join(source),
            build: component.get("build").and_then(|build| text(build.get("command"))),
            variables: variables(component, &declared)?,
            databases: texts(component.get("sqlite_databases")),
            files: files(component, &folder)?,
            allowed: texts(component.get("allowed_outbound_hosts"))
                .iter()
                .map(|pattern| Pattern::parse(pattern))
                .collect::<Result<_>>()?,
            folder,
        })
    }
}

/// The component that the one trigger for all routes names.
fn component(doc: &Table) -> Result<&Table> {
    let triggers = doc.get("trigger").and_then(|trigger| trigger.get("http"));
    let triggers = triggers.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let all = |trigger: &&Value| text(trigger.get("route")).as_deref() == Some("/...");
    let trigger = triggers.iter().find(all).context("no trigger has the route /...")?;
    let name = text(trigger.get("component")).context("the trigger names no component")?;
    let component = doc.get("component").and_then(|all| all.get(&name)).and_then(Value::as_table);
    component.with_context(|| format!("there is no [component.{name}]"))
}

/// The application's variables with their values: the environment's, or their defaults.
fn declared(doc: &Table) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let none = Table::new();
    for (name, variable) in doc.get("variables").and_then(Value::as_table).unwrap_or(&none) {
        let told = std::env::var(format!("SPIN_VARIABLE_{}", name.to_uppercase())).ok();
        match told.or_else(|| text(variable.get("default"))) {
            Some(value) => _ = values.insert(name.clone(), value),
            None => bail!("no value for the variable {name}: set SPIN_VARIABLE_{name}"),
        }
    }
    Ok(values)
}

/// The component's own variables: templates over the application's.
fn variables(
    component: &Table,
    declared: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut values = BTreeMap::new();
    let none = Table::new();
    for (name, template) in component.get("variables").and_then(Value::as_table).unwrap_or(&none) {
        let template = text(Some(template)).context("a variable is a text")?;
        let inner = template.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        let value = match inner.map(str::trim) {
            Some(variable) => declared
                .get(variable)
                .with_context(|| format!("spin.toml declares no variable {variable}"))?
                .clone(),
            None => template,
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn files(component: &Table, folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mounts = component.get("files").and_then(Value::as_array);
    let mount = |mount: &Value| {
        let source = text(mount.get("source"))?;
        Some((folder.join(source), text(mount.get("destination"))?))
    };
    let all: Option<Vec<_>> = mounts.into_iter().flatten().map(mount).collect();
    let all = all.context("this host mounts folders: { source, destination }")?;
    match all.iter().find(|(source, _)| !source.is_dir()) {
        Some((source, _)) => bail!("{}: run `spin build`", source.display()),
        None => Ok(all),
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| text(Some(one))).collect()
}
