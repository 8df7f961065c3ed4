//! Hazard 9, and kill -9 of either side in 200 rounds: every call fails once, within a second of the death, every object
//! is let go once, and no thread and no process is left.

use super::play;

/// Rounds at a number of bytes, for each side that is killed and each way its bytes go.
const ROUNDS: &str = "30";

fn at(point: &str) {
    ["socket", "pipes"].iter().for_each(|carrier| play(&["death", carrier, point]));
}

#[test]
fn hazard_9_while_nothing_is_under_way() {
    at("idle");
}

#[test]
fn hazard_9_in_a_call() {
    at("in-a-call");
}

#[test]
fn hazard_9_in_a_nested_call() {
    at("in-a-nested-call");
}

#[test]
fn hazard_9_in_a_callback() {
    at("in-a-callback");
}

#[test]
fn hazard_9_in_a_stream() {
    at("in-a-stream");
}

#[test]
fn hazard_9_with_promises_and_a_batch() {
    at("with-promises");
}

#[test]
fn hazard_9_while_callers_wait_for_room() {
    at("waiting-for-room");
}

#[test]
fn hazard_9_at_close() {
    at("at-close");
}

/// Before the preface, within it, before and within the first frame, and on: within a call, a nested one, a stream, a
/// part of a long message, while all of these flood.
fn sweep(role: &str) {
    for (carrier, way) in [("socket", "out"), ("socket", "in"), ("pipes", "out"), ("pipes", "in")] {
        play(&["deaths", carrier, role, way, "1", ROUNDS]);
    }
}

#[test]
fn kill_9_of_the_side_that_serves() {
    sweep("serves");
}

#[test]
fn kill_9_of_the_side_that_calls() {
    sweep("calls");
}

#[test]
fn kill_9_while_both_flood() {
    sweep("both");
}
