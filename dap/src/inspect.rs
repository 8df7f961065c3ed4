//! Looking into what has stopped: frames, variables, expressions, sources.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use wherever_debug::{Debugger, Place, Scope, Variable};

use crate::arguments::{Evaluate, OfFrame, OfThread, SetVariable, SourceText, StackTrace, Variables};
use crate::editor::{Answer, Refusal};
use crate::halt::{Halt, Named};
use crate::session::Session;
use crate::show::{self, FETCHED_MAX};
use crate::sources::Looked;

/// What is done on the thread of a halt.
type Errand = Result<(Arc<Halt>, Box<dyn FnOnce() -> Answer + Send>), Refusal>;

impl Session {
    /// The frames of a thread, the innermost first. Those of a stop have come with it.
    pub(crate) fn stack_trace(&self, wanted: StackTrace) -> Answer {
        let (target, halt, client) = {
            let mut state = self.state.lock();
            (state.target()?, state.halt(wanted.thread_id)?, state.client.clone())
        };
        let places = halt.places()?;
        let levels = wanted.levels.filter(|levels| *levels > 0).unwrap_or(usize::MAX);
        let inner: Vec<(usize, &Place)> =
            places.iter().enumerate().rev().skip(wanted.start_frame.unwrap_or(0)).take(levels).collect();
        target.sources.write(inner.iter().map(|(_, place)| *place), |file| self.ask_source(&target, file))?;
        let first = self.state.lock().table.frames(&halt, places.len());
        let mut looked = Looked::default();
        let frames = inner.into_iter().map(|(at, place)| {
            show::frame(&client, first + at as i64, place, target.sources.describe(place, &mut looked))
        });
        Ok(json!({"stackFrames": frames.collect::<Vec<_>>(), "totalFrames": places.len()}))
    }

    /// The text of a file: of a process that runs, from its debugger; else from the stack that is in it.
    fn ask_source(&self, target: &crate::attach::Target, file: &str) -> Result<String, wherever::Error> {
        if target.is_live {
            return target.debugger.source(file);
        }
        let halts: Vec<_> = self.state.lock().threads.iter().filter_map(|thread| thread.halt.clone()).collect();
        let is_in = |halt: &&Arc<Halt>| halt.known_places().iter().any(|place| place.file == file);
        match halts.iter().find(is_in) {
            Some(halt) => halt.stack.source(file),
            None => target.debugger.source(file),
        }
    }

    pub(crate) fn source(&self, wanted: &SourceText) -> Answer {
        let target = self.state.lock().target()?;
        let within = wanted.source.as_ref().and_then(|source| source.source_reference).filter(|number| *number > 0);
        let text =
            target.sources.text(within.unwrap_or(wanted.source_reference), |file| self.ask_source(&target, file))?;
        Ok(json!({"content": &*text}))
    }

    pub(crate) fn scopes(&self, wanted: OfFrame) -> Answer {
        let mut state = self.state.lock();
        let (halt, frame) = state.table.frame(wanted.frame_id)?;
        Ok(json!({"scopes": show::scopes(&mut state.table, &halt, frame)}))
    }

    pub(crate) fn exception_info(&self, wanted: OfThread) -> Answer {
        let halt = self.state.lock().halt(wanted.thread_id)?;
        show::exception(&halt).ok_or_else(|| Refusal("the thread did not stop at an error".into()))
    }

    pub(crate) fn variables(self: &Arc<Self>, wanted: Variables) -> Errand {
        let (halt, named) = self.state.lock().table.find(wanted.variables_reference)?;
        let (this, at) = (self.clone(), halt.clone());
        Ok((halt, Box::new(move || this.fetch(&at, named, &wanted))))
    }

    fn fetch(&self, halt: &Arc<Halt>, named: Named, wanted: &Variables) -> Answer {
        let start = wanted.start.unwrap_or(0);
        let count = wanted.count.filter(|count| *count > 0);
        // One more than is shown tells whether there are more.
        let asked = count.unwrap_or(FETCHED_MAX + 1);
        let (frame, mut all) = match named {
            // Only the number of all parts is told to editors, as that of indexed ones.
            Named::Value(..) if wanted.filter.as_deref() == Some("named") => return Ok(json!({"variables": []})),
            Named::Value(frame, value) => (frame, halt.stack.parts(value, start, asked)?.0),
            Named::Scope(frame, scope) => (frame, halt.stack.variables(frame, scope, start, asked)?.0),
            Named::Frame(_) => return Refusal::new("a frame has scopes; they have variables"),
        };
        let is_cut = count.is_none() && all.len() > FETCHED_MAX;
        if is_cut {
            all.truncate(FETCHED_MAX);
        }
        let mut told = self.tell(halt, frame, all);
        if is_cut {
            let text = format!("there are more than these {FETCHED_MAX}: evaluate an expression to see others");
            told.push(json!({"name": "...", "value": text, "variablesReference": 0}));
        }
        Ok(json!({"variables": told}))
    }

    fn tell(&self, halt: &Arc<Halt>, frame: usize, all: Vec<Variable>) -> Vec<Json> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let told = all.into_iter().map(|mut variable| {
            let name = std::mem::take(&mut variable.name);
            let mut told = show::value(&state.client, &mut state.table, halt, frame, variable, "value");
            told["name"] = name.into();
            told
        });
        told.collect()
    }

    pub(crate) fn set_variable(self: &Arc<Self>, wanted: SetVariable) -> Errand {
        let (halt, named) = self.state.lock().table.find(wanted.variables_reference)?;
        let (this, at) = (self.clone(), halt.clone());
        Ok((halt, Box::new(move || this.assign(&at, named, &wanted))))
    }

    fn assign(&self, halt: &Arc<Halt>, named: Named, wanted: &SetVariable) -> Answer {
        let SetVariable { name, value, .. } = wanted;
        let (frame, variable) = match named {
            Named::Scope(frame, Scope::Locals) => (frame, halt.stack.assign_text(frame, name, value)?),
            Named::Value(frame, of) => (frame, halt.stack.assign_part(of, frame, name, value)?),
            Named::Scope(_, Scope::Globals) => {
                return Refusal::new("a global variable is not set from here: evaluate what sets it");
            }
            Named::Frame(_) => return Refusal::new("a frame has scopes; they have variables"),
        };
        let mut state = self.state.lock();
        let state = &mut *state;
        Ok(show::value(&state.client, &mut state.table, halt, frame, variable, "value"))
    }

    /// Evaluates in a frame; without one, in the innermost frame of what stopped last.
    pub(crate) fn evaluate(self: &Arc<Self>, wanted: Evaluate) -> Errand {
        let (halt, frame) = {
            let state = self.state.lock();
            match wanted.frame_id {
                Some(number) => state.table.frame(number)?,
                None => state.latest()?,
            }
        };
        let (this, at) = (self.clone(), halt.clone());
        Ok((halt, Box::new(move || this.value_of(&at, frame, &wanted.expression))))
    }

    fn value_of(&self, halt: &Arc<Halt>, frame: usize, text: &str) -> Answer {
        match halt.stack.evaluate(frame, text)? {
            None => Ok(json!({"result": "", "variablesReference": 0})),
            Some(variable) => {
                let mut state = self.state.lock();
                let state = &mut *state;
                Ok(show::value(&state.client, &mut state.table, halt, frame, variable, "result"))
            }
        }
    }
}
