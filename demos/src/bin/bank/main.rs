//! A purse that is handed on, for less than it can, and taken back. `cargo xtask demo bank` runs it.
//!
//! Four processes: the bank; Alice, who is this one and has a purse with 100; Bob, to whom she hands parts of what she
//! may; and Carol, to whom Bob hands on what he has. Each line with a tick was checked.
#![allow(clippy::print_stdout, reason = "a program whose job is to show something")]

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use wherever::typed::TypedProxy;
use wherever::{Attenuation, Error, Node, Peer};
use wherever_transports::{Child, stdio};

/// Whoever holds a reference to a purse can use it, as far as the reference lets through, and nobody else can.
#[wherever::interface("org.example.Purse/1")]
trait Purse {
    /// What is in it.
    #[wherever(reads)]
    fn balance(&self) -> Result<u64, Error>;

    /// Pays into another purse of the bank, and gives what is left.
    fn pay(&self, amount: u64, to: PurseProxy) -> Result<u64, Error>;

    /// Opens another purse, with nothing in it.
    fn open(&self) -> Result<PurseProxy, Error>;
}

/// A purse, as the bank has it: the only place where money is.
struct Account(AtomicU64);

#[wherever::export]
impl Purse for Account {
    fn balance(&self) -> Result<u64, Error> {
        Ok(self.0.load(Relaxed))
    }

    fn pay(&self, amount: u64, to: PurseProxy) -> Result<u64, Error> {
        // Only what this process made is an `Account` here, and only a reference to it that was not attenuated leads to it.
        let to: Arc<Account> = to.proxy().own_as()?;
        let paid = self.0.fetch_update(Relaxed, Relaxed, |there| there.checked_sub(amount));
        let before = paid.map_err(|there| Error::raise("bank:Short", format!("{amount} wanted, and {there} there")))?;
        to.0.fetch_add(amount, Relaxed);
        Ok(before - amount)
    }

    fn open(&self) -> Result<PurseProxy, Error> {
        Ok(PurseProxy::of(Account(0.into())))
    }
}

/// Somebody who is given purses, under names, and does with them what they are asked to.
#[wherever::interface("org.example.Person/1")]
trait Person {
    fn take(&mut self, name: &str, purse: PurseProxy) -> Result<(), Error>;
    fn look(&self, name: &str) -> Result<u64, Error>;
    fn pay(&self, amount: u64, from: &str, to: &str) -> Result<u64, Error>;
    fn hand_on(&self, name: &str, to: PersonProxy) -> Result<(), Error>;
}

/// A person in a process of their own. They can do what they were given, and nothing else.
#[derive(Default)]
struct Client(HashMap<String, PurseProxy>);

#[wherever::export]
impl Person for Client {
    fn take(&mut self, name: &str, purse: PurseProxy) -> Result<(), Error> {
        self.0.insert(name.into(), purse);
        Ok(())
    }

    fn look(&self, name: &str) -> Result<u64, Error> {
        self.0[name].balance()
    }

    fn pay(&self, amount: u64, from: &str, to: &str) -> Result<u64, Error> {
        self.0[from].pay(amount, self.0[to].clone())
    }

    fn hand_on(&self, name: &str, mut to: PersonProxy) -> Result<(), Error> {
        to.take(name, self.0[name].clone())
    }
}

/// Starts this program once more, in another role.
fn start(role: &str) -> Result<Peer, Error> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(role);
    Ok(wherever::connect(&Node::new(), Child::spawn(command)?))
}

/// Prints what was found, if it is what it should be.
fn is(claim: &str, found: u64, wanted: u64) {
    assert_eq!(found, wanted, "{claim}");
    println!("✓ {claim} {found}.");
}

/// Prints why something was refused, if it was, and for this reason.
fn refused(claim: &str, outcome: Result<u64, Error>, reason: &str) {
    let error = outcome.expect_err(claim).to_string();
    assert!(error.contains(reason), "{claim}: {error}");
    println!("✓ {claim}: {error}");
}

fn alice() -> Result<(), Error> {
    let (bank, bobs, carols) = (start("bank")?, start("client")?, start("client")?);
    let (mut bob, carol): (PersonProxy, PersonProxy) = (bobs.root()?, carols.root()?);
    let purse: PurseProxy = bank.root()?;

    println!("Alice gives Bob a purse, an allowance of 30 from another, and lets him look into her own.");
    let (given, allowance) = (purse.open()?, purse.open()?);
    purse.pay(30, allowance.clone())?;
    let (lent, revoker) = Attenuation::of(allowance.proxy()).give()?;
    let (view, _) = Attenuation::of(purse.proxy()).read_only().give()?;
    bob.take("his", given.clone())?;
    bob.take("allowance", PurseProxy::of(lent))?;
    bob.take("hers", PurseProxy::of(view))?;
    is("Bob takes 10 of the allowance, and leaves", bob.pay(10, "allowance", "his")?, 20);
    is("Bob sees in her purse", bob.look("hers")?, 70);
    refused("Paying from her purse", bob.pay(1, "hers", "his"), "by the policy `read-only`");
    refused("Paying more than there is", bob.pay(21, "allowance", "his"), "21 wanted, and 20 there");

    println!("Bob hands all on to Carol, who can do with it what he can.");
    ["his", "allowance", "hers"].iter().try_for_each(|name| bob.hand_on(name, carol.clone()))?;
    is("Carol pays him 5 of the allowance, and leaves", carol.pay(5, "allowance", "his")?, 15);
    refused("Paying from Alice's purse", carol.pay(1, "hers", "his"), "by the policy `read-only`");

    println!("Alice takes the allowance back.");
    revoker.revoke();
    refused("Bob's use of it", bob.pay(1, "allowance", "his"), "by the policy `revoked`");
    refused("Carol's use of it", carol.look("allowance"), "by the policy `revoked`");
    is("Alice herself moves the rest, and leaves", allowance.pay(15, purse.clone())?, 0);
    is("All purses together hold", purse.balance()? + given.balance()? + allowance.balance()?, 100);
    [bank, bobs, carols].iter().for_each(|peer| peer.close("the story is told"));
    Ok(())
}

fn main() -> Result<(), Error> {
    let node = Node::new();
    match std::env::args().nth(1).as_deref() {
        Some("bank") => node.export_root(Account(100.into())),
        Some("client") => node.export_root(Client::default()),
        _ => return alice(),
    }
    wherever::connect(&node, stdio()?).serve()
}
