//! Whether an object has what an interface asks for: by structure, never by name alone.

use std::fmt::Write;

use crate::error::Error;
use crate::shape::{Category, Member, MemberKind, Shape};
use crate::typed::signature::{Told, read};

/// Checks a shape against the members of an interface.
///
/// # Errors
/// [`Error::Convert`] lists everything that does not fit.
pub(super) fn check(shape: &Shape, interface: &str, members: &[Member]) -> Result<(), Error> {
    if shape.category() == Category::Promise {
        return Ok(());
    }
    let misfits: Vec<String> = members.iter().filter_map(|member| misfit(shape, member)).collect();
    if misfits.is_empty() {
        return Ok(());
    }
    let mut found = format!("{}, which does not fit:", shape.name());
    for misfit in misfits {
        let _ = write!(found, "\n  {misfit}");
    }
    Err(Error::convert(format!("an object with the interface {interface}"), found))
}

/// What does not fit of one member.
fn misfit(shape: &Shape, wanted: &Member) -> Option<String> {
    let name = &wanted.name;
    let kind = if wanted.kind == MemberKind::Attribute { "attribute" } else { "method" };
    let Some(found) = shape.find(name) else {
        // What an instance has of its own is not told by the shape of its type.
        return shape.is_closed().then(|| format!("it has no {kind} `{name}`"));
    };
    match (wanted.kind, found.kind) {
        (MemberKind::Attribute, MemberKind::Attribute) => {
            let closed = wanted.writable && !found.writable && shape.is_closed();
            closed.then(|| format!("the attribute `{name}` cannot be written")).or_else(|| called(wanted, found))
        }
        (MemberKind::Attribute, _) => Some(format!("`{name}` is a method, not an attribute")),
        (_, MemberKind::Attribute) => Some(format!("`{name}` is an attribute, not a method")),
        _ => called(wanted, found),
    }
}

/// What of the signatures does not fit.
fn called(wanted: &Member, found: &Member) -> Option<String> {
    let (ours, theirs) = (read(&wanted.signature)?, read(&found.signature)?);
    let name = &wanted.name;
    if let Some(missing) = theirs.by_name {
        return Some(format!("`{name}` wants its argument `{missing}` by name: {}", found.signature));
    }
    if let Some(text) = count(&ours, &theirs) {
        return Some(format!("`{name}` {text}: {}", found.signature));
    }
    let types = ours.types.iter().zip(&theirs.types).enumerate();
    for (at, (given, taken)) in types {
        if let (Some(given), Some(taken)) = (given, taken)
            && !goes_for(given, taken)
        {
            return Some(format!("`{name}` takes {taken} as argument {}, not {given}", at + 1));
        }
    }
    match (ours.result, theirs.result) {
        (Some(wanted), Some(given)) if !goes_for(given, wanted) => {
            let verb = if found.kind == MemberKind::Attribute { "is" } else { "gives" };
            Some(format!("`{name}` {verb} {given}, not {wanted}"))
        }
        _ => None,
    }
}

fn count(ours: &Told<'_>, theirs: &Told<'_>) -> Option<String> {
    let (given, least, most) = (ours.types.len(), theirs.required, theirs.types.len());
    if given < least {
        Some(format!("takes at least {least} arguments, not {given}"))
    } else if given > most && !theirs.takes_more {
        Some(format!("takes at most {most} arguments, not {given}"))
    } else {
        None
    }
}

/// Words for types of which it is known what they are, and what else goes for them.
const KNOWN: [(&str, &[&str]); 10] = [
    ("None", &["None"]),
    ("bool", &["bool", "int", "float"]),
    ("int", &["int", "float"]),
    ("float", &["float"]),
    ("str", &["str"]),
    ("bytes", &["bytes", "bytearray"]),
    ("bytearray", &["bytes", "bytearray"]),
    ("list", &["list", "tuple", "set", "bytes"]),
    ("dict", &["dict"]),
    ("set", &["set", "list"]),
];

/// Whether a value of one type can go where the other is wanted, as far as their words tell: only what is certain to
/// fail is refused.
fn goes_for(given: &str, wanted: &str) -> bool {
    let bare = |text: &str| text.split('[').next().unwrap_or_default().trim().to_owned();
    let either = |text: &str| text.contains('|');
    if given == wanted || either(given) || either(wanted) {
        return true;
    }
    let (given, wanted) = (bare(given), bare(wanted));
    let is_known = |word: &str| KNOWN.iter().any(|(known, _)| *known == word);
    match KNOWN.iter().find(|(known, _)| *known == given) {
        Some((_, goes)) if is_known(&wanted) => goes.contains(&wanted.as_str()),
        _ => true,
    }
}
