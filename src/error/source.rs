//! The source of the program, where it is to be had: text that is shown as what was compiled must be that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::backtrace::Trace;

/// Bytes of a file that are told.
const SOURCE_LEN_MAX: u64 = 1 << 20;

/// The text of a file, as the compiler or a backtrace names it.
pub(super) fn read(file: &str, trace: Option<&Trace>) -> Result<String, String> {
    let path = found(file, trace).ok_or("no such file is here")?;
    let told = |error: io::Error| error.to_string();
    let about = fs::metadata(&path).map_err(told)?;
    if !about.is_file() || about.len() > SOURCE_LEN_MAX {
        return Err("it is too long, or no file".to_owned());
    }
    let program =
        std::env::current_exe().and_then(fs::metadata).and_then(|program| program.modified()).map_err(told)?;
    if about.modified().map_err(told)? > program {
        return Err("it was changed after the program was built".to_owned());
    }
    fs::read_to_string(&path).map_err(told)
}

/// Where the file is. The compiler names most of them as from a folder that it does not name: a backtrace does, and else
/// it is one above the program, or above the package that is being run.
fn found(file: &str, trace: Option<&Trace>) -> Option<PathBuf> {
    let path = Path::new(file);
    if path.is_absolute() {
        return path.is_file().then(|| path.to_path_buf());
    }
    if let Some(whole) = trace.and_then(|trace| trace.whole_path(file)) {
        return Some(PathBuf::from(whole)).filter(|path| path.is_file());
    }
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let beside = [std::env::current_exe().ok(), package];
    let mut folders = beside.iter().flatten().flat_map(|path| path.ancestors());
    folders.find_map(|folder| Some(folder.join(path)).filter(|path| path.is_file()))
}
