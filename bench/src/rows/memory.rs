//! What is held takes memory: bytes of each process, for each thing held.

use wherever::{Proxy, Value};

use super::Ours;
use crate::arguments::Effort;
use crate::figures::{Failure, Figures};
use crate::system::memory;

/// References held at once, under the limit of a session.
const REFERENCES: usize = 100_000;

/// References that come with one result.
const AT_ONCE: usize = 1000;

/// Growth of both processes by references to as many objects: what the object takes over there, and the proxy here,
/// are in it.
pub(super) fn references(_effort: Effort) -> Result<Figures, Failure> {
    let ours = Ours::start()?;
    let fetch = |count: usize| -> Result<Vec<Proxy>, Failure> {
        match ours.subject.call("make_many", (count as u64,))? {
            Value::Tuple(leaves) => leaves.iter().map(|leaf| Ok(leaf.clone().to()?)).collect(),
            other => Err(Failure::Wrong(format!("references came as {}", other.kind()))),
        }
    };
    // What passing so many at once takes for a while is not counted.
    drop(fetch(AT_ONCE)?);
    let mut held = Vec::with_capacity(REFERENCES);
    let here = std::process::id();
    let before = (memory(here)?, memory(ours.server.id())?);
    while held.len() < REFERENCES {
        held.append(&mut fetch(AT_ONCE)?);
    }
    let after = (memory(here)?, memory(ours.server.id())?);
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / held.len() as f64;
    let mut figures = Figures::default();
    figures.set("client_bytes", each(before.0, after.0));
    figures.set("server_bytes", each(before.1, after.1));
    drop(held);
    ours.end()?;
    Ok(figures)
}
