//! Foreign load, a slow peer, one that never reads: no busy loop, no growth past the budget.

use super::play;

#[test]
fn who_waits_uses_no_processor_time() {
    play(&["blocked"]);
}

#[test]
fn one_that_never_reads_costs_no_more_than_the_queue() {
    play(&["never-reads"]);
}

#[test]
fn one_that_reads_no_results_costs_no_more_than_the_queue_and_what_workers_hold() {
    play(&["reads-no-results"]);
}

#[test]
fn foreign_load_on_one_processor_changes_nothing_but_the_time() {
    play(&["one-processor"]);
}
