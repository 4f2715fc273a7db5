//! Looking into JSON whose authors disagree about types.

use super::sse::Sse;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// The JSON that a text is, if it is any: one reader for all who ask.
#[inline(never)]
pub(super) fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

/// The text under `key`, unless it is empty or no text.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The text or number under `key`, as text, unless it is empty.
pub(super) fn word(value: &Value, key: &str) -> Option<String> {
    let number = value.get(key)?.as_number().map(ToString::to_string);
    number.or_else(|| text(value, key).map(str::to_owned))
}

/// The text under `key`, or whatever else is there as JSON, unless it is empty or null.
pub(super) fn any(value: &Value, key: &str) -> Option<String> {
    let found = value.get(key).filter(|found| !found.is_null())?;
    if found.is_string() { text(value, key).map(str::to_owned) } else { Some(found.to_string()) }
}

/// The whole number under `key`; fractions are dropped, negative ones are none.
pub(super) fn count(value: &Value, key: &str) -> Option<u64> {
    let number = value.get(key)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float's cast saturates
    number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
}

/// The number under `key`.
pub(super) fn number(value: &Value, key: &str) -> Option<f64> {
    value.get(key)?.as_f64()
}

/// The last one of a list.
pub(super) fn last<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    value.get_mut(key)?.as_array_mut()?.last_mut()
}

/// What is in the list under `key`; nothing when there is none.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Remembers the text under `key` in `place`, if there is one.
pub(super) fn learn(place: &mut Option<String>, value: &Value, key: &str) {
    if let Some(text) = text(value, key) {
        *place = Some(text.to_owned());
    }
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
pub(super) fn in_body(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(body).ok().or_else(|| in_frames(body))
}

fn in_frames(body: &[u8]) -> Option<Value> {
    let (mut sse, mut found) = (Sse::default(), None);
    let mut look = |data: &str| {
        found = parse(data).filter(Value::is_object);
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let _read = sse.push(body, |frame| look(frame.data));
    let mut last = None;
    sse.finish(|frame| last = parse(frame.data).filter(Value::is_object));
    found.or(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_and_texts_read_alike() {
        let value = json!({"a": 4016, "b": "4016", "c": "", "d": null, "e": 2.9, "f": -1});
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
            assert_eq!(in_body(body.as_bytes()), Some(json!({"code": 1})), "{body}");
        }
        assert_eq!(in_body(b"<html></html>"), None);
    }
}
