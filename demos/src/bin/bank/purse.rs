//! What the processes share, purses and notes, and the bank's own process: the only place where money is.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wherever::hosts::Function;
use wherever::typed::TypedProxy;
use wherever::{DeclaredError, Error, IntoValue, Node, Own};

/// Why a purse refused. Whatever else a call can end with is an error of the library's.
#[derive(Debug, DeclaredError)]
pub(crate) enum BankError {
    Short {
        wanted: u64,
        there: u64,
    },
    NotOfThisBank,
    #[wherever(remote)]
    Remote(Error),
}

impl fmt::Display for BankError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BankError::Short { wanted, there } => write!(f, "{wanted} wanted, and {there} there"),
            BankError::NotOfThisBank => f.write_str("that is no note of this bank"),
            BankError::Remote(error) => error.fmt(f),
        }
    }
}

impl StdError for BankError {}

/// Whoever holds a reference to a purse can use it, as far as the reference lets through, and nobody else can.
#[wherever::interface("org.example.Purse/1")]
pub(crate) trait Purse {
    /// What is in it.
    #[wherever(reads)]
    fn balance(&self) -> Result<u64, BankError>;

    /// Takes money out, as a note.
    fn withdraw(&self, amount: u64) -> Result<NoteProxy, BankError>;

    /// Another purse, with nothing in it.
    fn another(&self) -> Result<PurseProxy, BankError>;
}

/// What takes money.
#[wherever::interface("org.example.Till/1")]
pub(crate) trait Till {
    /// Takes over what a note is worth, and gives what is in the purse then.
    fn deposit(&self, note: NoteProxy) -> Result<u64, BankError>;
}

/// Money, for whoever holds it; worth nothing once it was paid in.
#[wherever::interface("org.example.Note/1")]
pub(crate) trait Note {
    #[wherever(reads)]
    fn worth(&self) -> Result<u64, BankError>;
}

/// What is in each purse and each note, by number.
type Books = Arc<Mutex<Vec<u64>>>;

fn open(books: &Books) -> MutexGuard<'_, Vec<u64>> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of the books.
struct Entry {
    books: Books,
    number: usize,
}

impl Entry {
    fn new(books: &Books, amount: u64) -> Self {
        let mut open = open(books);
        open.push(amount);
        Self { books: books.clone(), number: open.len() - 1 }
    }

    /// Takes this much out, or all that is there.
    fn take(&self, wanted: Option<u64>) -> Result<u64, BankError> {
        let there = &mut open(&self.books)[self.number];
        let taken = wanted.unwrap_or(*there);
        *there = there.checked_sub(taken).ok_or(BankError::Short { wanted: taken, there: *there })?;
        Ok(taken)
    }

    fn amount(&self) -> u64 {
        open(&self.books)[self.number]
    }
}

/// A purse, as the bank has it.
struct Account(Entry);

#[wherever::export(implements(Purse, Till))]
impl Account {}

impl Purse for Account {
    fn balance(&self) -> Result<u64, BankError> {
        Ok(self.0.amount())
    }

    fn withdraw(&self, amount: u64) -> Result<NoteProxy, BankError> {
        let note = BankNote(Entry::new(&self.0.books, self.0.take(Some(amount))?));
        Ok(NoteProxy::of(Own::from(note)))
    }

    fn another(&self) -> Result<PurseProxy, BankError> {
        Ok(PurseProxy::of(Own::from(Account(Entry::new(&self.0.books, 0)))))
    }
}

impl Till for Account {
    fn deposit(&self, note: NoteProxy) -> Result<u64, BankError> {
        // Only what this process made is a `BankNote` here, whatever another object says that it is.
        let note: Arc<BankNote> = note.into_value()?.to().map_err(|_| BankError::NotOfThisBank)?;
        let amount = note.0.take(None)?;
        open(&self.0.books)[self.0.number] += amount;
        Ok(self.0.amount())
    }
}

/// A note, as the bank has it.
struct BankNote(Entry);

#[wherever::export]
impl Note for BankNote {
    fn worth(&self) -> Result<u64, BankError> {
        Ok(self.0.amount())
    }
}

/// The bank: one purse for its first client, and a sum over all books for who checks them.
pub(crate) fn bank() -> Node {
    let books = Books::default();
    let node = Node::new();
    node.export("purse", Account(Entry::new(&books, 100)));
    node.export("total", Function::typed("total", move || open(&books).iter().sum::<u64>()).into_own());
    node
}
