//! `cargo xtask dev`: everything on this machine, from a fresh clone.

mod agent;
mod demo_ai;
mod provider;
mod site;
mod spin;
mod vars;
mod workerd;
mod wrangler;

use crate::build::{self, Mode};
use crate::tree;
use anyhow::{Context, Result, bail};
use demo_ai::DemoAi;
use kefu_test_host::http;
use lexopt::{Arg, Parser, ValueExt};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const HELP: &str = "\
Installs what is missing, builds, and serves Kefu on this machine

cargo xtask dev [OPTION]...

  --port PORT       on 127.0.0.1 (8787); 0 takes a free one
  --config FILE     a site's configuration to load at the start: .toml, .yaml, .yml or .json
  --site ID         the site that it is for (demo)
  --state DIR       where data is kept (.kefu)
  --vars FILE       NAME=value lines: deployment variables and secrets (.dev.vars, if it is there)
  --demo-ai         a labelled loopback AI provider, to see streaming without a key
  --wrangler        under `wrangler dev` (slower, with wrangler's own inspection)
  --host HOST       cloudflare (bare workerd, the default) or spin

The admin token is dev-admin-token unless the variables set KEFU_ADMIN_TOKEN. Without --config,
a site `demo` that has no configuration yet gets config/demo.toml.
";

/// How long a host may answer that it is not well.
const UNWELL: Duration = Duration::from_secs(5);
/// How long a host may not answer.
const SILENT: Duration = Duration::from_secs(60);

/// What the command line says.
pub(crate) struct Options {
    port: u16,
    config: Option<PathBuf>,
    site: String,
    state: PathBuf,
    vars: Option<PathBuf>,
    demo_ai: bool,
    wrangler: bool,
    host: Host,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    Cloudflare,
    Spin,
}

impl Options {
    pub(crate) fn read(mut arguments: Parser) -> Result<Self> {
        let mut options = Self {
            port: 8787,
            config: None,
            site: "demo".into(),
            state: tree::path(".kefu"),
            vars: None,
            demo_ai: false,
            wrangler: false,
            host: Host::Cloudflare,
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Arg::Long("port") => options.port = arguments.value()?.parse()?,
                Arg::Long("config") => options.config = Some(arguments.value()?.into()),
                Arg::Long("site") => options.site = arguments.value()?.string()?,
                Arg::Long("state") => options.state = arguments.value()?.into(),
                Arg::Long("vars") => options.vars = Some(arguments.value()?.into()),
                Arg::Long("demo-ai") => options.demo_ai = true,
                Arg::Long("wrangler") => options.wrangler = true,
                Arg::Long("host") => options.host = arguments.value()?.parse_with(host)?,
                Arg::Short(_) | Arg::Long(_) | Arg::Value(_) => {
                    return Err(argument.unexpected().into());
                }
            }
        }
        Ok(options)
    }
}

fn host(name: &str) -> Result<Host, &'static str> {
    match name {
        "cloudflare" => Ok(Host::Cloudflare),
        "spin" => Ok(Host::Spin),
        _ => Err("the hosts are cloudflare and spin"),
    }
}

/// A host that serves, however it is run. Dropping it ends it.
trait Running {
    /// The port on 127.0.0.1.
    fn port(&self) -> u16;
    /// How it ended, once it has.
    fn ended(&mut self) -> Result<Option<String>>;
}

pub(crate) fn command(arguments: Parser) -> Result<ExitCode> {
    let options = Options::read(arguments)?;
    // Before the long build: a file that is not there and a port that is taken are told at once.
    let site = site::Document::chosen(&options)?;
    free_port(options.port)?;
    match options.host {
        Host::Spin => build::all_of_spin()?,
        Host::Cloudflare => build::all(if options.wrangler { Mode::Deployed } else { Mode::Fast })?,
    }
    fs::create_dir_all(&options.state).context("--state")?;
    let stop = signals()?;
    let vars = vars::read(&options)?;
    let mut host: Box<dyn Running> = match options.wrangler {
        true => Box::new(wrangler::start(&options, &vars)?),
        false if options.host == Host::Spin => Box::new(spin::start(&options, &vars)?),
        false => Box::new(workerd::start(&options, &vars)?),
    };
    wait_until_healthy(host.as_mut(), &stop)?;
    let demo_ai = options.demo_ai.then(DemoAi::start).transpose()?;
    let door = site::Door { port: host.port(), token: vars::admin_token(&vars) };
    site.load(&door, &options, demo_ai.as_ref())?;
    agent::add(&door, &options.site)?;
    welcome(&options, &door, demo_ai.as_ref());
    serve(host.as_mut(), &stop)
}

/// The port, or a free one for 0.
fn free_port(port: u16) -> Result<u16> {
    let bound = TcpListener::bind(("127.0.0.1", port)).with_context(|| {
        format!("port {port} cannot be had: stop what uses it, or take another with --port")
    })?;
    Ok(bound.local_addr()?.port())
}

fn signals() -> Result<Receiver<i32>> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let (caught, stop) = channel();
    thread::spawn(move || signals.forever().try_for_each(|signal| caught.send(signal)));
    Ok(stop)
}

fn wait_until_healthy(host: &mut dyn Running, stop: &Receiver<i32>) -> Result<()> {
    let begun = Instant::now();
    loop {
        match http::get(host.port(), "/healthz") {
            Ok(answer) if answer.status == 200 => return Ok(()),
            // It may still be starting, but not for long once it speaks.
            Ok(answer) if begun.elapsed() > UNWELL => {
                bail!("GET /healthz answers {}: {}", answer.status, answer.body);
            }
            Err(error) if begun.elapsed() > SILENT => {
                return Err(error).context("GET /healthz is not answered");
            }
            Ok(_) | Err(_) => {}
        }
        if let Some(how) = host.ended()? {
            bail!("the host ended before it answered: {how}");
        }
        if stop.recv_timeout(Duration::from_millis(20)) != Err(RecvTimeoutError::Timeout) {
            bail!("stopped");
        }
    }
}

fn welcome(options: &Options, door: &site::Door, demo_ai: Option<&DemoAi>) {
    let url = format!("http://127.0.0.1:{}", door.port);
    println!("kefu ready on {url}");
    println!("  demo page  {url}/?site={}", options.site);
    println!("  widget     {url}/example.html, and as a page {url}/chat/{}", options.site);
    if tree::path("edge/web/dist/console").exists() {
        println!("  console    {url}/console");
    } else {
        println!("  console    not there yet: the admin API does what it will do");
    }
    println!("  agent      {} with {}", agent::EMAIL, agent::PASSWORD);
    println!("  operator   Authorization: Bearer {}", door.token);
    println!("  site       PUT {url}/v1/sites/{}/config changes it while it runs", options.site);
    if let Some(demo_ai) = demo_ai {
        println!("  demo AI    {} (a script on this machine, not a model)", demo_ai.endpoint());
    }
    println!("  state      {} · Ctrl-C stops", options.state.display());
}

fn serve(host: &mut dyn Running, stop: &Receiver<i32>) -> Result<ExitCode> {
    loop {
        match stop.recv_timeout(Duration::from_millis(200)) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => {
                println!("kefu stopped");
                return Ok(ExitCode::SUCCESS);
            }
        }
        if let Some(how) = host.ended()? {
            bail!("the host ended: {how}");
        }
    }
}
