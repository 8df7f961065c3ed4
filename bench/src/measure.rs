//! Rounds: the bare carrier and us by turns, and the median of what each round says.

use std::hint::black_box;
use std::time::Instant;

use crate::arguments::Effort;
use crate::figures::{Failure, Figures, median};

/// How long each half of a round shall take, about: long beside a tick, short beside what disturbs a machine.
const HALF_ROUND_SECONDS: f64 = 0.025;

/// One side of a comparison: does its work so many times.
pub(crate) type Side<'a> = &'a mut dyn FnMut(usize) -> Result<(), Failure>;

/// Compares both sides in rounds, one after the other within each, changing who begins. `batch` is the number of times
/// that makes sense to do at least.
pub(crate) fn compare(effort: Effort, batch: usize, bare: Side<'_>, ours: Side<'_>) -> Result<Figures, Failure> {
    let times = match effort.quick {
        true => batch,
        false => times_of_a_round(batch, ours)?,
    };
    // Once without counting: caches, sockets and allocators are as they will stay.
    time(times, bare)?;
    let (mut of_bare, mut of_ours, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..effort.rounds {
        let (bare_us, ours_us);
        if round % 2 == 0 {
            bare_us = time(times, bare)?;
            ours_us = time(times, ours)?;
        } else {
            ours_us = time(times, ours)?;
            bare_us = time(times, bare)?;
        }
        of_bare.push(bare_us);
        of_ours.push(ours_us);
        ratios.push(ours_us / bare_us);
    }
    let mut figures = Figures::default();
    figures.set("ratio", median(ratios));
    figures.set("bare_us", median(of_bare));
    figures.set("ours_us", median(of_ours));
    Ok(figures)
}

/// How often to do it in one half of a round.
fn times_of_a_round(batch: usize, side: Side<'_>) -> Result<usize, Failure> {
    let mut times = batch;
    loop {
        let seconds = time(times, side)? * times as f64 / 1e6;
        if seconds >= HALF_ROUND_SECONDS / 4.0 {
            let wanted = times as f64 * HALF_ROUND_SECONDS / seconds;
            return Ok((wanted as usize / batch).max(1) * batch);
        }
        times *= 4;
    }
}

/// Microseconds for each time.
fn time(times: usize, side: Side<'_>) -> Result<f64, Failure> {
    let begun = Instant::now();
    side(black_box(times))?;
    Ok(begun.elapsed().as_secs_f64() * 1e6 / times as f64)
}
