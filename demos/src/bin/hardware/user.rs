//! Somebody who uses the instrument from a process of their own: a line on standard input is a command.
//!
//! What comes of it is printed behind `=`, what is heard from the instrument behind `*`.

use std::error::Error as StdError;
use std::io::stdin;
use std::sync::Arc;

use wherever::Error;

use crate::instrument::{Fault, Instrument, InstrumentProxy, Lease, Status, Watcher, node};

/// Prints what it is told.
struct Printer;

impl Watcher for Printer {
    fn changed(&self, status: Status) -> Result<(), Error> {
        println!("* {status}");
        Ok(())
    }
}

/// Does what is asked until standard input ends.
pub(crate) fn serve(name: &str, url: &str) -> Result<(), Box<dyn StdError>> {
    let peer = wherever_transports::connect(&node(), url)?;
    let mut user = User { name, instrument: peer.root()?, lease: None };
    user.instrument.watch(Arc::new(Printer))?;
    println!("= watches it");
    for line in stdin().lines() {
        match user.obey(&line?) {
            Ok(told) => println!("= {told}"),
            Err(fault) => println!("= refused: {fault}"),
        }
    }
    Ok(())
}

struct User<'a> {
    name: &'a str,
    instrument: InstrumentProxy,
    lease: Option<Arc<dyn Lease>>,
}

impl User<'_> {
    fn obey(&mut self, line: &str) -> Result<String, Fault> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (&*words, words.last().and_then(|word| word.parse().ok()), &self.lease) {
            (["read"], ..) => Ok(self.instrument.read()?.to_string()),
            (["move", _], Some(to), Some(lease)) => Ok(lease.move_to(to)?.to_string()),
            (["move", _], Some(to), None) => Ok(self.instrument.move_to(to)?.to_string()),
            (["lock", _], Some(seconds), _) => {
                self.lease = Some(self.instrument.lock(self.name, seconds.unsigned_abs())?);
                Ok(format!("has it for {seconds} seconds"))
            }
            (["free"], _, Some(lease)) => {
                let status = lease.give_back()?;
                self.lease = None;
                Ok(status.to_string())
            }
            _ => Ok("the commands are: read, move POSITION, lock SECONDS, free".into()),
        }
    }
}
