//! What comes with an answer besides its text, within bounds, as the log keeps it.

use crate::provider::{Attachment, Citation, Reading};
use kefu_proto::v1::{body, provider_source};
use url::Url;

/// The most of each kind; more helps nobody.
const MOST: usize = 10;
/// The longest text of one of them, in bytes.
const LONGEST: usize = 1024;

#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    /// What a file's address is relative to.
    address: Option<String>,
    suggestions: Vec<String>,
    citations: Vec<Citation>,
    files: Vec<Attachment>,
    /// Characters of reasoning.
    reasoning: usize,
}

impl Extras {
    pub(super) fn new(address: Option<String>) -> Self {
        Self { address, ..Self::default() }
    }

    /// Takes in what a reading brings besides text.
    pub(super) fn take(&mut self, reading: Reading) {
        match reading {
            Reading::Reasoning(text) => self.reasoning += text.chars().count(),
            Reading::Suggestion(text) => {
                keep(&mut self.suggestions, text.trim().to_owned(), |it| it)
            }
            Reading::Citation(source) => keep(&mut self.citations, source, |it| &it.document),
            Reading::File(file) => keep(&mut self.files, file, |it| &it.url),
            Reading::Text(_)
            | Reading::Replace(_)
            | Reading::Progress
            | Reading::Ids(_)
            | Reading::Ended(_) => {}
        }
    }

    /// Whether the visitor is given something to choose.
    pub(super) fn offers(&self) -> bool {
        !self.suggestions.is_empty()
    }

    /// Whether the answer says where it comes from.
    pub(super) fn cites(&self) -> bool {
        !self.citations.is_empty()
    }

    /// As the contract writes it; none when there is nothing.
    pub(super) fn wire(&self) -> Option<provider_source::Extras> {
        let cite = |source: &Citation| provider_source::Citation {
            document: source.document.clone(),
            score: source.score,
        };
        let extras = provider_source::Extras {
            suggestions: self.suggestions.clone(),
            citations: self.citations.iter().map(cite).collect(),
            files: self.files.iter().filter_map(|file| self.file(file)).collect(),
            reasoning: u32::try_from(self.reasoning).ok().filter(|length| *length > 0),
        };
        (extras != provider_source::Extras::default()).then_some(extras)
    }

    /// Only what a browser may follow.
    fn file(&self, file: &Attachment) -> Option<body::File> {
        let url = match &self.address {
            Some(address) => Url::parse(address).ok()?.join(&file.url).ok()?,
            None => Url::parse(&file.url).ok()?,
        };
        let in_url =
            url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
        let name = if file.name.is_empty() { in_url } else { &file.name };
        matches!(url.scheme(), "http" | "https").then(|| body::File {
            name: name.to_owned(),
            mime: if file.kind == "image" { "image/*".to_owned() } else { String::new() },
            size: 0,
            url: url.to_string(),
        })
    }
}

/// Keeps what is new, named, and not too much.
fn keep<T>(known: &mut Vec<T>, item: T, name: impl Fn(&T) -> &String) {
    let fits = (1..=LONGEST).contains(&name(&item).len()) && known.len() < MOST;
    if fits && known.iter().all(|other| name(other) != name(&item)) {
        known.push(item);
    }
}
