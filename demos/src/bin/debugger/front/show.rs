//! How what was found is told.

use wherever_debug::{Breakpoint, Place, Reason, Stop, Variable};

use crate::front::say;

/// The file's name, without the folders that it is in.
pub(crate) fn short(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

pub(super) fn place(place: &Place) -> String {
    format!("{}:{} in {}{}", short(&place.file), place.line, place.function, place.signature)
}

pub(super) fn stop(stop: &Stop) {
    let why = match (stop.reason, &*stop.breakpoints) {
        (Reason::Breakpoint, hit) => {
            let ids: Vec<String> = hit.iter().map(ToString::to_string).collect();
            format!("breakpoint {}", ids.join(", "))
        }
        (Reason::Return, _) => format!("returns {}", stop.detail),
        (Reason::Exception, _) => format!("error: {}", stop.detail),
        (other, _) => other.word().to_owned(),
    };
    say(&format!("stopped: {why}"));
    if !stop.detail.is_empty() && !matches!(stop.reason, Reason::Return | Reason::Exception) {
        say(&format!("*** {}", stop.detail));
    }
    if let Some(innermost) = stop.places.last() {
        here(innermost);
    }
}

/// A place and its line.
pub(super) fn here(innermost: &Place) {
    say(&format!("> {}", place(innermost)));
    if !innermost.text.is_empty() {
        say(&format!("-> {}", innermost.text.trim()));
    }
}

pub(super) fn frames(places: &[Place], current: usize) {
    for (index, frame) in places.iter().enumerate() {
        let mark = if index == current { '>' } else { ' ' };
        say(&format!("{mark} {index} {}", place(frame)));
    }
}

pub(super) fn variable(variable: &Variable) {
    let inner = if variable.parts == 0 { String::new() } else { format!(" of {}", variable.parts) };
    say(&format!("{} = {} ({}{inner})", variable.name, variable.text, variable.kind));
}

pub(super) fn breakpoint(set: &Breakpoint) {
    let function = if set.function.is_empty() { String::new() } else { format!(" in {}", set.function) };
    let condition = if set.condition.is_empty() { String::new() } else { format!(" if {}", set.condition) };
    let once = if set.temporary { ", once" } else { "" };
    let ignored = if set.ignore > 0 { format!(", ignoring {}", set.ignore) } else { String::new() };
    say(&format!(
        "{} at {}:{}{function}{condition}{once}{ignored}, hit {} times",
        set.id,
        short(&set.file),
        set.line,
        set.hits
    ));
}

/// The lines around one.
pub(super) fn lines(source: &[String], line: u32, marked: bool) {
    let line = line as usize;
    let first = line.saturating_sub(5).max(1);
    for (index, text) in source.iter().enumerate().skip(first - 1).take(11) {
        let mark = if marked && index + 1 == line { "->" } else { "" };
        say(format!("{:4} {mark:2} {text}", index + 1).trim_end());
    }
}
