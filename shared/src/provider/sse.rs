//! An incremental reader of `text/event-stream` bodies (WHATWG HTML, section 9.2.6), as strict as
//! the standard about framing and as lax as real providers need about how a body ends.

use memchr::{memchr, memchr2};
use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

/// The most bytes that one frame may have.
pub const FRAME_CAP: usize = 1024 * 1024;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// One dispatched frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Empty when the frame has no name.
    pub event: &'a str,
    /// All its data lines, joined with line feeds; bytes that are no UTF-8 read as U+FFFD.
    pub data: &'a str,
}

/// A frame grew over [`FRAME_CAP`]; nothing more can be read of this body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversized;

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a frame of the stream has more than {FRAME_CAP} bytes")
    }
}

impl std::error::Error for Oversized {}

/// Takes a body's bytes, cut anywhere, and gives its frames.
#[derive(Clone, Debug, Default)]
pub struct Sse {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    block: Block,
    /// The last byte was a carriage return: a line feed that follows belongs to it.
    after_return: bool,
    /// The first line has been read, so a byte order mark can no longer come.
    begun: bool,
}

/// What the lines since the last blank one said.
#[derive(Clone, Debug, Default)]
struct Block {
    event: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last line that is no field but looks like a JSON object: some servers end a stream with
    /// a bare error.
    stray: Vec<u8>,
}

impl Sse {
    /// Reads the next bytes and calls `each` for every frame that they end, until it breaks.
    pub fn push(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> Result<(), Oversized> {
        let mut rest = self.without_second_half(bytes);
        while let Some(end) = memchr2(b'\n', b'\r', rest) {
            let (line, terminated) = rest.split_at(end);
            rest = self.after_terminator(terminated);
            if self.end_line(line, &mut each).is_break() {
                return Ok(());
            }
            self.check(0)?;
        }
        self.check(rest.len())?;
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// Ends the body: `each` is called with what an unfinished frame holds, or with a bare JSON
    /// object. The standard discards both, so they are to be believed only when they make sense.
    pub fn finish(&mut self, mut each: impl FnMut(Frame<'_>)) {
        let mut once = |frame: Frame<'_>| {
            each(frame);
            ControlFlow::Continue(())
        };
        if !self.line.is_empty() {
            let _continues = self.end_line(&[], &mut once);
        }
        if !self.block.has_data && !self.block.stray.is_empty() {
            self.block.data = std::mem::take(&mut self.block.stray);
            self.block.has_data = true;
        }
        let _continues = self.block.dispatch(&mut once);
    }

    /// The bytes without the line feed whose carriage return ended the bytes before.
    fn without_second_half<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(first) = bytes.first() else {
            return bytes;
        };
        if std::mem::take(&mut self.after_return) && *first == b'\n' {
            return bytes.get(1..).unwrap_or_default();
        }
        bytes
    }

    /// What follows the line end that `terminated` begins with.
    fn after_terminator<'a>(&mut self, terminated: &'a [u8]) -> &'a [u8] {
        match terminated {
            [b'\r'] => {
                self.after_return = true;
                &[]
            }
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => &[],
        }
    }

    /// Reads one line, whose last bytes are `end`.
    fn end_line(
        &mut self,
        end: &[u8],
        each: &mut impl FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut line = end;
        if !self.line.is_empty() {
            self.line.extend_from_slice(end);
            line = &self.line;
        }
        if !std::mem::replace(&mut self.begun, true) {
            line = line.strip_prefix(BOM).unwrap_or(line);
        }
        let flow = self.block.line(line, each);
        self.line.clear();
        flow
    }

    fn check(&self, more: usize) -> Result<(), Oversized> {
        let Block { event, data, stray, .. } = &self.block;
        let size = self.line.len() + event.len() + data.len() + stray.len() + more;
        if size > FRAME_CAP { Err(Oversized) } else { Ok(()) }
    }
}

impl Block {
    fn line(
        &mut self,
        line: &[u8],
        each: &mut impl FnMut(Frame<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if line.is_empty() {
            return self.dispatch(each);
        }
        let (name, value) = field(line);
        match name {
            b"data" => self.add_data(value),
            b"event" => replace(&mut self.event, value),
            _ if line.starts_with(b"{") => replace(&mut self.stray, line),
            // Comments, `id`, `retry` and what no one knows.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn add_data(&mut self, value: &[u8]) {
        if self.has_data {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        self.has_data = true;
    }

    /// Ends the frame. One without any data line dispatches nothing, and its name goes with it.
    fn dispatch(&mut self, each: &mut impl FnMut(Frame<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        if self.has_data {
            let (event, data) = (lossy(&self.event), lossy(&self.data));
            flow = each(Frame { event: &event, data: &data });
            self.stray.clear();
        }
        self.event.clear();
        self.data.clear();
        self.has_data = false;
        flow
    }
}

/// A line's name and value; one space after the colon is not part of the value.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = memchr(b':', line) else {
        return (line, &[]);
    };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default();
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

fn replace(target: &mut Vec<u8>, value: &[u8]) {
    target.clear();
    target.extend_from_slice(value);
}

/// As the standard library's, which looks at each byte even where all is well.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Frames = Vec<(String, String)>;

    fn read(body: &[u8], size: usize) -> (Frames, Frames) {
        let (mut sse, mut frames, mut tail) = (Sse::default(), Vec::new(), Vec::new());
        for chunk in body.chunks(size) {
            sse.push(chunk, |frame| {
                frames.push((frame.event.to_owned(), frame.data.to_owned()));
                ControlFlow::Continue(())
            })
            .unwrap();
        }
        sse.finish(|frame| tail.push((frame.event.to_owned(), frame.data.to_owned())));
        (frames, tail)
    }

    #[track_caller]
    fn check(body: &[u8], frames: &[(&str, &str)], tail: &[(&str, &str)]) {
        let owned = |of: &[(&str, &str)]| -> Frames {
            of.iter().map(|(event, data)| ((*event).to_owned(), (*data).to_owned())).collect()
        };
        for size in [1, 2, 3, 7, 64, body.len().max(1)] {
            let expected = (owned(frames), owned(tail));
            assert_eq!(read(body, size), expected, "in pieces of {size} bytes");
        }
    }

    #[test]
    fn lines_end_with_line_feeds_carriage_returns_or_both() {
        check(
            b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n",
            &[("", "a"), ("", "b"), ("", "c"), ("", "d")],
            &[],
        );
    }

    #[test]
    fn characters_that_only_look_like_line_ends_are_text() {
        check("data: a\u{2028}b\u{85}c\n\n".as_bytes(), &[("", "a\u{2028}b\u{85}c")], &[]);
    }

    #[test]
    fn one_byte_order_mark_is_dropped_and_only_at_the_start() {
        check("\u{feff}data: a\n\n".as_bytes(), &[("", "a")], &[]);
        check("\u{feff}\u{feff}data: a\n\n".as_bytes(), &[], &[]);
        check("data: a\n\n\u{feff}data: b\n\n".as_bytes(), &[("", "a")], &[]);
    }

    #[test]
    fn one_space_after_the_colon_is_dropped_and_nothing_else() {
        check(b"event:x\ndata:  a \n\n", &[("x", " a ")], &[]);
    }

    #[test]
    fn data_lines_join_and_an_empty_one_counts() {
        check(b"data: a\ndata\ndata: b\n\ndata:\n\n", &[("", "a\n\nb"), ("", "")], &[]);
    }

    #[test]
    fn a_name_without_data_is_forgotten() {
        check(b"event: ping\n\ndata: a\n\n", &[("", "a")], &[]);
    }

    #[test]
    fn comments_ids_retries_and_unknown_fields_say_nothing() {
        check(b": x\n\n:\nid: 1\nretry: 3\nwhat\nother: y\n\ndata: a\n\n", &[("", "a")], &[]);
    }

    #[test]
    fn a_body_cut_short_leaves_its_last_frame_for_inspection() {
        check(b"data: a\n\nevent: e\ndata: b\nda", &[("", "a")], &[("e", "b")]);
        check(b"data: [DONE]", &[], &[("", "[DONE]")]);
        check(b"data: a\n\nevent: e\n", &[("", "a")], &[]);
    }

    #[test]
    fn a_bare_object_at_the_end_is_left_for_inspection() {
        for end in ["", "\n", "\n\n", "\r\n\r\n"] {
            let body = format!("data: a\n\n{{\"code\":1}}{end}");
            check(body.as_bytes(), &[("", "a")], &[("", "{\"code\":1}")]);
        }
    }

    #[test]
    fn what_is_no_utf8_is_replaced_in_its_own_frame() {
        check(
            b"data: \xF0\x9F\x99\xffa\n\ndata: b\n\n",
            &[("", "\u{fffd}\u{fffd}a"), ("", "b")],
            &[],
        );
    }

    #[test]
    fn a_frame_over_the_cap_ends_the_reading() {
        let feed = |pieces: &[Vec<u8>]| {
            let mut sse = Sse::default();
            pieces.iter().try_for_each(|piece| sse.push(piece, |_| ControlFlow::Continue(())))
        };
        let (half, line) = (vec![b'a'; FRAME_CAP / 2], b"data: ".to_vec());
        let full = [line.as_slice(), &half, b"\n"].concat();
        assert_eq!(feed(&[line, half.clone(), half]), Err(Oversized), "one long line");
        assert_eq!(feed(&[full.clone(), full.clone()]), Err(Oversized), "many lines");
        let ended = [full, b"\n".to_vec()].concat();
        assert_eq!(feed(&[ended.clone(), ended.clone(), ended]), Ok(()), "the cap is a frame's");
    }

    #[test]
    fn nothing_is_read_after_a_break() {
        let (mut sse, mut seen) = (Sse::default(), 0);
        let read = sse.push(b"data: a\n\ndata: b\n\n", |_| {
            seen += 1;
            ControlFlow::Break(())
        });
        assert_eq!((read, seen), (Ok(()), 1));
    }
}
