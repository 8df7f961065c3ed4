//! The command line.

use crate::DOOMED;
use crate::employee::AHEAD;

pub(crate) const USAGE: &str = "\
usage: cargo xtask demo parallel [-- [--workers N] [--ranges N]]

Counts primes in several processes, one of which is killed on the way.

  --workers N   2 to 64 processes (default: 3)
  --ranges N    parts that the work is cut into, at least two for each process (default: 24)
  --help        show this";

/// The number of workers and of ranges.
pub(crate) fn options(words: &[&str]) -> Option<(usize, usize)> {
    let (mut workers, mut ranges) = (3, 24);
    for option in words.chunks(2) {
        match option {
            ["--workers", number] => workers = number.parse().ok()?,
            ["--ranges", number] => ranges = number.parse().ok()?,
            _ => return None,
        }
    }
    ((DOOMED..=64).contains(&workers) && (workers * AHEAD..=10_000).contains(&ranges)).then_some((workers, ranges))
}
