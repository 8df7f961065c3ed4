//! How a stopped thread goes on.

use wherever::convert::TypeText;
use wherever::{Error, FromValue, IntoValue, Value};

use crate::tuple::{exactly, unlike};

/// How a stopped thread goes on. It crosses as a tuple: a word, for two of them with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Until it is stopped again.
    Continue,
    /// To the next line, into calls.
    Step,
    /// To the next line of this function, over calls.
    Next,
    /// Until the present function returns.
    Return,
    /// Until this line or a greater one is reached in this frame.
    Until(u32),
    /// Nowhere: this line is made the next one, and the thread stops there at once.
    Jump(u32),
    /// On for good: the process detaches.
    Detach,
    /// The code of the thread is ended by an error.
    Quit,
}

const WANTED: &str = "a command, such as (\"continue\",) or (\"until\", 12)";

impl Command {
    /// The command without a line that this word is for.
    fn plain(word: &str) -> Option<Self> {
        Some(match word {
            "continue" => Self::Continue,
            "step" => Self::Step,
            "next" => Self::Next,
            "return" => Self::Return,
            "detach" => Self::Detach,
            "quit" => Self::Quit,
            _ => return None,
        })
    }

    /// The command with a line.
    fn to_line(word: &str, line: u32) -> Option<Self> {
        match word {
            "until" => Some(Self::Until(line)),
            "jump" => Some(Self::Jump(line)),
            _ => None,
        }
    }
}

impl IntoValue for Command {
    fn into_value(self) -> Result<Value, Error> {
        let (word, line) = match self {
            Self::Continue => ("continue", None),
            Self::Step => ("step", None),
            Self::Next => ("next", None),
            Self::Return => ("return", None),
            Self::Until(line) => ("until", Some(line)),
            Self::Jump(line) => ("jump", Some(line)),
            Self::Detach => ("detach", None),
            Self::Quit => ("quit", None),
        };
        Ok(Value::tuple([Value::text(word)].into_iter().chain(line.map(Value::from))))
    }

    fn type_text() -> TypeText {
        "tuple".into()
    }
}

impl FromValue for Command {
    fn from_value(value: Value) -> Result<Self, Error> {
        let (word, line) = match exactly(&value, "command", 1) {
            Ok(items) => (items[0].clone().to::<String>()?, None),
            Err(_) => {
                let items = exactly(&value, WANTED, 2)?;
                (items[0].clone().to::<String>()?, Some(items[1].clone().to::<u32>()?))
            }
        };
        let made = line.map_or_else(|| Self::plain(&word), |line| Self::to_line(&word, line));
        made.ok_or_else(|| unlike(WANTED, &format!("{value:?}")))
    }

    fn type_text() -> TypeText {
        "tuple".into()
    }
}
