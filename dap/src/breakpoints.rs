//! Breakpoints: the editor tells all of a file at once; what of them is new is set, and what is no more is cleared.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use wherever::Peer;
use wherever_debug::{DebuggerProxy, Placed};

use crate::arguments::{FunctionBreakpoint, LineBreakpoint};
use crate::editor::Refusal;

/// A breakpoint that the editor wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wanted {
    file: String,
    line: u32,
    function: String,
    condition: String,
    ignore: u32,
}

impl Wanted {
    /// At a line, which counts from 1.
    pub(crate) fn at_line(file: &str, line: u32, wanted: &LineBreakpoint) -> Result<Self, Refusal> {
        if wanted.log_message.as_ref().is_some_and(|text| !text.is_empty()) {
            return Refusal::new("a log point is not possible here: write a condition that prints");
        }
        let ignore = ignored(wanted.hit_condition.as_deref())?;
        let condition = wanted.condition.clone().unwrap_or_default();
        Ok(Self { file: file.into(), line, function: String::new(), condition, ignore })
    }

    pub(crate) fn at_function(wanted: &FunctionBreakpoint) -> Result<Self, Refusal> {
        let ignore = ignored(wanted.hit_condition.as_deref())?;
        let condition = wanted.condition.clone().unwrap_or_default();
        Ok(Self { file: String::new(), line: 0, function: wanted.name.clone(), condition, ignore })
    }
}

/// How many hits are ignored by the words of the editor.
fn ignored(hits: Option<&str>) -> Result<u32, Refusal> {
    let text = hits.unwrap_or_default().trim();
    let number = |text: &str| text.trim().parse::<u32>().ok();
    let ignored =
        match text.strip_prefix(">=").or_else(|| text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)) {
            _ if text.is_empty() => Some(0),
            Some(from) => number(from).and_then(|from| from.checked_sub(1)),
            None => text.strip_prefix('>').and_then(number),
        };
    ignored.ok_or_else(|| {
        Refusal(format!("{text:?} is no count of hits: 5 or >= 5 stops from the fifth on, > 5 after it"))
    })
}

/// Of one file, or those at functions.
type Group = Vec<(Wanted, Placed)>;

/// What is set, by file; those at functions by none.
#[derive(Default)]
pub(crate) struct Breakpoints(Mutex<BTreeMap<Option<String>, Group>>);

impl Breakpoints {
    /// Sets those of one file, or those at functions, in one round trip; none if nothing changes. Gives for each where it
    /// was set, or why not.
    pub(crate) fn set(
        &self,
        peer: &Peer,
        debugger: &DebuggerProxy,
        file: Option<&str>,
        all: Vec<Result<Wanted, Refusal>>,
    ) -> Vec<Result<Placed, Refusal>> {
        let group = file.map(str::to_owned);
        let mut before = self.0.lock().remove(&group).unwrap_or_default();
        let batch = peer.batch();
        let mut made = Vec::new();
        for wanted in all {
            made.push(wanted.map(|wanted| match before.iter().position(|(known, _)| *known == wanted) {
                Some(at) => (wanted, Ok(before.swap_remove(at).1)),
                None => {
                    let Wanted { file, line, function, condition, ignore } = &wanted;
                    let set = debugger.promise_set_breakpoint(file, *line, function, condition, *ignore, false);
                    (wanted, Err(set))
                }
            }));
        }
        let cleared: Vec<_> = before.iter().map(|(_, placed)| debugger.promise_clear_breakpoint(placed.id)).collect();
        batch.send();
        let mut kept = Vec::new();
        let placed = made.into_iter().map(|made| {
            let (wanted, placed) = made?;
            let placed = placed.or_else(|set| set.result())?;
            kept.push((wanted, placed.clone()));
            Ok(placed)
        });
        let placed = placed.collect();
        for ((wanted, at), cleared) in before.into_iter().zip(cleared) {
            // One that cannot be cleared is still set, and is tried again.
            if cleared.result().is_err() {
                kept.push((wanted, at));
            }
        }
        self.0.lock().insert(group, kept);
        placed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_hits_are_read() {
        let read = |text| ignored(Some(text));
        assert_eq!((ignored(None), read(""), read(" 1 "), read("5")), (Ok(0), Ok(0), Ok(0), Ok(4)));
        assert_eq!((read(">= 5"), read(">5"), read("> 0")), (Ok(4), Ok(5), Ok(0)));
        for text in ["0", ">= 0", "== 5", "% 2", "<5", "5 times", "-1", "+1", "99999999999"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("% 2").unwrap_err().0.starts_with("\"% 2\" is no count of hits"));
    }
}
