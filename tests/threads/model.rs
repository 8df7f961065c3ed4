//! The programs of the simulation between real processes; `cargo xtask real model --seed N` runs one again.

use super::play;

fn seeds(carrier: &str, from: u64, seeds: u64, floods: bool) {
    let (from, seeds) = (from.to_string(), seeds.to_string());
    let mut words = vec!["model", "--from", &from, "--seeds", &seeds, "--carrier", carrier];
    words.extend(floods.then_some("--floods"));
    play(&words);
}

#[test]
fn random_programs_over_a_socket() {
    seeds("socket", 1, 40, false);
}

#[test]
fn random_programs_over_pipes() {
    seeds("pipes", 41, 40, false);
}

#[test]
fn random_programs_over_a_carrier_that_holds_one_byte() {
    seeds("bytes", 81, 40, false);
}

#[test]
fn random_programs_while_both_sides_flood() {
    seeds("socket", 121, 15, true);
    seeds("bytes", 136, 10, true);
}
