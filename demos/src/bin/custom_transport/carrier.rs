//! A carrier of one's own: two named pipes, one each way, and no more than the two functions that a carrier must have.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use wherever::Transport;

/// One end of two named pipes.
pub(crate) struct Pipes {
    outward: File,
    inward: File,
}

impl Pipes {
    /// Opens one pipe to write to and one to read from. Both sides open the same pipe first, or each would wait.
    pub(crate) fn open(first: &Path, second: &Path, writes_first: bool) -> io::Result<Self> {
        let open = |path, writes| OpenOptions::new().write(writes).read(!writes).open(path);
        let (first, second) = (open(first, writes_first)?, open(second, !writes_first)?);
        Ok(if writes_first { Self { outward: first, inward: second } } else { Self { outward: second, inward: first } })
    }
}

impl Transport for Pipes {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let len = u32::try_from(frame.len()).map_err(io::Error::other)?;
        (&self.outward).write_all(&[&len.to_le_bytes(), frame].concat())
    }

    fn recv(&self, frame: &mut Vec<u8>) -> io::Result<()> {
        let mut len = [0; 4];
        (&self.inward).read_exact(&mut len)?;
        frame.clear();
        // It grows with what arrives, not with what is announced.
        let (inward, len) = (&self.inward, u32::from_le_bytes(len));
        let arrived = inward.take(len.into()).read_to_end(frame)?;
        if arrived == len as usize { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}
