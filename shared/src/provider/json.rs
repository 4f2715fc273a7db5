//! Looking into JSON whose authors disagree about types.

use super::sse::Sse;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

mod node;

pub(super) use node::Node;

/// The JSON that a text is, if it is any: one reader for all who ask.
#[inline(never)]
pub(super) fn parse(text: &str) -> Option<Node<'_>> {
    serde_json::from_str(text).ok()
}

/// The text under `key`, unless it is empty or no text.
pub(super) fn text<'a>(value: &'a Node<'a>, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The text or number under `key`, as text, unless it is empty.
pub(super) fn word(value: &Node<'_>, key: &str) -> Option<String> {
    if let Node::Number(number) = value.get(key)? {
        return Some(number.to_string());
    }
    text(value, key).map(str::to_owned)
}

/// The text under `key`, or whatever else is there as JSON, unless it is empty or null.
pub(super) fn any<'a>(value: &'a Node<'a>, key: &str) -> Option<Cow<'a, str>> {
    let found = value.get(key).filter(|found| !matches!(found, Node::Null))?;
    match found.as_str() {
        Some(text) => (!text.is_empty()).then_some(Cow::Borrowed(text)),
        None => Some(Cow::Owned(found.to_value().to_string())),
    }
}

/// The whole number under `key`; fractions are dropped, negative ones are none.
pub(super) fn count(value: &Node<'_>, key: &str) -> Option<u64> {
    let Node::Number(number) = value.get(key)? else { return None };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float's cast saturates
    number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

/// The number under `key`.
pub(super) fn number(value: &Node<'_>, key: &str) -> Option<f64> {
    let Node::Number(number) = value.get(key)? else { return None };
    number.as_f64()
}

/// The last one of a list.
pub(super) fn last<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    value.get_mut(key)?.as_array_mut()?.last_mut()
}

/// What is in the list under `key`; nothing when there is none.
pub(super) fn list<'a>(value: &'a Node<'a>, key: &str) -> impl Iterator<Item = &'a Node<'a>> {
    value.get(key).map_or(&[][..], Node::items).iter()
}

/// An object of these fields. They are put in one by one: to collect them would bring a sort.
pub(super) fn object(fields: &mut [(&str, Value)]) -> Value {
    let mut object = Value::Object(Map::new());
    fields.iter_mut().for_each(|(key, value)| put(&mut object, key, value.take()));
    object
}

/// Adds a field to an object.
pub(super) fn put(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(key.to_owned(), value);
    }
}

/// An object of texts.
pub(super) fn texts(fields: &BTreeMap<String, String>) -> Value {
    let mut object = Value::Object(Map::new());
    fields.iter().for_each(|(key, text)| put(&mut object, key, text.as_str().into()));
    object
}

/// The JSON that a body consists of, or the first that it has in an event-stream frame: errors are
/// framed even where the response says that they are not.
pub(super) fn in_body(body: &[u8]) -> Option<Node<'_>> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    std::str::from_utf8(body).ok().and_then(parse).or_else(|| in_frames(body))
}

fn in_frames(body: &[u8]) -> Option<Node<'static>> {
    let (mut sse, mut found) = (Sse::default(), None);
    let object = |data: &str| parse(data).filter(Node::is_object).map(Node::into_owned);
    let _read = sse.push(body, |frame| {
        found = object(frame.data);
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let mut last = None;
    sse.finish(|frame| last = object(frame.data));
    found.or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_read_alike() {
        let value = r#"{"a": 4016, "b": "4016", "c": "", "d": null, "e": 2.9, "f": -1}"#;
        let value = parse(value).unwrap();
        assert_eq!(word(&value, "a"), word(&value, "b"));
        assert_eq!([text(&value, "c"), text(&value, "d"), text(&value, "x")], [None; 3]);
        assert_eq!(
            ["a", "e", "f", "b"].map(|key| count(&value, key)),
            [Some(4016), Some(2), None, None]
        );
    }

    #[test]
    fn a_body_is_json_or_has_a_frame_of_it() {
        for body in [
            "{\"code\":1}",
            "\u{feff} {\"code\":1}\n",
            "event: error\ndata: {\"code\":1}\n\n",
            ": x\n\ndata: {\"code\":1}",
        ] {
            let found = in_body(body.as_bytes()).expect(body);
            assert_eq!(count(&found, "code"), Some(1), "{body}");
        }
        assert!(in_body(b"<html></html>").is_none());
    }
}
