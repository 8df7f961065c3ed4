//! Files: which of those over there are here, and the texts of those that are not.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use wherever::Error;
use wherever_debug::Place;

use crate::arguments::{Mapping, Source};
use crate::editor::Refusal;

/// The files of one process.
#[derive(Default)]
pub(crate) struct Sources {
    mappings: Vec<Mapping>,
    /// Where fetched sources are written to, if they are.
    folder: Option<PathBuf>,
    known: Mutex<Vec<File>>,
}

/// A file over there.
struct File {
    name: String,
    text: Option<Arc<str>>,
    written: Option<PathBuf>,
    /// It was to be written, and has no text: many a file has none, of code that was made at run time.
    is_without: bool,
}

/// Files here that were looked into for one answer, by their names over there.
#[derive(Default)]
pub(crate) struct Looked(HashMap<String, Option<(PathBuf, Vec<String>)>>);

impl Sources {
    pub(crate) fn new(mut mappings: Vec<Mapping>, folder: Option<PathBuf>) -> Self {
        // The innermost folder says it best.
        mappings.sort_by_key(|mapping| std::cmp::Reverse(Path::new(&mapping.remote_root).components().count()));
        Self { mappings, folder, known: Mutex::default() }
    }

    /// A place's file as the editor is told of it: one here, if it has the very line; else by a number to ask for it by.
    pub(crate) fn describe(&self, place: &Place, looked: &mut Looked) -> Option<Json> {
        if place.file.is_empty() {
            return None;
        }
        let name = Path::new(&place.file).file_name().map_or(place.file.as_str().into(), |name| name.to_string_lossy());
        let here = looked.0.entry(place.file.clone()).or_insert_with(|| self.look(&place.file));
        if let Some((path, lines)) = here.as_ref()
            && fits(lines, place)
        {
            return Some(json!({"name": name, "path": path}));
        }
        let number = self.number(&place.file);
        let written = self.known.lock()[number].written.clone();
        Some(match written {
            Some(path) => json!({"name": name, "path": path}),
            None => json!({"name": name, "path": place.file, "sourceReference": number + 1, "origin": "the process"}),
        })
    }

    /// The same file here, with its lines, if the mappings say that there is one.
    fn look(&self, file: &str) -> Option<(PathBuf, Vec<String>)> {
        let inner = |mapping: &Mapping| {
            let inner = Path::new(file).strip_prefix(&mapping.remote_root).ok()?;
            let is_inside = inner.components().all(|part| matches!(part, Component::Normal(_)));
            is_inside.then(|| mapping.local_root.join(inner))
        };
        let path = self.mappings.iter().find_map(inner)?;
        let text = fs::read(&path).ok()?;
        Some((path, String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()))
    }

    fn number(&self, file: &str) -> usize {
        let mut known = self.known.lock();
        known.iter().position(|known| known.name == file).unwrap_or_else(|| {
            known.push(File { name: file.into(), text: None, written: None, is_without: false });
            known.len() - 1
        })
    }

    /// The text behind a number, asked for by this at the first time.
    pub(crate) fn text(
        &self,
        number: i64,
        ask: impl FnOnce(&str) -> Result<String, Error>,
    ) -> Result<Arc<str>, Refusal> {
        let at = self.at(number)?;
        let (name, text) = {
            let known = self.known.lock();
            (known[at].name.clone(), known[at].text.clone())
        };
        if let Some(text) = text {
            return Ok(text);
        }
        let text: Arc<str> = ask(&name)?.into();
        self.known.lock()[at].text = Some(text.clone());
        Ok(text)
    }

    fn at(&self, number: i64) -> Result<usize, Refusal> {
        let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        let known = |at: &usize| *at < self.known.lock().len();
        at.filter(known).ok_or_else(|| Refusal(format!("{number} is no source")))
    }

    /// Writes the files that these places are in into the folder, if there is one; what is not known is asked for.
    pub(crate) fn write<'a>(
        &self,
        places: impl Iterator<Item = &'a Place>,
        ask: impl Fn(&str) -> Result<String, Error>,
    ) -> Result<(), Refusal> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut looked = Looked::default();
        for place in places.filter(|place| !place.file.is_empty()) {
            let here = looked.0.entry(place.file.clone()).or_insert_with(|| self.look(&place.file));
            if here.as_ref().is_some_and(|(_, lines)| fits(lines, place)) {
                continue;
            }
            let at = self.number(&place.file);
            let is_done = |known: &File| known.written.is_some() || known.is_without;
            if is_done(&self.known.lock()[at]) {
                continue;
            }
            let Ok(text) = self.text(at as i64 + 1, &ask) else {
                self.known.lock()[at].is_without = true;
                continue;
            };
            let path = self.free_path(folder, &place.file);
            let write = || {
                path.parent().map_or(Ok(()), fs::create_dir_all)?;
                fs::write(&path, &*text)
            };
            write().map_err(|error| Refusal(format!("{} cannot be written: {error}", path.display())))?;
            self.known.lock()[at].written = Some(path);
        }
        Ok(())
    }

    /// A path within the folder that no other file has. What a process calls its files leads nowhere else.
    fn free_path(&self, folder: &Path, file: &str) -> PathBuf {
        let parts = Path::new(file).components().filter_map(|part| match part {
            Component::Normal(part) => Some(part),
            _ => None,
        });
        let inner: PathBuf = parts.collect();
        let plain = folder.join(if inner.as_os_str().is_empty() { Path::new("source") } else { &inner });
        let known = self.known.lock();
        let mut path = plain.clone();
        let mut next = 2;
        while known.iter().any(|known| known.written.as_ref() == Some(&path)) {
            path = PathBuf::from(format!("{}~{next}", plain.display()));
            next += 1;
        }
        path
    }

    /// The file over there that the editor means.
    pub(crate) fn file_of(&self, source: &Source) -> Result<String, Refusal> {
        if let Some(number) = source.source_reference.filter(|number| *number > 0) {
            let at = self.at(number)?;
            return Ok(self.known.lock()[at].name.clone());
        }
        let Some(path) = &source.path else { return Refusal::new("a source has a path, or the number of one") };
        let written = |known: &&File| known.written.as_deref() == Some(Path::new(path));
        if let Some(known) = self.known.lock().iter().find(written) {
            return Ok(known.name.clone());
        }
        let there = |mapping: &Mapping| {
            let inner = Path::new(path).strip_prefix(&mapping.local_root).ok()?;
            Some(Path::new(&mapping.remote_root).join(inner).to_string_lossy().into_owned())
        };
        Ok(self.mappings.iter().find_map(there).unwrap_or_else(|| path.clone()))
    }
}

/// Whether a file here has the line that the place tells, as far as it tells one.
fn fits(lines: &[String], place: &Place) -> bool {
    let line = (place.line as usize).checked_sub(1).and_then(|at| lines.get(at));
    match place.text.trim() {
        "" => place.line == 0 || line.is_some(),
        text => line.is_some_and(|line| line.trim() == text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32, text: &str) -> Place {
        Place { file: file.into(), line, text: text.into(), ..Place::default() }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("wherever-dap-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn a_file_here_counts_only_if_it_has_the_line() {
        let here = folder("here");
        fs::write(here.join("app.py"), "import os\n  total = 9\n").unwrap();
        let mapping = Mapping { local_root: here.clone(), remote_root: "/srv".into() };
        let sources = Sources::new(vec![mapping], None);
        let told = |place: &Place| sources.describe(place, &mut Looked::default()).unwrap();
        assert_eq!(told(&place("/srv/app.py", 2, "total = 9")), json!({"name": "app.py", "path": here.join("app.py")}));
        // The same path, another text: what is shown is what runs.
        assert_eq!(told(&place("/srv/app.py", 2, "total = 8"))["sourceReference"], 1);
        assert_eq!(told(&place("/srv/app.py", 3, ""))["sourceReference"], 1);
        assert_eq!(told(&place("/srv/../etc/passwd", 1, ""))["sourceReference"], 2);
        assert_eq!(told(&place("/elsewhere/app.py", 1, ""))["sourceReference"], 3);
        let file = |path: &Path| {
            sources.file_of(&Source { path: Some(path.display().to_string()), source_reference: None }).unwrap()
        };
        assert_eq!(file(&here.join("app.py")), "/srv/app.py");
        assert_eq!(file(Path::new("/other.py")), "/other.py");
        let numbered = |number| sources.file_of(&Source { path: None, source_reference: Some(number) });
        assert_eq!(numbered(3).unwrap(), "/elsewhere/app.py");
        assert_eq!(numbered(4), Refusal::new("4 is no source"));
        fs::remove_dir_all(here).unwrap();
    }

    #[test]
    fn a_text_is_asked_for_once() {
        let sources = Sources::default();
        sources.describe(&place("a.py", 1, ""), &mut Looked::default());
        assert_eq!(&*sources.text(1, |file| Ok(format!("of {file}"))).unwrap(), "of a.py");
        assert_eq!(&*sources.text(1, |_| panic!("asked again")).unwrap(), "of a.py");
        assert_eq!(sources.text(0, |_| Ok(String::new())), Refusal::new("0 is no source"));
        assert_eq!(sources.text(i64::MIN, |_| Ok(String::new())), Refusal::new(format!("{} is no source", i64::MIN)));
    }

    #[test]
    fn what_is_written_stays_within_the_folder() {
        let folder = folder("written");
        let sources = Sources::new(Vec::new(), Some(folder.clone()));
        let places = ["/srv/a.py", "srv/a.py", "../../a.py", "..", "/no/text.py"].map(|file| place(file, 1, ""));
        let ask = |file: &str| if file.contains("text") { Err(Error::Stopped) } else { Ok(file.to_owned()) };
        sources.write(places.iter(), ask).unwrap();
        let told = |place: &Place| sources.describe(place, &mut Looked::default()).unwrap();
        for (place, path) in places.iter().zip(["srv/a.py", "srv/a.py~2", "a.py"]) {
            let told = told(place);
            assert_eq!((&told["path"], &told["sourceReference"]), (&json!(folder.join(path)), &Json::Null));
            assert_eq!(fs::read_to_string(folder.join(path)).unwrap(), place.file);
            let source = Source { path: Some(folder.join(path).display().to_string()), source_reference: None };
            assert_eq!(sources.file_of(&source).unwrap(), place.file);
        }
        assert_eq!(told(&places[3])["path"], json!(folder.join("source")));
        assert_eq!(told(&places[4])["sourceReference"], 5);
        fs::remove_dir_all(folder).unwrap();
    }
}
