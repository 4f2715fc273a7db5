//! JSON as it was read: names and texts are pieces of what was read where nothing in them is
//! escaped. A stream has one of these a token, so that each text that is copied shows.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::borrow::Cow;
use std::fmt;

/// A value.
#[derive(Clone, Debug, Default)]
pub enum Node<'a> {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number.
    Number(Number),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Self>),
    /// An object's members, as they came.
    Object(Vec<(Self, Self)>),
}

impl<'a> Node<'a> {
    /// The member of that name; of several the last one.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        let mut found = members.iter().rev().filter(|(key, _)| key.as_str() == Some(name));
        found.next().map(|(_, value)| value)
    }

    /// The first one of a list.
    pub fn first(&self) -> Option<&Self> {
        self.items().first()
    }

    /// What is in a list; nothing when it is none.
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The text that it is.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The same, on its own.
    pub fn into_owned(self) -> Node<'static> {
        match self {
            Self::Null => Node::Null,
            Self::Bool(it) => Node::Bool(it),
            Self::Number(number) => Node::Number(number),
            Self::Text(text) => Node::Text(Cow::Owned(text.into_owned())),
            Self::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(members) => {
                let owned = |(name, value): (Self, Self)| (name.into_owned(), value.into_owned());
                Node::Object(members.into_iter().map(owned).collect())
            }
        }
    }

    /// The same, to be written.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.as_ref().to_owned()),
            Self::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(members) => {
                let mut object = Map::new();
                for (name, value) in members {
                    object.insert(name.as_str().unwrap_or_default().to_owned(), value.to_value());
                }
                Value::Object(object)
            }
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(it))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        // A chunk of a stream has fewer: no member moves while others come.
        let mut object = Vec::with_capacity(8);
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Node<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_read_is_what_is_written() {
        let text =
            r#"{"n":null,"b":[true,false],"i":[-1,0,18446744073709551615,0.5],"t":"\"你\n"}"#;
        assert_eq!(read(text).to_value(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(read(text).into_owned().to_value(), read(text).to_value());
    }

    #[test]
    fn of_members_of_one_name_the_last_counts() {
        assert_eq!(read(r#"{"a":1,"a":2}"#).get("a").map(Node::to_value), Some(json!(2)));
    }

    #[test]
    fn only_texts_with_escapes_are_copied() {
        let borrowed = |text| matches!(read(text), Node::Text(Cow::Borrowed(_)));
        assert_eq!([borrowed(r#""您好""#), borrowed(r#""\u4f60""#)], [true, false]);
    }
}
