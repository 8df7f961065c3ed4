//! Hazards 5 to 9, on real threads, by each kind of carrier.

use super::{play, play_over_all};

#[test]
fn hazard_5_both_sides_flood_and_nothing_locks_up() {
    play_over_all("flood");
}

#[test]
fn hazard_6_a_hundred_deep_both_ways_on_one_thread_of_each_side() {
    play_over_all("deep");
}

#[test]
fn hazard_6_a_runaway_is_refused() {
    play(&["runaway"]);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "a level takes 20 KB of stack without optimisation: 256 are more than 2 MiB")]
fn hazard_6_a_runaway_is_refused_on_the_stack_that_threads_have_by_default() {
    play(&["runaway-thread"]);
}

#[test]
fn hazard_6_each_chain_has_its_own_thread() {
    play_over_all("own-thread");
}

#[test]
fn hazard_6_a_blocked_caller_serves_no_other_chain() {
    play_over_all("foreign");
}

#[test]
fn hazard_7_an_idle_side_is_called_at_once() {
    play_over_all("idle");
}

#[test]
fn hazard_7_a_side_that_just_made_calls_is_called_at_once() {
    play_over_all("after-call");
}

#[test]
fn hazard_8_each_thread_gets_its_own_answers() {
    play_over_all("own-answers");
}

#[test]
fn hazard_8_a_fast_call_does_not_wait_for_a_slow_one() {
    play_over_all("fast-and-slow");
}
