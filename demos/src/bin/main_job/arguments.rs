//! The command line.

use wherever::wire::describe::escape;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
usage: cargo xtask demo -- [--trace] [NUMBER [ITEM ...]]

Starts a second process, and uses objects that live in it as if they were its own.

  NUMBER    the number that x.foo is given (default: 1)
  ITEM      what is in the list that x.foo is given, integers (default: 1 2 3)
  --trace   show every message that crosses, decoded
  --help    show this

Colours are left out when NO_COLOR is set, or the output is no terminal.";

/// The hidden argument that makes this program the other process.
pub(crate) const THERE: &str = "--there";
/// As [`THERE`], in colours.
pub(crate) const THERE_COLOURED: &str = "--there-coloured";

/// Items that a list may have on the command line: the story prints them.
const ITEMS_MAX: usize = 1000;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// The help.
    Help,
    /// The story, with these values.
    Story {
        /// The first argument of `x.foo`.
        number: i64,
        /// The contents of the second.
        items: Vec<i64>,
        /// Show every message.
        trace: bool,
    },
    /// To be the other process.
    There {
        /// Whether to print in colours.
        colour: bool,
    },
}

impl Wish {
    /// Reads the command line; the error is a line for whoever wrote it.
    pub(crate) fn parse(words: &[String]) -> Result<Self, String> {
        match words {
            [word] if word == THERE => return Ok(Wish::There { colour: false }),
            [word] if word == THERE_COLOURED => return Ok(Wish::There { colour: true }),
            _ if words.iter().any(|word| word == "--help" || word == "-h") => return Ok(Wish::Help),
            _ => {}
        }
        let (mut trace, mut numbers) = (false, Vec::new());
        for word in words {
            match (word.as_str(), word.parse()) {
                ("--trace", _) => trace = true,
                (_, Ok(number)) => numbers.push(number),
                (flag, Err(_)) if flag.starts_with("--") => return Err(format!("no option `{}`", escape(flag))),
                (word, Err(error)) => return Err(format!("`{}` is no integer of 64 bits: {error}", escape(word))),
            }
        }
        if numbers.len() > ITEMS_MAX {
            return Err(format!("at most {ITEMS_MAX} numbers, please: the story prints them"));
        }
        let mut numbers = numbers.into_iter();
        let number = numbers.next();
        let items: Vec<i64> = numbers.collect();
        let items = if number.is_none() { vec![1, 2, 3] } else { items };
        Ok(Wish::Story { number: number.unwrap_or(1), items, trace })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Wish, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Wish::parse(&words)
    }

    #[test]
    fn numbers_and_options_may_be_mixed() {
        assert_eq!(parse(""), Ok(Wish::Story { number: 1, items: vec![1, 2, 3], trace: false }));
        assert_eq!(parse("7 -10 --trace 20"), Ok(Wish::Story { number: 7, items: vec![-10, 20], trace: true }));
        assert_eq!(parse("7"), Ok(Wish::Story { number: 7, items: vec![], trace: false }));
        assert_eq!(parse("1 --help x"), Ok(Wish::Help));
        assert_eq!(parse(THERE), Ok(Wish::There { colour: false }));
    }

    #[test]
    fn what_is_no_number_is_quoted() {
        assert!(parse("1 two").unwrap_err().contains("`two`"));
        assert!(parse("99999999999999999999").unwrap_err().contains("too large"));
        assert!(parse("--tarce").unwrap_err().contains("no option `--tarce`"));
        assert!(parse("\u{1b}[2J").unwrap_err().contains("`\\u{1b}[2J`"));
    }
}
