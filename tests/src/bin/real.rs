//! One side of a scene with real processes; see `wherever_tests::real`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here fails the test that started it")]

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
        _ => scenes::play(&words),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
