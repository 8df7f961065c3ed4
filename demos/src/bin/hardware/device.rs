//! The device, simulated, and the serial port that leads to it: the two ends of a pseudo-terminal.
//!
//! It speaks in lines: `POS?` and `TEMP?` are answered by a number, `MOVE 12` by `OK`, all else by `ERR`. It gets warmer
//! as it moves.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::thread;

use rustix::fs::{Mode, OFlags};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Degrees that a step warms the device by.
const WARMTH: f64 = 0.1;

/// Plugs the device in; gives the path of the serial port. It works until the port is closed.
pub(crate) fn plug_in() -> io::Result<String> {
    let wire = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // A child process that has it open too would keep the port's users from noticing that the device is gone.
    fcntl_setfd(&wire, FdFlags::CLOEXEC)?;
    grantpt(&wire)?;
    unlockpt(&wire)?;
    let path = ptsname(&wire, Vec::new())?.into_string().map_err(io::Error::other)?;
    let wire = File::from(wire);
    thread::spawn(move || answer(&wire));
    Ok(path)
}

/// Answers line by line. That nobody has the port open any more comes as an error.
fn answer(mut wire: &File) -> io::Result<()> {
    let (mut position, mut temperature) = (0_i64, 20.0);
    for line in BufReader::new(wire).lines() {
        let line = line?;
        match (&*line, line.strip_prefix("MOVE ").map(str::parse)) {
            ("POS?", _) => writeln!(wire, "{position}")?,
            ("TEMP?", _) => writeln!(wire, "{temperature:.1}")?,
            (_, Some(Ok(to))) => {
                temperature += WARMTH * position.abs_diff(to) as f64;
                position = to;
                writeln!(wire, "OK")?;
            }
            _ => writeln!(wire, "ERR {line}")?,
        }
    }
    Ok(())
}

/// The serial port, as whoever has the device plugged in uses it.
pub(crate) struct Port(BufReader<File>);

impl Port {
    /// Opens the port, and takes it for bytes as they are, without echo.
    pub(crate) fn open(path: &str) -> io::Result<Self> {
        let port = rustix::fs::open(path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        let mut settings = tcgetattr(&port)?;
        settings.make_raw();
        tcsetattr(&port, OptionalActions::Now, &settings)?;
        Ok(Self(BufReader::new(port.into())))
    }

    /// Sends a line, and waits for the answer to it.
    pub(crate) fn ask(&mut self, line: &str) -> io::Result<String> {
        writeln!(self.0.get_mut(), "{line}")?;
        let mut answer = String::new();
        match self.0.read_line(&mut answer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(answer.trim_end().to_owned()),
        }
    }
}
