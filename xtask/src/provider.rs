//! `cargo xtask provider record`: a real exchange with an AI service becomes a test.

use crate::run::{self, cargo};
use anyhow::{Result, bail};
use lexopt::Parser;
use std::process::{Command, ExitCode};

pub(crate) const HELP: &str = "\
Keeps a real exchange with an AI service as a fixture, without secrets

cargo xtask provider record --kind KIND --name CASE [OPTION]...

  --kind KIND         coze, fastgpt, dify, openai, workers_ai
  --name CASE         a-z, 0-9 and _, such as answer_with_card
  --url URL           the endpoint, as in a site's configuration; the kind's own by default
  --key-env VAR       the variable that has the key
  --set 'KEY = VALUE' of the service's entry in a configuration, such as 'bot_id = \"7\"'; repeatable
  --ask TEXT          the question
  --note TEXT         what is special about the case
  --secret-env VAR    a variable whose value must not be seen either; repeatable
  --id NAME           a key of JSON whose values are ids, besides those that are known; repeatable
  --to FOLDER         tests/fixtures/providers by default

Asks as Kefu's adapter does and writes CASE.sse and CASE.expected.json. Keys, what looks like one,
ids, and the queries of addresses are replaced, headers that name anybody are left out. What was said
stays: read both files before you commit them. `expect` is what the adapter reads now; where that is
wrong, correct it, and the tests fail until the adapter is mended.
";

pub(crate) fn command(mut arguments: Parser) -> Result<ExitCode> {
    let mut words = arguments.raw_args()?.map(|word| word.to_string_lossy().into_owned());
    if words.next().as_deref() != Some("record") {
        bail!("what is to be done: `record`");
    }
    run::shown(recorder(words))?;
    Ok(ExitCode::SUCCESS)
}

fn recorder(arguments: impl Iterator<Item = String>) -> Command {
    let mut recorder = cargo(["run", "--quiet", "--package", "kefu-providers"]);
    recorder.args(["--features", "recorder", "--bin", "kefu-record", "--"]).args(arguments);
    recorder
}
