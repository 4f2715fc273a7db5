//! The reader of event streams against the standard, written down as plainly as it is there.

use kefu_shared::provider::sse::Sse;
use std::ops::ControlFlow;

/// Name and data.
type Frames = Vec<(String, String)>;

/// Cut anywhere, a stream has the frames that the standard says.
///
/// # Panics
/// When it has others.
pub fn holds(input: &[u8]) {
    let standard = by_the_standard(input);
    for size in [crate::cut(input), input.len().max(1)] {
        assert_eq!(read(input, size), standard, "in pieces of {size}");
    }
}

fn read(body: &[u8], size: usize) -> Frames {
    let (mut sse, mut frames) = (Sse::default(), Frames::new());
    for piece in body.chunks(size) {
        let read = sse.push(piece, |frame| {
            frames.push((frame.event.to_owned(), frame.data.to_owned()));
            ControlFlow::Continue(())
        });
        if read.is_err() {
            break;
        }
    }
    // Whatever it makes of the rest is no part of the standard.
    sse.finish(|_| {});
    frames
}

/// WHATWG HTML, section 9.2.6, without ids and times, on the whole of a body.
fn by_the_standard(body: &[u8]) -> Frames {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let (mut frames, mut event, mut data) = (Frames::new(), String::new(), String::new());
    for line in lines(text) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.is_empty() => {
                if let Some(data) = data.strip_suffix('\n') {
                    frames.push((event.clone(), data.to_owned()));
                }
                event.clear();
                data.clear();
            }
            "event" => value.clone_into(&mut event),
            "data" => {
                data.push_str(value);
                data.push('\n');
            }
            _ => {}
        }
    }
    frames
}

/// Those that are ended, by CR LF, LF or CR.
fn lines(text: &str) -> Vec<&str> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while let Some(end) = rest.find(['\n', '\r']) {
        let (line, after) = rest.split_at(end);
        lines.push(line);
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..)).unwrap_or_default();
    }
    lines
}
