//! The programs of the simulation between real processes; `cargo xtask real model --seed N` runs one again.

use super::play;

fn seeds(carrier: &str, from: u64, seeds: u64, further: &[&str]) {
    let (from, seeds) = (from.to_string(), seeds.to_string());
    play(&[&["model", "--from", &from, "--seeds", &seeds, "--carrier", carrier], further].concat());
}

#[test]
fn random_programs_over_a_socket() {
    seeds("socket", 1, 40, &[]);
}

#[test]
fn random_programs_over_pipes() {
    seeds("pipes", 41, 40, &[]);
}

#[test]
fn random_programs_over_a_carrier_that_holds_one_byte() {
    seeds("bytes", 81, 40, &[]);
}

#[test]
fn random_programs_while_both_sides_flood() {
    seeds("socket", 121, 15, &["--floods"]);
    seeds("bytes", 136, 10, &["--floods"]);
}

/// The other side dies at any step of its program.
#[test]
fn random_programs_until_kill_9_of_the_other_side() {
    seeds("socket", 161, 60, &["--kill"]);
    seeds("bytes", 221, 30, &["--kill"]);
    seeds("pipes", 251, 30, &["--kill", "--floods"]);
}
