//! The Spin application as a host is given it: `spin.toml` with full paths, and with the outbound
//! hosts that whoever starts it wants.

use crate::options::Options;
use crate::start_error::StartError;
use std::path::{Path, PathBuf};
use std::{fs, io};
use toml::{Table, Value};

/// Variables that are declared in no manifest are lines of this one.
const LINES: &str = "kefu_vars";
/// Where the files of the web are, beside the manifest.
const FILES: &str = "web";

/// A manifest for one host, and the environment that sets its variables.
pub(crate) struct Application {
    pub(crate) manifest: PathBuf,
    pub(crate) variables: Vec<(String, String)>,
}

impl Application {
    /// Writes the manifest into the state folder.
    pub(crate) fn write(options: &Options, state: &Path) -> Result<Self, StartError> {
        let text = fs::read_to_string(options.root.join("spin.toml")).map_err(StartError::State)?;
        let mut doc: Table =
            text.parse().map_err(|fault| StartError::Manifest(format!("{fault}")))?;
        let variables = variables(&doc, options);
        place(&mut doc, options, state)?;
        let manifest = state.join("spin.toml");
        let text =
            toml::to_string(&doc).map_err(|fault| StartError::Manifest(fault.to_string()))?;
        fs::write(&manifest, text).map_err(StartError::State)?;
        Ok(Self { manifest, variables })
    }
}

/// Gives the component full paths and its hosts, and brings its files to where the manifest is:
/// Spin mounts nothing from elsewhere.
fn place(doc: &mut Table, options: &Options, state: &Path) -> Result<(), StartError> {
    let lacks = || StartError::Manifest("[component.kefu] is missing".into());
    let component = doc.get_mut("component").and_then(|all| all.get_mut("kefu"));
    let component = component.and_then(Value::as_table_mut).ok_or_else(lacks)?;
    if let Some(source) = component.get_mut("source") {
        in_full(source, &options.root)?;
    }
    let mounts = component.get_mut("files").and_then(Value::as_array_mut);
    for source in mounts.into_iter().flatten().filter_map(|mount| mount.get_mut("source")) {
        in_full(source, &options.root)?;
        let from = PathBuf::from(source.as_str().unwrap_or_default());
        copy(&from, &state.join(FILES)).map_err(StartError::State)?;
        *source = Value::from(FILES);
    }
    if let Some(hosts) = &options.outbound {
        let hosts: Vec<Value> = hosts.iter().map(|host| Value::from(host.as_str())).collect();
        component.insert("allowed_outbound_hosts".into(), hosts.into());
    }
    Ok(())
}

/// A folder and all in it, over what is there.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &place)?;
        } else {
            fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

/// The full path of what a manifest names, which must be there.
fn in_full(path: &mut Value, root: &Path) -> Result<(), StartError> {
    let full = root.join(path.as_str().unwrap_or_default());
    if !full.exists() {
        return Err(StartError::MissingOfSpin(full));
    }
    *path = Value::from(full.to_string_lossy().into_owned());
    Ok(())
}

/// Those that the manifest declares, and the others as lines of one of them.
fn variables(doc: &Table, options: &Options) -> Vec<(String, String)> {
    let declared = doc.get("variables").and_then(Value::as_table);
    let is_declared = |name: &str| declared.is_some_and(|it| it.contains_key(&name.to_lowercase()));
    let (own, lines): (Vec<_>, Vec<_>) =
        options.vars.iter().partition(|(name, _)| is_declared(name));
    let lines: Vec<_> = lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let own = own.into_iter().map(|(name, value)| (name.clone(), value.clone()));
    own.chain([(LINES.to_uppercase(), lines.join("\n"))])
        .map(|(name, value)| (format!("SPIN_VARIABLE_{name}"), value))
        .collect()
}
