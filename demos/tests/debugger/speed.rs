//! What debugging costs a script: nothing while nobody does.

use crate::process::Script;

/// Works in equal portions, and prints how long each took.
const PORTIONS: &str = "\
fn work(turns) {
    let sum = 0;
    for turn in 0..turns {
        sum += turn % 7;
    }
    sum
}
loop {
    let begun = timestamp();
    work(5000);
    print(`${begun.elapsed}`);
}";

/// Portions of which the quickest counts: whatever else the machine does makes them slower, never quicker.
const PORTIONS_MIN: usize = 20;
const PORTIONS_MAX: usize = 400;

fn portion(script: &mut Script) -> f64 {
    script.line().parse().unwrap()
}

fn quickest(script: &mut Script) -> f64 {
    (0..PORTIONS_MIN).map(|_| portion(script)).fold(f64::MAX, f64::min)
}

/// Whether portions get as quick as this, if one waits for a quiet moment.
fn gets_as_quick_as(script: &mut Script, wanted: f64) -> (bool, f64) {
    let mut best = f64::MAX;
    for _ in 0..PORTIONS_MAX {
        best = best.min(portion(script));
        if best <= wanted {
            return (true, best);
        }
    }
    (false, best)
}

#[test]
fn a_script_runs_on_at_its_former_speed_once_it_is_left() {
    let without = quickest(&mut Script::start_alone(PORTIONS));
    let mut script = Script::start(PORTIONS, &[]);
    let before = quickest(&mut script);
    let client = script.attach();
    client.debugger_pauses();
    // What was printed while it was not yet watched has to be read first.
    portion(&mut script);
    let watched = quickest(&mut script);
    client.leaves();
    let (is_as_quick, after) = gets_as_quick_as(&mut script, before * 1.05);
    drop(script);
    // Both before and after, since the machine may have been busy.
    let without = without.min(quickest(&mut Script::start_alone(PORTIONS)));
    println!(
        "without a debugger {without:.5} s, before {before:.5} s, watched {watched:.5} s, after {after:.5} s: {:.3} of before, {:.3} of without",
        after / before,
        after / without
    );
    assert!(is_as_quick, "{after} s after, {before} s before");
    assert!(watched > before, "it was not watched");
}
