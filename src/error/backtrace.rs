//! A backtrace that was captured: resolved, into text or frames, when somebody looks.

use std::backtrace::Backtrace;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::FrameInfo;

/// Bytes of a backtrace that are told. Stops a deep stack from filling a message.
const BACKTRACE_LEN_MAX: usize = 64 << 10;

/// Frames of a backtrace that are told, the innermost.
const FRAMES_MAX: usize = 256;

/// How many were resolved.
static RESOLVED: AtomicU64 = AtomicU64::new(0);

/// How many backtraces of errors this process has resolved so far: each takes as long as reading the program's debug
/// information does, the first tens of milliseconds. Capturing one resolves nothing.
pub fn backtraces_resolved() -> u64 {
    RESOLVED.load(Ordering::Relaxed)
}

/// A backtrace, with what was made of it.
pub(crate) struct Trace {
    backtrace: Backtrace,
    resolved: OnceLock<Resolved>,
}

struct Resolved {
    text: String,
    /// All frames, the innermost first.
    frames: Vec<FrameInfo>,
}

impl Trace {
    pub(crate) fn new(backtrace: Backtrace) -> Self {
        Self { backtrace, resolved: OnceLock::new() }
    }

    fn resolved(&self) -> &Resolved {
        self.resolved.get_or_init(|| {
            RESOLVED.fetch_add(1, Ordering::Relaxed);
            let text = self.backtrace.to_string();
            // Files below it are told as it sees them.
            let folder = std::env::current_dir().ok();
            Resolved { frames: read(&text, folder), text }
        })
    }

    /// As the standard library writes it.
    pub(crate) fn text(&self) -> String {
        let text = &self.resolved().text;
        text[..text.floor_char_boundary(BACKTRACE_LEN_MAX)].to_owned()
    }

    /// The file of a frame that ends with this path: the compiler says where it was when it was compiled.
    pub(super) fn whole_path(&self, end: &str) -> Option<&str> {
        let files = self.resolved().frames.iter().map(|frame| &*frame.file);
        files.into_iter().find(|file| ends_with(file, end))
    }

    /// The frames that lead from what was called to this place, the outermost first: what is around that serves the call,
    /// and what is within makes the error.
    pub(crate) fn frames(&self, place: &FrameInfo) -> Vec<FrameInfo> {
        let frames = &self.resolved().frames[..];
        let is_place = |frame: &FrameInfo| frame.line == place.line && ends_with(&frame.file, &place.file);
        let inner = frames.iter().position(is_place).unwrap_or(0);
        let guard = frames[inner..].iter().position(is_guard).map_or(frames.len(), |guard| inner + guard);
        // Where this library's files are, as the guard's own shows: what is inlined is told without its path.
        let library = frames.get(guard).and_then(|guard| guard.file.strip_suffix(GUARD_FILE)).unwrap_or("\0");
        let serves = |frame: &FrameInfo| frame.file.starts_with(library) || serves(&frame.name);
        let mut within = &frames[inner..guard];
        while let Some((_, rest)) = within.split_last().filter(|(outermost, _)| serves(outermost)) {
            within = rest;
        }
        within.iter().take(FRAMES_MAX).rev().cloned().collect()
    }
}

/// Whether the frame is of what is around the code of objects.
fn is_guard(frame: &FrameInfo) -> bool {
    frame.file.ends_with(GUARD_FILE) && ["guarded", "telling"].iter().any(|name| frame.name.contains(name))
}

const GUARD_FILE: &str = "guard.rs";

/// Whether a function of this name is none of the called code's own: of this library, or what the standard library puts
/// around a call.
fn serves(name: &str) -> bool {
    name.contains("wherever::") || AROUND.iter().any(|around| name.contains(around))
}

const AROUND: [&str; 7] = [
    "alloc::boxed::Box",
    "core::ops::function::",
    "core::panic::unwind_safe",
    "std::panicking",
    "std::panic::",
    "__rust_try",
    "catch_unwind",
];

/// Whether a path, told as one or from its beginning, ends with another.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(['/', '\\']))
}

/// The frames of a backtrace's text: lines `number: function`, and below each `at file:line:column` where that is known.
fn read(text: &str, folder: Option<PathBuf>) -> Vec<FrameInfo> {
    let mut frames: Vec<FrameInfo> = Vec::new();
    for line in text.lines().map(str::trim_start) {
        if let Some((number, name)) = line.split_once(": ")
            && number.bytes().all(|digit| digit.is_ascii_digit())
        {
            frames.push(FrameInfo { name: name.into(), ..FrameInfo::default() });
        } else if let (Some(at), Some(frame)) = (line.strip_prefix("at "), frames.last_mut()) {
            let mut parts = at.rsplitn(3, ':');
            let mut number = || parts.next().and_then(|number| number.parse().ok());
            let (column, line) = (number(), number());
            let (Some(column), Some(line), Some(file)) = (column, line, parts.next()) else { continue };
            (frame.column, frame.line) = (column, line);
            frame.file = match (file.strip_prefix("./"), &folder) {
                (Some(below), Some(folder)) => folder.join(below).to_string_lossy().as_ref().into(),
                _ => file.into(),
            };
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_from_the_text_that_the_standard_library_writes() {
        let (line, text) = (line!(), Backtrace::force_capture().to_string());
        let frames = read(&text, std::env::current_dir().ok());
        let here = frames.iter().find(|frame| ends_with(&frame.file, file!())).expect("this function");
        assert_eq!((here.line, here.name.contains("frames_are_read")), (line, true), "{here:?}");
        assert!(here.file.starts_with('/') || here.file.contains(":\\"), "{}", here.file);
        assert!(here.column > 1);
        assert_eq!(frames.len(), text.lines().filter(|line| !line.trim_start().starts_with("at ")).count());
    }

    #[test]
    fn what_is_no_frame_is_none() {
        let frames = read("nonsense\n at nowhere\n  7: f::{{closure}}\n  at C:\\x.rs:3:4\n  8: g\n at x:y\n", None);
        let told: Vec<_> = frames.iter().map(|frame| (&*frame.name, &*frame.file, frame.line, frame.column)).collect();
        assert_eq!(told, [("f::{{closure}}", "C:\\x.rs", 3, 4), ("g", "", 0, 0)]);
        assert!(ends_with("/a/src/x.rs", "src/x.rs") && !ends_with("/a/mysrc/x.rs", "src/x.rs"));
    }
}
