//! One side of a scene with real processes; see `wherever_tests::real`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what fails here fails the test that started it"
)]

#[cfg(target_os = "linux")]
fn main() {
    use wherever_tests::real::{carrier::Kind, scenes};

    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // A process in which any thread fails has failed.
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
    match words[..] {
        ["--other", kind, ref rest @ ..] => scenes::play_other(Kind::of(kind), rest),
        ["model", ref rest @ ..] => random::run(rest),
        _ => scenes::play(&words),
    }
}

/// Random programs, seed after seed.
#[cfg(target_os = "linux")]
mod random {
    use std::time::Instant;

    use wherever_tests::real::{carrier::Kind, model};
    use wherever_tests::sim::Rng;

    const HELP: &str = "\
usage: real model [--seeds N] [--from S] [--seed S] [--ops N] [--carrier socket|pipes|bytes] [--floods] [--kill]";

    /// Runs them; the process ends with an error if one of them fails.
    pub(super) fn run(words: &[&str]) {
        let (mut seeds, mut from, mut ops, mut carriers, mut floods) = (1, 1, None, Kind::ALL.to_vec(), None);
        let mut kills = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).expect(HELP);
            match *word {
                "--seeds" => seeds = number(),
                "--from" => from = number(),
                "--seed" => (from, seeds) = (number(), 1),
                "--ops" => ops = Some(number() as usize),
                "--floods" => floods = Some(true),
                "--kill" => kills = true,
                "--carrier" => carriers = vec![Kind::of(words.next().expect(HELP))],
                _ => panic!("{HELP}"),
            }
        }
        let (begun, mut calls, mut failed) = (Instant::now(), 0, 0);
        for seed in from..from + seeds {
            for kind in &carriers {
                let ops = ops.unwrap_or(if *kind == Kind::Bytes { 60 } else { 150 });
                let floods = floods.unwrap_or(seed % 4 == 0);
                // Most programs make more notes than three a step: it dies before their end, now and then behind it.
                let dies_at = kills.then(|| 1 + Rng::new(seed).below(3 * ops));
                let plan = model::Plan { seed, ops, kind: *kind, floods, dies_at };
                // Should it hang, it is known which it was.
                eprintln!("real model --seed {seed} --ops {ops} --carrier {}: {plan:?}", kind.name());
                let (faults, made) = model::first_side(plan);
                faults.iter().take(5).for_each(|fault| eprintln!("FAILED: {fault}"));
                calls += made;
                failed += usize::from(!faults.is_empty());
            }
        }
        eprintln!("{calls} calls in {:.1} s; {failed} runs failed", begun.elapsed().as_secs_f64());
        std::process::exit(i32::from(failed > 0));
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
