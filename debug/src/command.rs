//! How a stopped thread goes on.

use wherever::convert::TypeText;
use wherever::{Error, FromValue, IntoValue, Value};

use crate::tuple::unlike;

/// How a stopped thread goes on. It crosses as a tuple: a word, for two of them with a line, and for those that are of
/// another frame than the innermost one with its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Until it is stopped again.
    Continue,
    /// To the next line, into calls.
    Step,
    /// To the next line of this function, over calls.
    Next,
    /// To the next line of the frame of this index.
    NextIn(u32),
    /// Until the present function returns.
    Return,
    /// Until the frame of this index returns.
    ReturnFrom(u32),
    /// Until this line or a greater one is reached in this frame.
    Until(u32),
    /// Until this line or a greater one is reached in the frame of this index, which stands second.
    UntilIn(u32, u32),
    /// Nowhere: this line is made the next one, and the thread stops there at once.
    Jump(u32),
    /// On for good: the process detaches.
    Detach,
    /// The code of the thread is ended by an error.
    Quit,
}

const WANTED: &str = "a command, such as (\"continue\",) or (\"until\", 12)";

impl Command {
    /// The command that this word and these numbers are for.
    fn of(word: &str, numbers: &[u32]) -> Option<Self> {
        Some(match (word, numbers) {
            ("continue", []) => Self::Continue,
            ("step", []) => Self::Step,
            ("next", []) => Self::Next,
            ("next", [frame]) => Self::NextIn(*frame),
            ("return", []) => Self::Return,
            ("return", [frame]) => Self::ReturnFrom(*frame),
            ("until", [line]) => Self::Until(*line),
            ("until", [line, frame]) => Self::UntilIn(*line, *frame),
            ("jump", [line]) => Self::Jump(*line),
            ("detach", []) => Self::Detach,
            ("quit", []) => Self::Quit,
            _ => return None,
        })
    }
}

impl IntoValue for Command {
    fn into_value(self) -> Result<Value, Error> {
        let (word, numbers) = match self {
            Self::Continue => ("continue", [None, None]),
            Self::Step => ("step", [None, None]),
            Self::Next => ("next", [None, None]),
            Self::NextIn(frame) => ("next", [Some(frame), None]),
            Self::Return => ("return", [None, None]),
            Self::ReturnFrom(frame) => ("return", [Some(frame), None]),
            Self::Until(line) => ("until", [Some(line), None]),
            Self::UntilIn(line, frame) => ("until", [Some(line), Some(frame)]),
            Self::Jump(line) => ("jump", [Some(line), None]),
            Self::Detach => ("detach", [None, None]),
            Self::Quit => ("quit", [None, None]),
        };
        Ok(Value::tuple([Value::text(word)].into_iter().chain(numbers.into_iter().flatten().map(Value::from))))
    }

    fn type_text() -> TypeText {
        "tuple".into()
    }
}

impl FromValue for Command {
    fn from_value(value: Value) -> Result<Self, Error> {
        let unknown = || unlike(WANTED, &format!("{value:?}"));
        let Value::Tuple(items) = &value else { return Err(unknown()) };
        let (word, numbers) = items.split_first().filter(|(_, numbers)| numbers.len() <= 2).ok_or_else(unknown)?;
        let word: String = word.clone().to()?;
        let numbers = numbers.iter().map(|number| number.clone().to::<u32>()).collect::<Result<Vec<_>, _>>()?;
        Self::of(&word, &numbers).ok_or_else(unknown)
    }

    fn type_text() -> TypeText {
        "tuple".into()
    }
}
