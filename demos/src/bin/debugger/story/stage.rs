//! Where scenes are played: a folder with the scripts, and two processes for each scene.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::Failure;
use crate::story::cable;
use crate::story::scenes::Scene;

/// What moves the frames.
#[derive(Clone, Copy)]
pub(super) enum Carrier {
    Unix,
    Tcp,
    Child,
    Line,
}

/// What the two processes of a scene have printed.
pub(super) struct Played {
    pub(super) front: String,
    pub(super) script: String,
}

/// A folder that goes with the value.
pub(super) struct Stage(PathBuf);

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Stage {
    pub(super) fn new() -> Result<Self, Failure> {
        let stage = Self(std::env::temp_dir().join(format!("wherever-debugger-{}", std::process::id())));
        fs::create_dir(&stage.0)?;
        Ok(stage)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.0.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }

    /// The URL of a child process that runs the script of a scene.
    pub(super) fn child_url(&self, scene: &Scene) -> Result<String, Failure> {
        let (program, script) = (std::env::current_exe()?, self.write(scene.file, scene.script)?);
        let options = scene.options.join(" ");
        Ok(format!("exec:'{}' run '{}' --listen stdio: {options}", program.display(), script.display()))
    }

    /// Runs a script in one process and debugs it in another, with the commands of the scene.
    pub(super) fn play(&self, scene: &Scene, carrier: Carrier) -> Result<Played, Failure> {
        let (url, runner) = match carrier {
            Carrier::Child => (self.child_url(scene)?, None),
            Carrier::Unix => self.run(scene, &format!("unix://{}", self.0.join("debugger").display()), None)?,
            Carrier::Tcp => self.run(scene, "tcp://127.0.0.1:0", None)?,
            Carrier::Line => {
                let [one, other] = cable::lay()?;
                self.run(scene, &format!("tty:{one}"), Some(format!("tty:{other}")))?
            }
        };
        let commands = self.write("commands", scene.commands)?;
        let mut front = Command::new(std::env::current_exe()?);
        front.args(["attach", &url, "--count", "--script"]).arg(commands).stdin(Stdio::null());
        let debugged = front.output()?;
        let mut script = String::from_utf8_lossy(&debugged.stderr).into_owned();
        if let Some((mut child, mut told, begun)) = runner {
            script.push_str(&begun);
            told.read_to_string(&mut script)?;
            child.wait()?;
        }
        Ok(Played { front: String::from_utf8_lossy(&debugged.stdout).into_owned(), script })
    }

    /// Starts the process that runs a script; gives the URL to debug it at, and what it prints.
    fn run(&self, scene: &Scene, url: &str, far: Option<String>) -> Result<(String, Option<Runner>), Failure> {
        let script = self.write(scene.file, scene.script)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("run").arg(script).args(["--listen", url]).args(scene.options);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut told = BufReader::new(child.stdout.take().ok_or("there is no pipe")?);
        let mut line = String::new();
        told.read_line(&mut line)?;
        let at = line.trim_end().strip_prefix("listening at ").ok_or_else(|| format!("it said {line:?}"))?.to_owned();
        // Kept, since it is part of what it has said.
        while !line.lines().any(|line| line.starts_with(scene.awaited)) {
            if told.read_line(&mut line)? == 0 {
                return Err(format!("it said {line:?} and no more").into());
            }
        }
        Ok((far.unwrap_or(at), Some((child, told, line))))
    }
}

/// A process that runs a script, what it prints, and what it has printed.
type Runner = (Child, BufReader<ChildStdout>, String);
