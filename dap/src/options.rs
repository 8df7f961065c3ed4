//! The command line.

use std::path::PathBuf;

use crate::editor::Refusal;

pub(crate) const USAGE: &str = "\
wherever-dap [--port NUMBER] [--log FILE] [--sources FOLDER] [URL]

Speaks the Debug Adapter Protocol with an editor, and debugs the process at URL:
an error that it kept, or the process as it runs.

  URL               where the process is: unix:///path, tcp://host:port,
                    exec:program arguments; the editor may tell another in
                    `url` of its attach request
  --port NUMBER     serve editors on 127.0.0.1 at this port, 0 for any free
                    one, instead of one editor on standard input and output.
                    Whoever on this machine connects can debug the process
  --log FILE        add what is said to this file
  --sources FOLDER  write sources that are only over there into this folder,
                    for editors that do not ask for them
";

/// What was asked for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) url: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) log: Option<PathBuf>,
    pub(crate) sources: Option<PathBuf>,
}

impl Options {
    /// Reads the words behind the program's name; none if help was asked for.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut words = words;
        let mut options = Self::default();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value behind it"));
            match word.as_str() {
                "--help" | "-h" => return Ok(None),
                "--port" => {
                    let port = value()?;
                    options.port = Some(port.parse().map_err(|_| format!("{port:?} is no port"))?);
                }
                "--log" => options.log = Some(value()?.into()),
                "--sources" => options.sources = Some(value()?.into()),
                other if other.starts_with('-') => return Err(format!("there is no option {other:?}")),
                _ if options.url.is_some() => return Err(format!("one URL is enough, and {word:?} is another")),
                _ => options.url = Some(word),
            }
        }
        Ok(Some(options))
    }

    /// Where fetched sources are written to, if the editor tells this.
    pub(crate) fn folder(&self, told: Option<PathBuf>) -> Result<Option<PathBuf>, Refusal> {
        match told {
            // Nor shall they have files written where they cannot write themselves.
            Some(_) if self.port.is_some() => Refusal::new(
                "an editor that comes by a port cannot have files written: `--sources` on the command line says where",
            ),
            Some(folder) => Ok(Some(folder)),
            None => Ok(self.sources.clone()),
        }
    }

    /// Where the process is, if the editor tells this.
    pub(crate) fn url(&self, told: Option<&str>) -> Result<String, Refusal> {
        let url = match (told.filter(|url| !url.is_empty()), &self.url) {
            // A port is open to all programs of this machine; none of them shall start others by it.
            (Some(url), _) if self.port.is_some() && url.starts_with("exec:") => {
                return Refusal::new("an editor that comes by a port cannot have a program started");
            }
            (Some(url), _) => url,
            (None, Some(url)) => url,
            (None, None) => {
                return Refusal::new(
                    "where is the process? Tell by `url` in the attach request, or on the command line",
                );
            }
        };
        if url.starts_with("stdio:") {
            return Refusal::new("standard input and output are the editor's");
        }
        Ok(url.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Option<Options>, String> {
        Options::read(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn words_are_read() {
        assert_eq!(read(&[]), Ok(Some(Options::default())));
        let all = read(&["--port", "0", "--log", "l", "unix:///x", "--sources", "s"]).unwrap().unwrap();
        assert_eq!((all.port, all.url.as_deref()), (Some(0), Some("unix:///x")));
        assert_eq!(read(&["--help"]), Ok(None));
        for wrong in [&["--port"][..], &["--port", "70000"], &["--such"], &["a", "b"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_editor_says_where_or_the_command_line_does() {
        let options = |port| Options { url: Some("unix:///x".into()), port, ..Options::default() };
        assert_eq!(options(None).url(None), Ok("unix:///x".into()));
        assert_eq!(options(None).url(Some("exec:python x.py")), Ok("exec:python x.py".into()));
        assert!(options(Some(1)).url(Some("exec:python x.py")).is_err());
        assert!(options(None).url(Some("stdio:")).is_err());
        assert!(Options::default().url(None).is_err());
    }

    #[test]
    fn whoever_comes_by_a_port_has_nothing_written_elsewhere() {
        let options = |port| Options { sources: Some("s".into()), port, ..Options::default() };
        assert_eq!(options(Some(1)).folder(None), Ok(Some("s".into())));
        assert_eq!(options(None).folder(Some("f".into())), Ok(Some("f".into())));
        let refused = options(Some(1)).folder(Some("/home/somebody".into())).unwrap_err();
        assert!(refused.0.contains("by a port cannot have files written"), "{refused:?}");
    }
}
