//! What debugging costs a script: nothing while nobody does.

use crate::process::Script;

/// Works in equal portions, and prints the processor time that each took.
const PORTIONS: &str = "\
fn work(turns) {
    let sum = 0;
    for turn in 0..turns {
        sum += turn % 7;
    }
    sum
}
loop {
    let begun = seconds_worked();
    work(5000);
    print(`${seconds_worked() - begun}`);
}";

/// Portions of which the quickest counts: whatever else the machine does makes them slower, never quicker.
const PORTIONS_MIN: usize = 20;
const PORTIONS_MAX: usize = 1_000;

fn portion(script: &mut Script) -> f64 {
    script.line().parse().unwrap()
}

fn quickest(script: &mut Script) -> f64 {
    (0..PORTIONS_MIN).map(|_| portion(script)).fold(f64::MAX, f64::min)
}

/// Once it is left, it runs beside one that nobody has attached to and one that nobody can, so that what else the
/// machine does meets all of them.
#[test]
fn a_script_runs_on_at_its_former_speed_once_it_is_left() {
    let mut script = Script::start(PORTIONS, &[]);
    let client = script.attach();
    client.debugger_pauses();
    // The first may have begun before.
    portion(&mut script);
    let watched = quickest(&mut script);
    client.leaves();
    let (mut untouched, mut alone) = (Script::start(PORTIONS, &[]), Script::start_alone(PORTIONS));
    let [mut after, mut never, mut without] = [f64::MAX; 3];
    for count in 1..=PORTIONS_MAX {
        after = after.min(portion(&mut script));
        never = never.min(portion(&mut untouched));
        without = without.min(portion(&mut alone));
        if count >= PORTIONS_MIN && after <= never * 1.05 {
            break;
        }
    }
    println!(
        "seconds: {without:.5} without a debugger, {never:.5} where nobody has attached, {watched:.5} watched, {after:.5} \
         after: {:.3} of those where nobody has, {:.3} of those without",
        after / never,
        after / without
    );
    assert!(watched > never * 1.5, "it was not watched");
    assert!(after <= never * 1.05, "{after} s after, {never} s where nobody has attached");
}
