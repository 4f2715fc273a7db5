//! workerd's configuration (Cap'n Proto text, workerd.capnp) and command line.

use crate::bundle::Bundle;
use crate::keeper;
use crate::listen::DOOR;
use crate::options::{Log, Options};
use crate::start_error::StartError;
use crate::workerd::log_file;
use std::fmt::Write;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use toml::{Table, Value};

/// Environment variables of workerd that carry the Worker's variables, so that no secret stands
/// in the configuration file.
const CARRIER: &str = "KEFU_BINDING_";

/// Writes the configuration into the state folder.
pub(crate) fn write_config(
    state: &Path,
    bundle: &Bundle,
    options: &Options,
) -> Result<PathBuf, StartError> {
    // workerd wants the folder to exist, and the Worker answers 404 for what is not in it.
    fs::create_dir_all(&bundle.assets).map_err(StartError::State)?;
    let wrangler = fs::read_to_string(&bundle.wrangler).map_err(StartError::State)?;
    let worker = Worker::read(&wrangler)?;
    let path = state.join("workerd.capnp");
    fs::write(&path, config(&worker, bundle, state, options)).map_err(StartError::State)?;
    Ok(path)
}

/// `workerd serve`, with its output where the options want it.
pub(crate) fn command(
    config: &Path,
    options: &Options,
    state: &Path,
) -> Result<Command, StartError> {
    let mut command = Command::new(Bundle::find(&options.root)?.workerd);
    // The import path lets `embed` name files by their full path.
    command.arg("serve").arg(config).args(["--import-path=/", "--control-fd=1"]);
    if options.keeper {
        // Its module is not for everybody.
        command.arg("--experimental");
    }
    command.envs(options.vars.iter().map(|(name, value)| (format!("{CARRIER}{name}"), value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    if options.log == Log::File {
        let mut file = File::options();
        let file = file.append(true).create(true).open(log_file(state));
        command.stderr(file.map_err(StartError::State)?);
    }
    Ok(command)
}

/// What of `wrangler.toml` a bare workerd needs too.
struct Worker {
    compatibility_date: String,
    compatibility_flags: Vec<String>,
    /// Binding and class, in order.
    objects: Vec<(String, String)>,
    assets: Option<String>,
    vars: Vec<(String, String)>,
}

impl Worker {
    fn read(wrangler: &str) -> Result<Self, StartError> {
        let doc: Table =
            wrangler.parse().map_err(|fault| StartError::Wrangler(format!("{fault}")))?;
        let lacks = |key: &str| StartError::Wrangler(format!("{key} is missing"));
        let bindings = doc
            .get("durable_objects")
            .and_then(|objects| objects.get("bindings"))
            .and_then(Value::as_array)
            .ok_or_else(|| lacks("durable_objects.bindings"))?;
        Ok(Self {
            compatibility_date: text(doc.get("compatibility_date"))
                .ok_or_else(|| lacks("compatibility_date"))?,
            compatibility_flags: texts(doc.get("compatibility_flags")),
            objects: bindings
                .iter()
                .map(|binding| Some((text(binding.get("name"))?, text(binding.get("class_name"))?)))
                .collect::<Option<_>>()
                .ok_or_else(|| lacks("name or class_name of a Durable Object"))?,
            assets: doc.get("assets").and_then(|assets| text(assets.get("binding"))),
            vars: doc.get("vars").and_then(Value::as_table).map(plain_vars).unwrap_or_default(),
        })
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let all = value.and_then(Value::as_array);
    all.into_iter().flatten().filter_map(|one| text(Some(one))).collect()
}

fn plain_vars(vars: &Table) -> Vec<(String, String)> {
    vars.iter().filter_map(|(name, value)| Some((name.clone(), text(Some(value))?))).collect()
}

fn config(worker: &Worker, bundle: &Bundle, state: &Path, options: &Options) -> String {
    let flags: Vec<_> = worker.compatibility_flags.iter().map(|flag| quoted(flag)).collect();
    format!(
        r#"# Written at each start from wrangler.toml: changes here are lost.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "kefu", worker = .kefu),
    (name = "objects", disk = (path = {objects}, writable = true)),
    (name = "assets", disk = (path = {assets})),
    (name = "internet", network = (
      allow = ["public", "private"],
      tlsOptions = (trustBrowserCas = true),
    )),
{ai_service}{keeper_service}  ],
  sockets = [
    (name = "{DOOR}", address = "127.0.0.1:{port}", http = (), service = "kefu"),
{keeper_socket}  ],
);

const kefu :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed {script}),
    (name = "kefu.wasm", wasm = embed {wasm}),
  ],
  compatibilityDate = {date},
  compatibilityFlags = [{flags}],
  bindings = [
{bindings}  ],
  durableObjectNamespaces = [
{namespaces}  ],
  durableObjectStorage = (localDisk = "objects"),
  globalOutbound = "internet",
);
{keeper}"#,
        objects = quoted_path(&state.join("objects")),
        assets = quoted_path(&bundle.assets),
        port = options.port,
        script = quoted_path(&bundle.script),
        wasm = quoted_path(&bundle.wasm),
        date = quoted(&worker.compatibility_date),
        flags = flags.join(", "),
        bindings = bindings(worker, options),
        namespaces = namespaces(worker),
        ai_service = options.ai.as_deref().map(ai_service).unwrap_or_default(),
        keeper_service = only_if(options.keeper, keeper::SERVICE),
        keeper_socket = only_if(options.keeper, keeper::SOCKET),
        keeper =
            only_if(options.keeper, &keeper::worker(&worker.compatibility_date, &worker.objects)),
    )
}

fn ai_service(address: &str) -> String {
    format!("    (name = \"workers-ai\", external = (address = {}, http = ())),\n", quoted(address))
}

fn only_if(wanted: bool, text: &str) -> &str {
    if wanted { text } else { "" }
}

fn bindings(worker: &Worker, options: &Options) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "    (name = {}, {value}),", quoted(name));
    };
    for (binding, class) in &worker.objects {
        line(binding, format!("durableObjectNamespace = {}", quoted(class)));
    }
    if let Some(assets) = &worker.assets {
        line(assets, r#"service = "assets""#.into());
    }
    for (name, value) in &worker.vars {
        if !options.vars.contains_key(name) {
            line(name, format!("text = {}", quoted(value)));
        }
    }
    if options.ai.is_some() {
        // As Cloudflare has it: workerd brings the binding's code, and not what answers.
        let fetcher = r#"(name = "fetcher", service = "workers-ai")"#;
        let module = r#"moduleName = "cloudflare-internal:ai-api""#;
        line("AI", format!("wrapped = ({module}, innerBindings = [{fetcher}])"));
    }
    for name in options.vars.keys() {
        line(name, format!("fromEnvironment = {}", quoted(&format!("{CARRIER}{name}"))));
    }
    lines
}

fn namespaces(worker: &Worker) -> String {
    let mut lines = String::new();
    for (_, class) in &worker.objects {
        let class = quoted(class);
        let _ =
            writeln!(lines, "    (className = {class}, uniqueKey = {class}, enableSql = true),");
    }
    lines
}

/// A Cap'n Proto text literal.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRANGLER: &str = r#"
        compatibility_date = "2026-10-01"
        compatibility_flags = ["one"]
        [vars]
        KEFU_SHOWN = "say \"hi\""
        KEFU_SET = "from the file"
        [assets]
        binding = "ASSETS"
        [[durable_objects.bindings]]
        name = "SITE"
        class_name = "SiteObject"
    "#;

    fn written() -> String {
        written_with(&Options::default().var("KEFU_SET", "a secret"))
    }

    fn written_with(options: &Options) -> String {
        let bundle = Bundle {
            workerd: "/w".into(),
            script: "/b/worker.js".into(),
            wasm: "/b/kefu.wasm".into(),
            assets: "/a".into(),
            wrangler: "/w.toml".into(),
        };
        config(&Worker::read(WRANGLER).unwrap(), &bundle, Path::new("/s"), options)
    }

    #[test]
    fn the_configuration_has_the_objects_of_wrangler_toml() {
        let written = written();
        for part in [
            r#"(name = "SITE", durableObjectNamespace = "SiteObject")"#,
            r#"(className = "SiteObject", uniqueKey = "SiteObject", enableSql = true)"#,
            r#"(name = "ASSETS", service = "assets")"#,
            r#"(name = "KEFU_SHOWN", text = "say \"hi\"")"#,
            r#"compatibilityFlags = ["one"]"#,
        ] {
            assert!(written.contains(part), "{part} is not in\n{written}");
        }
    }

    #[test]
    fn the_binding_of_workers_ai_is_there_when_it_is_wanted() {
        assert!(!written().contains("AI"));
        let written = written_with(&Options::default().ai("127.0.0.1:1"));
        for part in [
            r#"(name = "AI", wrapped = (moduleName = "cloudflare-internal:ai-api", "#,
            r#"(name = "workers-ai", external = (address = "127.0.0.1:1", http = ())),"#,
        ] {
            assert!(written.contains(part), "{part} is not in\n{written}");
        }
    }

    #[test]
    fn no_variable_of_the_options_stands_in_the_configuration() {
        let written = written();
        assert!(!written.contains("a secret") && !written.contains("from the file"));
        assert!(
            written.contains(r#"(name = "KEFU_SET", fromEnvironment = "KEFU_BINDING_KEFU_SET")"#)
        );
    }

    #[test]
    fn a_wrangler_toml_without_objects_is_refused_by_name() {
        let refused = Worker::read("compatibility_date = \"2026-10-01\"").err().unwrap();
        assert_eq!(refused.to_string(), "wrangler.toml: durable_objects.bindings is missing");
    }
}
