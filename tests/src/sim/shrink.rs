//! Making a failing run small: steps are left out, in ever smaller pieces, as long as it still fails.

use std::collections::BTreeSet;

use super::{Program, run};

/// What kind of failure a text tells of: its words, without the numbers.
fn kind(failures: &[String]) -> Option<String> {
    let line = failures.first()?.lines().next().unwrap_or_default();
    Some(line.chars().filter(|letter| letter.is_alphabetic() || *letter == ' ').take(24).collect())
}

/// The smallest set of steps found that still fails in the same way; at most so many runs are tried.
pub fn shrink(program: &Program, keep: BTreeSet<usize>, mut tries: usize) -> BTreeSet<usize> {
    let wanted = kind(&run(program, Some(&keep), false).failures);
    let mut steps: Vec<usize> = keep.into_iter().collect();
    let mut piece = steps.len().div_ceil(2).max(1);
    loop {
        let (mut place, mut shrunk) = (0, false);
        while place < steps.len() && tries > 0 {
            let end = (place + piece).min(steps.len());
            let fewer: BTreeSet<usize> = steps[..place].iter().chain(&steps[end..]).copied().collect();
            tries -= 1;
            if kind(&run(program, Some(&fewer), false).failures) == wanted {
                steps = fewer.into_iter().collect();
                shrunk = true;
            } else {
                place = end;
            }
        }
        if tries == 0 || (piece == 1 && !shrunk) {
            return steps.into_iter().collect();
        }
        if !shrunk || piece > steps.len() {
            piece = piece.div_ceil(2).max(1);
        }
    }
}
