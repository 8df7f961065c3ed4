//! Starting cargo and other programs, and saying what became of them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

/// What every command comes to.
pub(crate) type Outcome = Result<(), Failure>;

/// Why xtask stops: the status to exit with, and what to print first.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit status; never 0.
    pub(crate) code: u8,
    /// Printed to stderr; nothing where a child has spoken for itself.
    pub(crate) message: Option<String>,
}

impl Failure {
    /// Something went wrong: status 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { code: 1, message: Some(message.into()) }
    }

    /// The command line makes no sense: status 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: Some(message.into()) }
    }
}

/// Prints one line of progress.
pub(crate) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// The top of the repository.
pub(crate) fn root() -> PathBuf {
    // Cargo sets the variable for `cargo run`; what was compiled in serves a
    // binary that is started by hand.
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    package.parent().map_or(package.clone(), Path::to_path_buf)
}

/// The folder that cargo builds into.
pub(crate) fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        // A relative folder counts from where the user stands, and our children
        // run at the top: make it absolute before it changes its meaning.
        Some(dir) => std::path::absolute(&dir).unwrap_or_else(|_| PathBuf::from(dir)),
        None => root().join("target"),
    }
}

/// The cargo that runs us, at the top of the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(root());
    if env::var_os("CARGO_TARGET_DIR").is_some() {
        command.env("CARGO_TARGET_DIR", target_dir());
    }
    command
}

/// Runs `command` to its end; a failure carries its exit status and no message.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| Failure::new(format!("cannot start {}: {error}", shown(command))))?;
    if status.success() {
        return Ok(());
    }
    Err(Failure { code: exit_code(status), message: None })
}

/// The command's words with spaces between, for messages.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// The child's exit status as ours: 1 where a signal or a wide number has none.
fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1)
}
