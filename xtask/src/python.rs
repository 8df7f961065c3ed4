//! The Python package: its tests and its benchmark, each in a virtual environment of its own below the target folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Failure, Outcome, cargo, root, run, target_dir};

/// What an interpreter must come to: it makes virtual environments that have pip, and tells its version and its own path.
const PROBE: &str = "\
import sys, venv, ensurepip
ensurepip.version()
assert sys.implementation.name == 'cpython'
print('%d.%d.%d' % sys.version_info[:3])
print(sys.executable)";

/// The oldest version that will do.
const OLDEST: (u32, u32) = (3, 10);

/// Names under which an interpreter is looked for, if the variable names none.
const NAMES: [&str; 6] = ["python3", "python3.13", "python3.12", "python3.11", "python3.10", "python"];

/// Names the one interpreter that is to be used.
const VARIABLE: &str = "PYTHON";

/// An interpreter that will do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Interpreter {
    /// Its own path, behind whatever stands for it.
    pub(crate) path: PathBuf,
    version: String,
}

/// The interpreter that `PYTHON` names, or else the first that will do.
pub(crate) fn interpreter() -> Result<Interpreter, Failure> {
    let named = env::var(VARIABLE).ok().filter(|name| !name.is_empty());
    let names: Vec<&str> = named.as_deref().map_or_else(|| NAMES.to_vec(), |name| vec![name]);
    let mut refused = String::new();
    for name in names {
        match probe(name) {
            Ok(found) => return Ok(found),
            Err(Some(reason)) => refused.push_str(&format!("\n  {name}: {reason}")),
            Err(None) => {}
        }
    }
    let (major, minor) = OLDEST;
    let mut message = format!(
        "the Python package needs CPython {major}.{minor} or newer with venv and pip (on Debian: apt-get install \
         python3 python3-venv). Set {VARIABLE} to its path if it has another name than python3."
    );
    if refused.is_empty() {
        message.push_str("\nNone was found.");
    } else {
        message.push_str("\nThese were found, and will not do:");
        message.push_str(&refused);
    }
    Err(Failure::new(message))
}

/// The interpreter of this name; why it will not do, or nothing if there is none.
fn probe(name: &str) -> Result<Interpreter, Option<String>> {
    let output = Command::new(name).args(["-c", PROBE]).output().map_err(|_| None)?;
    let (told, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(Some(said.lines().last().unwrap_or("it does not run").to_owned()));
    }
    let (version, path) = told.trim_end().split_once('\n').unwrap_or((told.trim_end(), name));
    if numbers(version) < Some(OLDEST) {
        return Err(Some(format!("version {version} is too old")));
    }
    Ok(Interpreter { path: path.into(), version: version.to_owned() })
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// A virtual environment below the target folder, with what a list asks for.
struct Environment(PathBuf);

impl Environment {
    /// Makes it, unless it is there, and installs what the list asks for.
    fn with(purpose: &str, requirements: &[&str]) -> Result<Self, Failure> {
        let interpreter = interpreter()?;
        let folder = target_dir().join("python").join(format!("{purpose}-{}", interpreter.version));
        let made = Self(folder);
        if !made.program("python").exists() || probe(&made.program("python").to_string_lossy()).is_err() {
            // One that was left half made, or whose interpreter has gone.
            let _ = fs::remove_dir_all(&made.0);
            run(Command::new(&interpreter.path).args(["-m", "venv"]).arg(&made.0))?;
        }
        let mut install = made.pip();
        for list in requirements {
            install.arg("--requirement").arg(root().join(list));
        }
        run(&mut install).map_err(|failure| Failure {
            message: Some(format!("pip could not install what {} ask for", requirements.join(" and "))),
            ..failure
        })?;
        Ok(made)
    }

    /// Builds the package for the interpreter and installs it, as `pip install ./python` does, but with the build tool
    /// of the list instead of one fetched for each build.
    fn install_package(&self) -> Outcome {
        let mut pip = self.pip();
        pip.args(["--no-deps", "--no-build-isolation", "--force-reinstall"]).arg(root().join("python"));
        run(pip.env("CARGO_TARGET_DIR", target_dir()).env("PATH", self.search_path()?))
    }

    fn pip(&self) -> Command {
        let mut pip = self.command("python");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip
    }

    /// A program of the environment, which sees no other packages than those that are installed there.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.program(name));
        command.current_dir(root()).env_remove("PYTHONPATH").env_remove("PYTHONHOME");
        command
    }

    fn program(&self, name: &str) -> PathBuf {
        self.0.join("bin").join(name)
    }

    /// Where programs are looked for: those of the environment first, of which one is the build tool.
    fn search_path(&self) -> Result<std::ffi::OsString, Failure> {
        let paths = env::var_os("PATH").unwrap_or_default();
        let all = [self.0.join("bin")].into_iter().chain(env::split_paths(&paths));
        env::join_paths(all).map_err(|error| Failure::new(format!("PATH: {error}")))
    }
}

/// The build tool, for each of the environments.
const BUILD_LIST: &str = "python/build-requirements.txt";

/// `cargo xtask python [PYTEST ARGS]`: builds the package, installs it and runs its tests.
pub(crate) fn test(args: &[String]) -> Outcome {
    let environment = Environment::with("tests", &[BUILD_LIST, "python/tests/requirements.txt"])?;
    environment.install_package()?;
    // Peers of theirs in Rust: demos, one that uses whatever it is given, and the adapter for editors.
    let packages =
        ["wherever-demos", "wherever-tests", "wherever-dap"].into_iter().flat_map(|name| ["--package", name]);
    let binaries =
        ["python_peer", "debugger", "beside_python", "wherever-dap"].into_iter().flat_map(|name| ["--bin", name]);
    run(cargo(&["build", "--quiet"]).args(packages).args(binaries))?;
    // Alone: with what it has of the library, nothing else is tested.
    run(&mut cargo(&["build", "--quiet", "--package", "wherever-traced", "--bin", "traced"]))?;
    let built = target_dir().join("debug");
    let mut pytest = environment.command("pytest");
    pytest
        .args(args)
        .env("WHEREVER_BESIDE_PYTHON", built.join("beside_python"))
        .env("WHEREVER_TRACED", built.join("traced"))
        .env("WHEREVER_DEMOS", built);
    // From here no program imports the package's source by chance.
    run(pytest.current_dir(root().join("python/tests")))
}

/// `cargo xtask demo traceback`: an error of another process in the debugger that comes with Python.
pub(crate) fn demo_traceback(args: &[String]) -> Outcome {
    let environment = Environment::with("tests", &[BUILD_LIST, "python/tests/requirements.txt"])?;
    environment.install_package()?;
    run(environment.command("python").arg(Path::new("python/demos/remote_traceback.py")).args(args))
}

/// `cargo xtask bench python [ARGS]`: the package beside others that do the like.
pub(crate) fn bench(args: &[String]) -> Outcome {
    let environment = Environment::with("bench", &[BUILD_LIST, "python/bench/requirements.txt"])?;
    environment.install_package()?;
    run(environment.command("python").arg(Path::new("python/bench/bench.py")).args(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(numbers("3.9.18") < Some(OLDEST));
        assert!(numbers("3.10.0") >= Some(OLDEST));
        assert!(numbers("3.13.0rc1") > Some(OLDEST));
        assert_eq!(numbers("three"), None);
        // What tells no version will not do.
        assert!(None < Some(OLDEST));
    }

    #[test]
    fn what_is_no_interpreter_will_not_do() {
        assert_eq!(probe("/no/such/python"), Err(None));
        // It runs, and says nothing.
        assert!(matches!(probe("true"), Err(Some(reason)) if reason.contains("too old")));
        assert!(matches!(probe("false"), Err(Some(_))));
    }
}
