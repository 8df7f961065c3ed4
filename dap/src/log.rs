//! The log: what is said on either side, if somebody wants to read it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

/// A file that lines are added to, or nothing. Clones write to the same.
#[derive(Clone, Default)]
pub(crate) struct Log(Option<Arc<(Mutex<File>, Instant)>>);

impl Log {
    /// Writes to this file from now on. Only its owner can read one that is made for it: values of variables are in it.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn to(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(Some(Arc::new((Mutex::new(options.open(path)?), Instant::now())))))
    }

    /// Adds a line: when, who, what.
    pub(crate) fn line(&self, who: &str, what: &str) {
        if let Some((file, begun)) = self.0.as_deref() {
            let line = format!("{:.6} {who}: {what}\n", begun.elapsed().as_secs_f64());
            // A log that cannot be written is no reason to stop.
            let _ = file.lock().write_all(line.as_bytes());
        }
    }
}
