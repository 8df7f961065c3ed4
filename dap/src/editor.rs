//! The editor, as what is told to it: answers to its requests, and events.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use serde_json::{Value as Json, json};
use wherever::{Error, Interrupt};

use crate::framing;
use crate::log::Log;

/// Why a request is unsuccessful, for whoever made it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal(pub(crate) String);

impl Refusal {
    pub(crate) fn new<T>(text: impl Into<String>) -> Result<T, Self> {
        Err(Self(text.into()))
    }
}

impl From<Error> for Refusal {
    /// What the debugged code raised, as its language tells it; else what went wrong between the two sides.
    fn from(error: Error) -> Self {
        let Some(raised) = error.raised() else {
            return match error {
                Error::Interrupted => Self("cancelled".into()),
                Error::Disconnected(lost) => Self(format!("the process is gone: {}", lost.reason)),
                other => Self(other.to_string()),
            };
        };
        let kind = raised.type_name.rsplit([':', '.']).next().unwrap_or_default();
        Self(match (kind.is_empty(), raised.message.is_empty()) {
            (true, _) => raised.message.to_string(),
            (false, true) => kind.to_owned(),
            (false, false) => format!("{kind}: {}", raised.message),
        })
    }
}

/// What a request gives.
pub(crate) type Answer = Result<Json, Refusal>;

/// Requests whose refusal is shown where they were made, so that no window need open.
const QUIET: [&str; 4] = ["evaluate", "variables", "setVariable", "cancel"];

/// How long the end waits for answers that were cancelled.
const FINISH_TIME: Duration = Duration::from_secs(2);

/// The way to the editor. Messages are whole, whichever threads send them.
pub(crate) struct Editor {
    out: Mutex<Out>,
    log: Log,
    /// What was asked and not answered yet, by number, with what makes its waits end.
    asked: Mutex<BTreeMap<i64, Interrupt>>,
    answered: Condvar,
}

struct Out {
    writer: Box<dyn Write + Send>,
    /// The number of the last message.
    seq: i64,
    /// The editor takes nothing any more.
    broken: bool,
}

impl Editor {
    pub(crate) fn new(writer: Box<dyn Write + Send>, log: Log) -> Arc<Self> {
        let out = Mutex::new(Out { writer, seq: 0, broken: false });
        Arc::new(Self { out, log, asked: Mutex::default(), answered: Condvar::new() })
    }

    /// Tells of something that happened.
    pub(crate) fn event(&self, name: &str, body: Json) {
        self.send(json!({"type": "event", "event": name, "body": body}));
    }

    /// Tells people something, by the editor's console.
    pub(crate) fn tell(&self, text: &str) {
        self.event("output", json!({"category": "important", "output": format!("{text}\n")}));
    }

    /// Takes note of a request, which is to be answered.
    pub(crate) fn asked(self: &Arc<Self>, seq: i64, command: &str) -> Reply {
        let interrupt = Interrupt::new();
        self.asked.lock().insert(seq, interrupt.clone());
        Reply { editor: self.clone(), seq, command: command.into(), interrupt, is_given: false }
    }

    /// Makes the waits of a request end; whether it was not answered yet.
    pub(crate) fn cancel(&self, seq: i64) -> bool {
        let interrupt = self.asked.lock().get(&seq).cloned();
        interrupt.map(|interrupt| interrupt.trigger()).is_some()
    }

    /// Makes the waits of all requests end.
    pub(crate) fn cancel_all(&self) {
        let all: Vec<Interrupt> = self.asked.lock().values().cloned().collect();
        all.iter().for_each(Interrupt::trigger);
    }

    /// Says nothing more, once all that was asked is answered; what takes too long is not.
    pub(crate) fn finish(&self) {
        let mut asked = self.asked.lock();
        self.answered.wait_while_for(&mut asked, |asked| !asked.is_empty(), FINISH_TIME);
        drop(asked);
        // Not within a message: the program may end now.
        self.out.lock().broken = true;
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    fn send(&self, mut message: Json) {
        let mut out = self.out.lock();
        out.seq += 1;
        message["seq"] = out.seq.into();
        let body = message.to_string();
        self.log.line("to the editor", &body);
        if !out.broken && framing::write(&mut out.writer, body.as_bytes()).is_err() {
            out.broken = true;
            self.log.line("adapter", "the editor takes nothing any more");
        }
    }
}

/// A request that is to be answered. One that is let go unanswered is refused: what it was for has gone on.
pub(crate) struct Reply {
    editor: Arc<Editor>,
    seq: i64,
    command: String,
    /// What its waits heed.
    pub(crate) interrupt: Interrupt,
    is_given: bool,
}

impl Reply {
    /// Answers the request by what this gives; or by its having been cancelled, if it was. Whether it was successful.
    pub(crate) fn by(self, work: impl FnOnce() -> Answer) -> bool {
        let interrupt = self.interrupt.clone();
        let answer = match interrupt.is_triggered() {
            true => Refusal::new("cancelled"),
            false => interrupt.scope(work),
        };
        let is_well = answer.is_ok();
        self.give(answer);
        is_well
    }

    pub(crate) fn give(mut self, answer: Answer) {
        self.send(answer);
    }

    fn send(&mut self, answer: Answer) {
        self.is_given = true;
        let (seq, command) = (self.seq, &self.command);
        let mut message = json!({"type": "response", "request_seq": seq, "command": command});
        match answer {
            Ok(body) => {
                message["success"] = true.into();
                if !body.is_null() {
                    message["body"] = body;
                }
            }
            Err(Refusal(text)) => {
                message["success"] = false.into();
                message["message"] = text.as_str().into();
                let show = !QUIET.contains(&command.as_str());
                message["body"] = json!({"error": {"id": 1, "format": text, "showUser": show}});
            }
        }
        self.editor.send(message);
        self.editor.asked.lock().remove(&self.seq);
        self.editor.answered.notify_all();
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_given {
            self.send(Refusal::new("the thread has gone on"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_as_their_language_tells_them() {
        let told = |error: Error| Refusal::from(error).0;
        assert_eq!(told(Error::raise("python:builtins.NameError", "name 'x'")), "NameError: name 'x'");
        assert_eq!(told(Error::raise("rust:core::num::ParseIntError", "digit")), "ParseIntError: digit");
        assert_eq!(told(Error::raise("python:builtins.KeyError", "")), "KeyError");
        assert_eq!(told(Error::raise("", "a text")), "a text");
        assert_eq!(told(Error::Interrupted), "cancelled");
        assert_eq!(told(Error::Stopped), "stopped by its caller");
    }
}
