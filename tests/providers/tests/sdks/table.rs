//! Fixture × adapter × SDK, as a page.

use crate::Read;
use crate::reasons::REASONS;
use kefu_test_host::workspace;
use std::collections::BTreeSet;
use std::fs;

const PAGE: &str = "docs/providers-sdks.md";
const HEAD: &str = "\
# Our adapters and the services' own SDKs

Written by `cargo xtask test --only sdks`: every fixture of `tests/fixtures/providers`, served over a
socket to our adapter and to the official SDKs. Compared are the text, how it ended, tokens and the
code of an error. Where an SDK reads something else the reason is below; one without a reason fails
the test. FastGPT and Workers AI have no SDK of their own and tell people to take OpenAI's; Dify's
hands out raw bytes, so there is nothing to compare.

";

/// What was read of a case.
#[derive(Debug)]
pub(crate) struct Row {
    case: String,
    adapter: &'static str,
    ours: Read,
    pub(crate) theirs: Vec<(&'static str, Read)>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
}

impl Row {
    pub(crate) fn new(case: &str, adapter: &'static str, ours: Read) -> Self {
        Self { case: case.to_owned(), adapter, ours, theirs: Vec::new() }
    }

    /// Where an SDK reads something else: the SDK, what differs, what each has.
    fn differences(&self) -> impl Iterator<Item = (&'static str, &'static str, String)> {
        self.theirs.iter().flat_map(|(sdk, read)| {
            fields(&self.ours).into_iter().zip(fields(read)).filter_map(|(ours, theirs)| {
                let told = format!("{}, not {}", theirs.1, ours.1);
                (ours != theirs).then_some((*sdk, ours.0, told))
            })
        })
    }

    fn line(&self) -> String {
        let cells =
            crate::SDKS.iter().map(|sdk| match self.theirs.iter().find(|it| it.0 == sdk.name) {
                None => "–".to_owned(),
                Some(_) => self.verdict(sdk.name),
            });
        let cells: Vec<_> = cells.collect();
        format!(
            "| {} | `{}` | {} | {} |\n",
            self.case,
            self.adapter,
            ended(&self.ours),
            cells.join(" | ")
        )
    }

    fn verdict(&self, sdk: &str) -> String {
        let differs: Vec<_> =
            self.differences().filter(|it| it.0 == sdk).map(|(_, what, _)| what).collect();
        if differs.is_empty() { "same".to_owned() } else { differs.join(", ") }
    }
}

impl Table {
    /// Differences without a reason, and reasons without a difference.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut stale: BTreeSet<_> = REASONS.iter().map(|it| (it.0, it.1, it.2)).collect();
        let mut problems = Vec::new();
        for row in &self.rows {
            for (sdk, what, told) in row.differences() {
                if !stale.remove(&(row.case.as_str(), sdk, what)) {
                    problems.push(format!("{}, {sdk}: {what} is {told}, and no reason", row.case));
                }
            }
        }
        problems.extend(stale.iter().map(|it| format!("a reason without a difference: {it:?}")));
        problems
    }

    /// Writes the page.
    pub(crate) fn keep(&self) {
        let path = workspace().join(PAGE);
        let (kept, page) = (fs::read_to_string(&path).unwrap_or_default(), self.page());
        if kept != page {
            fs::write(&path, page).expect("a page");
            panic!("{PAGE} was out of date and is written anew: look at it and commit it");
        }
    }

    fn page(&self) -> String {
        let names: Vec<_> = crate::SDKS.iter().map(|sdk| sdk.name).collect();
        let mut page = HEAD.to_owned();
        page += &format!("| fixture | adapter | we read | {} |\n", names.join(" | "));
        page += &format!("|---|---|---|{}\n", "---|".repeat(names.len()));
        page.extend(self.rows.iter().map(Row::line));
        page += "\n## Where they differ\n\n| fixture | SDK | what | theirs and ours | why |\n|---|---|---|---|---|\n";
        page.extend(self.rows.iter().flat_map(|row| {
            row.differences().map(|(sdk, what, told)| {
                let why = why(&row.case, sdk, what);
                format!("| {} | {sdk} | {what} | {told} | {why} |\n", row.case)
            })
        }));
        page
    }
}

fn why(case: &str, sdk: &str, what: &str) -> &'static str {
    let found = REASONS.iter().find(|it| (it.0, it.1, it.2) == (case, sdk, what));
    found.map_or("", |it| it.3)
}

fn ended(read: &Read) -> String {
    match &read.code {
        Some(code) => format!("{} ({code})", read.outcome),
        None => read.outcome.clone(),
    }
}

/// What is compared, by name, as it is shown.
fn fields(read: &Read) -> [(&'static str, String); 4] {
    let none = || "none".to_owned();
    let text = read.text.replace('|', "\\|").replace('\n', " ⏎ ");
    [
        ("text", format!("“{text}”")),
        ("outcome", read.outcome.clone()),
        ("usage", read.usage.map_or_else(none, |count| count.to_string())),
        ("code", read.code.clone().unwrap_or_else(none)),
    ]
}
