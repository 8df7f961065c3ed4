//! The story: what each process does.

use std::error::Error as StdError;
use std::fmt::Debug;

use wherever::typed::TypedProxy;
use wherever::{Attenuation, Node, Peer};

use crate::person::{Client, Person, PersonProxy};
use crate::purse::{BankError, Purse, PurseProxy, Till, TillProxy};

type Anything = Box<dyn StdError>;

/// Starts this program once more, in another role, by its standard input and output.
fn start(role: &str) -> Result<Peer, Anything> {
    let program = format!("exec:'{}' {role}", std::env::current_exe()?.display());
    Ok(wherever_transports::connect(&Node::new(), &program)?)
}

fn client(friend: Option<PersonProxy>) -> Result<(), Anything> {
    let node = Node::new();
    node.export_root(Client::new(friend));
    serve(&node)
}

pub(crate) fn carol() -> Result<(), Anything> {
    client(None)
}

pub(crate) fn bob() -> Result<(), Anything> {
    client(Some(start("carol")?.root()?))
}

pub(crate) fn serve(node: &Node) -> Result<(), Anything> {
    wherever_transports::serve(node, "stdio:")?.wait();
    Ok(())
}

pub(crate) fn alice() -> Result<(), Anything> {
    let (bank, bobs) = (start("the-bank")?, start("bob")?);
    let (purse, total): (PurseProxy, _) = (bank.get_as("purse")?, bank.get("total")?);
    let till: TillProxy = purse.proxy().cast()?;
    let mut bob: PersonProxy = bobs.root()?;
    is("Alice has", purse.balance()?, 100)?;

    println!("\nShe lets Bob look into her purse, pay into it, and spend 30.");
    let (view, _) = Attenuation::of(purse.proxy()).read_only().give()?;
    let (tips, _) = Attenuation::of(purse.proxy()).only(["deposit"]).give()?;
    let allowance = purse.another()?;
    allowance.proxy().cast::<TillProxy>()?.deposit(purse.withdraw(30)?)?;
    let (pocket, revoker) = Attenuation::of(allowance.proxy()).give()?;
    for (name, part) in [("view", view), ("tips", tips), ("pocket", pocket)] {
        bob.take(name, part.into())?;
    }
    is("Bob sees in her purse", bob.look("view")?, 70)?;
    is("Bob pays 10 back, and it holds", bob.pay(10, "pocket", "tips")?, 80)?;
    is("Bob has left", bob.look("pocket")?, 20)?;

    println!("\nHe can do no more than that.");
    refused("Taking from where he may look", bob.pay(1, "view", "tips"), "by the policy `read-only`")?;
    refused("Looking where he may pay", bob.look("tips"), "no method `balance`")?;
    refused("Spending more than there is", bob.pay(21, "pocket", "tips"), "21 wanted, and 20 there")?;
    refused("A note that he made himself", bob.forge("tips"), "no note of this bank")?;
    refused("Her purse, used as a note", bob.pour("view", "pocket"), "no method `worth`")?;
    is("A note that he uses twice brings the second time", bob.pay_twice(1, "pocket", "tips")?, 0)?;

    println!("\nHe shows Carol, whom Alice never met, what he has to spend.");
    let carol = bob.show("pocket")?;
    is("Carol sees", carol.look("pocket")?, 19)?;
    refused("Spending it", carol.pay(1, "pocket", "pocket"), "by the policy `read-only`")?;

    println!("\nAlice takes back what is left.");
    revoker.revoke();
    refused("What Bob had", bob.pay(1, "pocket", "tips"), "by the policy `revoked`")?;
    refused("What he showed Carol", carol.look("pocket"), "by the policy `revoked`")?;
    is("Bob still sees in her purse", bob.look("view")?, 81)?;
    is("With the rest it holds", till.deposit(allowance.withdraw(19)?)?, 100)?;
    is("All purses and notes of the bank hold", total.invoke(())?.to::<u64>()?, 100)?;

    [bank, bobs].iter().for_each(|peer| peer.close("the story is told"));
    Ok(())
}

/// Prints what was found, if it is what it should be.
fn is<T: PartialEq + Debug>(claim: &str, found: T, wanted: T) -> Result<(), Anything> {
    if found != wanted {
        return Err(format!("{claim} {found:?} instead of {wanted:?}").into());
    }
    println!("✓ {claim} {found:?}.");
    Ok(())
}

/// Prints why something was refused, if it was, and for this reason.
fn refused<T: Debug>(claim: &str, outcome: Result<T, BankError>, reason: &str) -> Result<(), Anything> {
    match outcome {
        Err(error) if error.to_string().contains(reason) => {
            println!("✓ {claim}: {}", error.to_string().replace("\n ", ""))
        }
        other => return Err(format!("{claim}: {other:?} instead of {reason:?}").into()),
    }
    Ok(())
}
