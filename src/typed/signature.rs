//! Signatures of members: written for people of any language, and read for the check of a typed proxy.

use std::fmt::Write;

use crate::convert::TypeText;

/// One parameter of a member, as its signature tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type; empty if not known.
    pub type_text: TypeText,
    /// What stands for it where it is left out, as its language writes it.
    pub default: Option<String>,
}

impl Parameter {
    /// A parameter that must be given.
    pub fn required(name: &str, type_text: TypeText) -> Self {
        Self { name: name.to_owned(), type_text, default: None }
    }

    /// A parameter that may be left out.
    pub fn optional(name: &str, type_text: TypeText, default: &str) -> Self {
        Self { default: Some(default.to_owned()), ..Self::required(name, type_text) }
    }
}

/// The signature of a member: `(steps: int, speed: float = 1.0) -> None`.
pub fn signature(parameters: &[Parameter], result: &str) -> String {
    let mut text = "(".to_owned();
    for (at, parameter) in parameters.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{}: {}", parameter.name, parameter.type_text);
        if let Some(default) = &parameter.default {
            let _ = write!(text, " = {default}");
        }
    }
    let _ = write!(text, ") -> {result}");
    text
}

/// What a signature says of how a member can be called.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// Types of the parameters by position, where they are told.
    pub(super) types: Vec<Option<&'a str>>,
    /// How many of these must be given.
    pub(super) required: usize,
    /// It takes any number by position.
    pub(super) takes_more: bool,
    /// The name of one that must be given by name.
    pub(super) by_name: Option<&'a str>,
    /// The type of the result, where it is told.
    pub(super) result: Option<&'a str>,
}

/// Reads a signature in the notation that Python and this library use; `None` for one that is told in another, or not at
/// all: nothing can be said of such a member.
pub(super) fn read(text: &str) -> Option<Told<'_>> {
    let inner = text.trim().strip_prefix('(')?;
    let close = split_at(inner, ')')?;
    let (list, rest) = (&inner[..close], inner[close + 1..].trim());
    let mut told = Told { result: rest.strip_prefix("->").map(str::trim), ..Told::default() };
    let mut by_name = false;
    for (at, part) in parts(list).into_iter().enumerate() {
        match part {
            "" if list.trim().is_empty() => {}
            "self" if at == 0 => {}
            "/" => {}
            "*" => by_name = true,
            part if part.starts_with("**") => {}
            part if part.starts_with('*') => (told.takes_more, by_name) = (true, true),
            part => told.add(part, by_name)?,
        }
    }
    Some(told)
}

impl<'a> Told<'a> {
    fn add(&mut self, part: &'a str, by_name: bool) -> Option<()> {
        let default = split_at(part, '=');
        let declared = part[..default.unwrap_or(part.len())].trim();
        let colon = split_at(declared, ':');
        let name = declared[..colon.unwrap_or(declared.len())].trim();
        let is_name = |c: char| c == '_' || c.is_alphanumeric();
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        match (by_name, default) {
            (true, None) => self.by_name = Some(name),
            (true, Some(_)) => {}
            (false, default) => {
                self.types.push(colon.map(|colon| declared[colon + 1..].trim()));
                if default.is_none() {
                    self.required = self.types.len();
                }
            }
        }
        Some(())
    }
}

/// What stands between commas that are in no brackets and no quotes.
fn parts(mut text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some(comma) = split_at(text, ',') {
        parts.push(text[..comma].trim());
        text = &text[comma + 1..];
    }
    if !text.trim().is_empty() || parts.is_empty() {
        parts.push(text.trim());
    }
    parts
}

/// Where this first stands outside of brackets and quotes.
fn split_at(text: &str, wanted: char) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) => quote = (c != open).then_some(open),
            (None, c) if c == wanted && depth == 0 => return Some(at),
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_peer_says_of_a_member_is_read_or_not() {
        let pieces =
            ["(", ")", "[", "]", "{", "}", "'", "\"", "\\", ",", ":", "=", "*", "/", "->", "\u{1f980}", "é", " ", "a"];
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut text = "(".to_owned();
            for _ in 0..state % 13 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let _ = read(&text);
            let _ = read(&format!("{text})"));
        }
        for piece in pieces {
            let long = piece.repeat(1 << 15);
            let _ = read(&format!("({long}) -> {long}"));
            let _ = read(&format!("(a: {long} = {long}, b) -> {long}"));
        }
    }

    #[test]
    fn signatures_are_read() {
        let told = read("(self, a: dict[str, int], /, b=',)', *rest, c: int = 1, **more) -> list[é]").expect("read");
        assert_eq!(told.types, [Some("dict[str, int]"), None]);
        assert_eq!((told.required, told.takes_more, told.by_name, told.result), (1, true, None, Some("list[é]")));
        assert_eq!(read("(*, only: int)").and_then(|told| told.by_name), Some("only"));
        for strange in ["", "a", "(", "(()", "(a b)", "(:)", "(\u{1f980})"] {
            assert_eq!(read(strange), None, "{strange}");
        }
    }
}
