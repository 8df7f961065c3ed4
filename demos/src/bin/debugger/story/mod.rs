//! The story: processes that run scripts, processes that debug them, and one that starts both and checks what they say.

mod cable;
mod scenes;
mod stage;

use crate::story::scenes::{COUNT, ORDERS, STOCK};
use crate::story::stage::{Carrier, Stage};
use crate::{Failure, front, say};

/// Prints what is claimed, if it holds.
fn claim(holds: bool, text: &str) -> Result<(), Failure> {
    match holds {
        true => {
            say(&format!("✓ {text}"));
            Ok(())
        }
        false => Err(format!("this was claimed and does not hold: {text}").into()),
    }
}

pub(crate) fn tell() -> Result<bool, Failure> {
    let stage = Stage::new()?;
    let mut told = Vec::new();
    for scene in [&ORDERS, &COUNT, &STOCK] {
        say(&format!("\n{}\n", scene.title));
        let played = stage.play(scene, Carrier::Unix)?;
        played.front.lines().for_each(|line| say(&format!("    {line}")));
        scene.check(&played)?;
        told.push(played);
    }
    say("\nThe same again by other carriers. What is told is the same, and so is each count of messages.\n");
    for (carrier, name) in [
        (Carrier::Tcp, "TCP"),
        (Carrier::Child, "the standard input and output of a child process"),
        (Carrier::Line, "a serial line: two terminals' device files, with a cable between them"),
    ] {
        for (scene, first) in [&ORDERS, &COUNT, &STOCK].into_iter().zip(&told) {
            if matches!(carrier, Carrier::Child) && scene.awaited != ORDERS.awaited {
                // Whoever starts it is there before it fails.
                continue;
            }
            let played = stage.play(scene, carrier)?;
            let at = first.front.lines().zip(played.front.lines()).skip(1).find(|(first, now)| first != now);
            if let Some((first, now)) = at {
                say(&format!("there: {first}\n here: {now}"));
            }
            claim(at.is_none() && scene.check_quietly(&played).is_ok(), &format!("{} by {name}", scene.name))?;
        }
    }
    Ok(true)
}

/// Debugs the story's script at a terminal.
pub(crate) fn try_it() -> Result<bool, Failure> {
    let stage = Stage::new()?;
    let url = stage.child_url(&ORDERS)?;
    say(
        "This is a script that prices orders, stopped at its first line in another process; `help` lists what can be done.",
    );
    front::attach(&front::Attach::at(url))
}
