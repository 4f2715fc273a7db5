//! What must hold of every adapter, whatever a server sends.

use kefu_shared::config::ProviderKind;
use kefu_shared::provider::answer::TEXT_CAP;
use kefu_shared::provider::{BodyEnd, Citation, Ending, Ids, Reading, ResponseHead, reader};
use kefu_shared::time::Millis;

/// What a status may be; most bodies come with success.
const STATUSES: [u16; 8] = [200, 200, 200, 200, 400, 429, 500, 200];

/// A body reads the same cut anywhere, by a reader that is copied between the pieces; it ends
/// exactly once and says nothing afterwards; no text is over the cap.
///
/// # Panics
/// When one of these does not hold.
pub fn holds(kind: ProviderKind, input: &[u8]) {
    let last = usize::from(input.last().copied().unwrap_or_default());
    let status = STATUSES.get(last / 32).copied().unwrap_or(200);
    let how = if last.is_multiple_of(2) { BodyEnd::Clean } else { BodyEnd::Reset };
    let head = ResponseHead { status, headers: Vec::new(), at: Millis::default() };
    let whole = read(kind, &head, input, input.len().max(1), how);
    let cut = read(kind, &head, input, crate::cut(input), how);
    assert_eq!(whole, cut, "in pieces of {}", crate::cut(input));
    assert!(whole.text.len() <= TEXT_CAP && whole.reasoning.len() <= TEXT_CAP);
}

/// What was read, joined.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    text: String,
    reasoning: String,
    suggestions: Vec<String>,
    citations: Vec<Citation>,
    files: Vec<String>,
    ids: Ids,
    ending: Option<Ending>,
}

fn read(kind: ProviderKind, head: &ResponseHead, body: &[u8], size: usize, how: BodyEnd) -> Seen {
    let (mut reader, mut out) = (reader(kind, head.clone()), Vec::new());
    for piece in body.chunks(size) {
        // As where a step is taken on a copy.
        reader = reader.clone();
        reader.push(piece, &mut out);
        if reader.linger().is_some() {
            assert!(!ended(&out), "it has ended and waits for more");
        }
    }
    reader.finish(how, &mut out);
    assert!(ended(&out), "the end is not last");
    let told = out.len();
    reader.push(b"data: {}\n\n", &mut out);
    reader.finish(how, &mut out);
    assert_eq!(out.len(), told, "it speaks after the end");
    let mut seen = Seen::default();
    out.into_iter().for_each(|reading| seen.take(reading));
    seen
}

fn ended(out: &[Reading]) -> bool {
    matches!(out.last(), Some(Reading::Ended(_)))
}

impl Seen {
    fn take(&mut self, reading: Reading) {
        match reading {
            Reading::Text(text) => self.text.push_str(&text),
            Reading::Replace(text) => self.text = text,
            Reading::Reasoning(text) => self.reasoning.push_str(&text),
            Reading::Suggestion(text) => self.suggestions.push(text),
            Reading::Citation(citation) => self.citations.push(citation),
            Reading::File(file) => self.files.push(file.url),
            Reading::Ids(ids) => self.ids = ids,
            Reading::Progress => {}
            Reading::Ended(ending) => {
                assert!(self.ending.is_none(), "a second end");
                self.ending = Some(ending);
            }
        }
    }
}
