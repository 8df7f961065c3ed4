//! The clients: processes that hold purses of others, and do with them what they are asked to.

use std::collections::HashMap;

use wherever::typed::TypedProxy;
use wherever::{Attenuation, Error, Own, Proxy};

use crate::purse::{BankError, Note, NoteProxy, Purse, PurseProxy, Till, TillProxy};

/// Somebody who has purses of others, by name.
#[wherever::interface("org.example.Person/1")]
pub(crate) trait Person {
    /// Is given a purse, or what of one they may use.
    fn take(&mut self, name: &str, purse: Proxy) -> Result<(), Error>;
    fn look(&self, name: &str) -> Result<u64, BankError>;
    fn pay(&self, amount: u64, from: &str, to: &str) -> Result<u64, BankError>;
    /// Pays with a note of their own making.
    fn forge(&self, to: &str) -> Result<u64, BankError>;
    /// Pays with a purse, as if it were a note.
    fn pour(&self, from: &str, to: &str) -> Result<u64, BankError>;
    /// Pays with the same note twice: what it brought the second time.
    fn pay_twice(&self, amount: u64, from: &str, to: &str) -> Result<u64, BankError>;
    /// Lets their friend look into a purse, and no more; gives the friend.
    fn show(&self, name: &str) -> Result<PersonProxy, Error>;
}

/// A client in a process of their own. They can do what they were given, and nothing else.
pub(crate) struct Client {
    purses: HashMap<String, Proxy>,
    friend: Option<PersonProxy>,
}

impl Client {
    pub(crate) fn new(friend: Option<PersonProxy>) -> Self {
        Self { purses: HashMap::new(), friend }
    }

    fn held(&self, name: &str) -> Result<&Proxy, Error> {
        self.purses.get(name).ok_or_else(|| Error::raise("bank:NoPurse", format!("I have no purse {name:?}")))
    }

    fn purse(&self, name: &str) -> Result<PurseProxy, Error> {
        self.held(name)?.cast()
    }

    fn till(&self, name: &str) -> Result<TillProxy, Error> {
        self.held(name)?.cast()
    }
}

#[wherever::export]
impl Person for Client {
    fn take(&mut self, name: &str, purse: Proxy) -> Result<(), Error> {
        self.purses.insert(name.into(), purse);
        Ok(())
    }

    fn look(&self, name: &str) -> Result<u64, BankError> {
        self.purse(name)?.balance()
    }

    fn pay(&self, amount: u64, from: &str, to: &str) -> Result<u64, BankError> {
        self.till(to)?.deposit(self.purse(from)?.withdraw(amount)?)
    }

    fn forge(&self, to: &str) -> Result<u64, BankError> {
        self.till(to)?.deposit(NoteProxy::of(Own::from(Million)))
    }

    fn pour(&self, from: &str, to: &str) -> Result<u64, BankError> {
        // What a typed proxy wears is looked at on first use, and this one is not used here.
        self.till(to)?.deposit(NoteProxy::of(self.held(from)?.clone()))
    }

    fn pay_twice(&self, amount: u64, from: &str, to: &str) -> Result<u64, BankError> {
        let (till, note) = (self.till(to)?, self.purse(from)?.withdraw(amount)?);
        let once = till.deposit(note.clone())?;
        Ok(till.deposit(note)? - once)
    }

    fn show(&self, name: &str) -> Result<PersonProxy, Error> {
        let mut friend = self.friend.clone().ok_or_else(|| Error::raise("bank:Lonely", "I have no friend"))?;
        let (view, _) = Attenuation::of(self.held(name)?).read_only().give()?;
        friend.take(name, view.into())?;
        Ok(friend)
    }
}

/// Looks like a note in every way, and is none of the bank's.
struct Million;

#[wherever::export]
impl Note for Million {
    fn worth(&self) -> Result<u64, BankError> {
        Ok(1_000_000)
    }
}
