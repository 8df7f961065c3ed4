//! Primes, counted in two ways.

use std::ops::Range;

/// Numbers to be looked at by one call.
pub(crate) type Numbers = Range<u64>;

/// The number in the midst of a range.
pub(crate) fn middle(range: &Numbers) -> u64 {
    range.start.midpoint(range.end)
}

/// How many of these are primes, by trying divisors.
pub(crate) fn primes(numbers: Numbers) -> u64 {
    let is_prime = |n: &u64| *n > 1 && (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    numbers.filter(is_prime).count() as u64
}

/// How many primes there are below a number, by the sieve of Eratosthenes.
pub(crate) fn sieved(end: u64) -> u64 {
    let mut is_prime = vec![true; end as usize];
    for n in 2..is_prime.len() {
        if is_prime[n] {
            (n * n..is_prime.len()).step_by(n).for_each(|multiple| is_prime[multiple] = false);
        }
    }
    is_prime.iter().skip(2).filter(|is_prime| **is_prime).count() as u64
}
