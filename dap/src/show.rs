//! Places, variables and stops as the editor is told of them.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use wherever_debug::{Place, Reason, Scope, Variable};

use crate::arguments::Initialize;
use crate::halt::{Halt, Named, Table};

/// Variables that are fetched at most at once for an editor that does not say how many it wants.
pub(crate) const FETCHED_MAX: usize = 1000;

/// Parts from which on an editor is told their number, so that it asks for some of them at a time.
const PAGED_FROM: i64 = 100;

impl Initialize {
    /// A line of the process's as the editor counts them.
    pub(crate) fn line_out(&self, line: u32) -> u32 {
        if self.lines_start_at1 { line } else { line.saturating_sub(1) }
    }

    /// A line of the editor's as the process counts them.
    pub(crate) fn line_in(&self, line: u32) -> u32 {
        if self.lines_start_at1 { line } else { line.saturating_add(1) }
    }

    /// A column; one that is not known is the first.
    fn column_out(&self, column: u32) -> u32 {
        let column = column.max(1);
        if self.columns_start_at1 { column } else { column - 1 }
    }
}

/// A frame.
pub(crate) fn frame(client: &Initialize, number: i64, place: &Place, source: Option<Json>) -> Json {
    let mut told = json!({
        "id": number,
        "name": place.function,
        "line": client.line_out(place.line),
        "column": client.column_out(place.column),
    });
    if place.end_line > 0 {
        told["endLine"] = client.line_out(place.end_line).into();
        if place.end_column > 0 {
            told["endColumn"] = client.column_out(place.end_column).into();
        }
    }
    match source {
        Some(source) => told["source"] = source,
        None => told["presentationHint"] = "subtle".into(),
    }
    told
}

/// The scopes of a frame.
pub(crate) fn scopes(table: &mut Table, halt: &Arc<Halt>, frame: usize) -> Json {
    let mut scope = |name: &str, hint: &str, scope: Scope, expensive: bool| {
        let number = table.name(halt, Named::Scope(frame, scope));
        json!({"name": name, "presentationHint": hint, "variablesReference": number, "expensive": expensive})
    };
    let locals = scope("Locals", "locals", Scope::Locals, false);
    json!([locals, scope("Globals", "globals", Scope::Globals, true)])
}

/// What a value is told as: under `value` in a list, under `result` for an expression.
pub(crate) fn value(
    client: &Initialize,
    table: &mut Table,
    halt: &Arc<Halt>,
    frame: usize,
    variable: Variable,
    under: &str,
) -> Json {
    let mut told = json!({under: variable.text, "type": variable.kind, "variablesReference": 0});
    if variable.parts != 0 {
        if variable.parts > PAGED_FROM && client.supports_variable_paging {
            told["indexedVariables"] = variable.parts.into();
        }
        told["variablesReference"] = table.name(halt, Named::Value(frame, variable.value)).into();
    }
    told
}

/// The body of the event that tells of a halt.
pub(crate) fn stopped(halt: &Halt) -> Json {
    let (reason, description) = match halt.reason {
        None | Some(Reason::Exception) => ("exception", "Stopped at an error"),
        Some(Reason::Breakpoint) => ("breakpoint", "Stopped at a breakpoint"),
        Some(Reason::Step) => ("step", "Stopped after a step"),
        Some(Reason::Call) => ("step", "Stopped at a call"),
        Some(Reason::Return) => ("step", "Stopped at a return"),
        Some(Reason::Pause) => ("pause", "Stopped where it was"),
        Some(Reason::Entry) => ("entry", "Stopped at the beginning"),
    };
    let mut told = json!({
        "reason": reason,
        "description": description,
        "threadId": halt.thread,
        // Of errors that were kept nothing runs; of threads each stops by itself.
        "allThreadsStopped": halt.reason.is_none(),
    });
    if !halt.detail.is_empty() {
        told["text"] = halt.detail.as_str().into();
    }
    if !halt.breakpoints.is_empty() {
        told["hitBreakpointIds"] = halt.breakpoints.as_slice().into();
    }
    told
}

/// What is told of the error of a halt, if it is at one.
pub(crate) fn exception(halt: &Halt) -> Option<Json> {
    if !matches!(halt.reason, None | Some(Reason::Exception)) {
        return None;
    }
    let kind = halt.detail.split([':', '\n']).next().unwrap_or_default().trim();
    let place = |place: &Place| match place.text.trim() {
        "" => format!("{}:{} in {}\n", place.file, place.line, place.function),
        text => format!("{}:{} in {}\n    {text}\n", place.file, place.line, place.function),
    };
    let places: String = halt.known_places().iter().map(place).collect();
    Some(json!({
        "exceptionId": kind,
        "description": halt.detail,
        "breakMode": if halt.reason.is_none() { "unhandled" } else { "always" },
        "details": {"message": halt.detail, "typeName": kind, "stackTrace": places},
    }))
}
