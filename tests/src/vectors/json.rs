//! As much of JSON as the vectors need: written so that people can read it, and read back.

use std::fmt::Write;

/// A JSON value; maps keep their order, numbers are whole and not negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(u64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Map(Vec<(String, Json)>),
}

/// Length up to which a value stays on one line.
const LINE_LEN: usize = 110;

impl Json {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Json::Text(text.into())
    }

    /// An array.
    pub fn list(items: impl IntoIterator<Item = Json>) -> Self {
        Json::List(items.into_iter().collect())
    }

    /// An object.
    pub fn map<const N: usize>(entries: [(&str, Json); N]) -> Self {
        Json::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// Bytes as a string of hexadecimal digits.
    pub fn hex(bytes: &[u8]) -> Self {
        Json::Text(bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }

    /// What an object has under this key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A string's text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn as_number(&self) -> Option<u64> {
        match self {
            Json::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// An array's items.
    pub fn as_list(&self) -> Option<&[Json]> {
        match self {
            Json::List(items) => Some(items),
            _ => None,
        }
    }

    /// The bytes of a string of hexadecimal digits.
    pub fn as_bytes(&self) -> Option<Vec<u8>> {
        let digits = self.as_text()?;
        let places = (0..digits.len()).step_by(2);
        places.map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
    }

    /// The value as text, broken into lines where it is long.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_at(0, 0, &mut out);
        out.push('\n');
        out
    }

    /// Writes the value `used` places into a line that began at `indent`.
    fn write_at(&self, indent: usize, used: usize, out: &mut String) {
        let short = self.short();
        let entries: Vec<(String, &Json)> = match self {
            Json::List(items) => items.iter().map(|item| (String::new(), item)).collect(),
            Json::Map(entries) => entries.iter().map(|(key, value)| (format!("{}: ", quoted(key)), value)).collect(),
            _ => Vec::new(),
        };
        if entries.is_empty() || indent + used + short.len() <= LINE_LEN {
            out.push_str(&short);
            return;
        }
        let (open, close) = if matches!(self, Json::List(_)) { ('[', ']') } else { ('{', '}') };
        out.push(open);
        let inner = indent + 2;
        for (place, (key, value)) in entries.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            let _ = write!(out, "{comma}\n{:inner$}{key}", "");
            value.write_at(inner, key.len() + 1, out);
        }
        let _ = write!(out, "\n{:indent$}{close}", "");
    }

    /// The value on one line.
    fn short(&self) -> String {
        match self {
            Json::Null => "null".into(),
            Json::Bool(bool) => bool.to_string(),
            Json::Number(number) => number.to_string(),
            Json::Text(text) => quoted(text),
            Json::List(items) => format!("[{}]", joined(items.iter().map(Json::short))),
            Json::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), value.short()));
                format!("{{{}}}", joined(entries))
            }
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The text in quotes, with what JSON wants escaped, and all that is not plain ASCII, for tools that guess encodings.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                let _ = write!(out, "\\u{unit:04x}");
            }),
        }
    }
    out.push('"');
    out
}

/// The value that a text holds; `None` if it is not JSON as far as it is known here.
pub fn parse(text: &str) -> Option<Json> {
    let mut parser = Parser { rest: text };
    let value = parser.value()?;
    parser.skip();
    parser.rest.is_empty().then_some(value)
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes this, if it comes next.
    fn take(&mut self, word: &str) -> Option<()> {
        self.skip();
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    fn value(&mut self) -> Option<Json> {
        self.skip();
        match self.rest.chars().next()? {
            'n' => self.take("null").map(|()| Json::Null),
            't' => self.take("true").map(|()| Json::Bool(true)),
            'f' => self.take("false").map(|()| Json::Bool(false)),
            '"' => self.string().map(Json::Text),
            '[' => self.sequence("[", "]", Self::value).map(Json::List),
            '{' => self.sequence("{", "}", Self::entry).map(Json::Map),
            _ => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at(end);
                self.rest = rest;
                digits.parse().ok().map(Json::Number)
            }
        }
    }

    fn entry(&mut self) -> Option<(String, Json)> {
        self.skip();
        let key = self.string()?;
        self.take(":")?;
        Some((key, self.value()?))
    }

    fn sequence<T>(&mut self, open: &str, close: &str, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.take(open)?;
        let mut items = Vec::new();
        if self.take(close).is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.take(close).is_some() {
                return Some(items);
            }
            self.take(",")?;
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '"' => return String::from_utf16(&units).ok(),
                '\\' if self.rest.starts_with('u') => {
                    units.push(u16::from_str_radix(self.rest.get(1..5)?, 16).ok()?);
                    self.rest = &self.rest[5..];
                }
                '\\' => {
                    units.push(u16::from(u8::try_from(self.rest.chars().next()?).ok()?));
                    self.rest = &self.rest[1..];
                }
                other => units.extend_from_slice(other.encode_utf16(&mut [0; 2])),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = Json::list((0..60).map(Json::Number));
        let text = Json::text("a \"quote\", a \\, a crab \u{1f980} and a\nline");
        let value = Json::map([("long", long), ("text", text), ("none", Json::Null), ("empty", Json::list([]))]);
        assert!(value.write().lines().count() > 60);
        assert_eq!(parse(&value.write()), Some(value));
        assert_eq!(parse("[1, 2"), None);
        assert_eq!(Json::hex(&[0, 255]).as_bytes(), Some(vec![0, 255]));
    }
}
