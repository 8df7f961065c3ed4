//! The arguments of requests.

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::editor::Refusal;

/// A request, as it came.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(crate) struct Request {
    pub(crate) seq: i64,
    pub(crate) command: String,
    #[serde(default)]
    pub(crate) arguments: Json,
}

impl Request {
    /// Reads a message; none if it is an answer, of which this side awaits none.
    ///
    /// # Errors
    /// Why it is no message.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, String> {
        let message: Json =
            serde_json::from_slice(bytes).map_err(|error| format!("the editor sent what is no JSON: {error}"))?;
        match message["type"].as_str() {
            Some("request") => {}
            Some("response") => return Ok(None),
            _ => return Err("the editor sent a message that is neither a request nor a response".to_owned()),
        }
        let request = Self::deserialize(message);
        request.map(Some).map_err(|error| format!("the editor sent a request that is none: {error}"))
    }

    /// The arguments; none at all count as an empty object.
    ///
    /// # Errors
    /// What is missing or of another type.
    pub(crate) fn arguments<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let arguments = if self.arguments.is_null() { json!({}) } else { self.arguments.clone() };
        T::deserialize(arguments).map_err(|error| Refusal(format!("the arguments of `{}`: {error}", self.command)))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Initialize {
    pub(crate) lines_start_at1: bool,
    pub(crate) columns_start_at1: bool,
    pub(crate) path_format: Option<String>,
    pub(crate) supports_variable_paging: bool,
}

impl Default for Initialize {
    fn default() -> Self {
        Self { lines_start_at1: true, columns_start_at1: true, path_format: None, supports_variable_paging: false }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Attach {
    /// Where the process is; without one, where the command line said.
    pub(crate) url: Option<String>,
    /// Which of its folders are here.
    pub(crate) path_mappings: Option<Vec<Mapping>>,
    /// Where fetched sources are written to, for editors that do not ask for them.
    pub(crate) source_folder: Option<PathBuf>,
    /// Whether its failures are opened, or the process as it runs.
    pub(crate) post_mortem: Option<bool>,
}

/// A folder here, and the same one there.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mapping {
    pub(crate) local_root: PathBuf,
    pub(crate) remote_root: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Source {
    pub(crate) path: Option<String>,
    pub(crate) source_reference: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetBreakpoints {
    pub(crate) source: Source,
    pub(crate) breakpoints: Option<Vec<LineBreakpoint>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineBreakpoint {
    pub(crate) line: u32,
    pub(crate) condition: Option<String>,
    pub(crate) hit_condition: Option<String>,
    pub(crate) log_message: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SetFunctionBreakpoints {
    pub(crate) breakpoints: Vec<FunctionBreakpoint>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FunctionBreakpoint {
    pub(crate) name: String,
    pub(crate) condition: Option<String>,
    pub(crate) hit_condition: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfThread {
    pub(crate) thread_id: i64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfFrame {
    pub(crate) frame_id: i64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StackTrace {
    pub(crate) thread_id: i64,
    pub(crate) start_frame: Option<usize>,
    pub(crate) levels: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variables {
    pub(crate) variables_reference: i64,
    pub(crate) filter: Option<String>,
    pub(crate) start: Option<usize>,
    pub(crate) count: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetVariable {
    pub(crate) variables_reference: i64,
    pub(crate) name: String,
    pub(crate) value: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evaluate {
    pub(crate) expression: String,
    pub(crate) frame_id: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SourceText {
    pub(crate) source: Option<Source>,
    pub(crate) source_reference: i64,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct GotoTargets {
    pub(crate) source: Source,
    pub(crate) line: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Goto {
    pub(crate) thread_id: i64,
    pub(crate) target_id: i64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Cancel {
    pub(crate) request_id: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_and_answers_passed_over() {
        let read = |text: &str| Request::read(text.as_bytes());
        let request = read(r#"{"seq": 3, "type": "request", "command": "attach"}"#).unwrap().unwrap();
        assert_eq!((request.seq, request.command.as_str()), (3, "attach"));
        // No arguments at all, which editors do.
        assert!(request.arguments::<Attach>().unwrap().url.is_none());
        assert_eq!(read(r#"{"seq": 3, "type": "response"}"#), Ok(None));
        let error = |text: &str| read(text).unwrap_err();
        assert!(error("{").starts_with("the editor sent what is no JSON: EOF"));
        assert!(error(&"[".repeat(100_000)).starts_with("the editor sent what is no JSON: recursion limit"));
        assert_eq!(error("[1]"), "the editor sent a message that is neither a request nor a response");
        assert!(error(r#"{"seq": "x", "type": "request", "command": "attach"}"#).contains("invalid type"));
        assert!(error(r#"{"seq": 1, "type": "request"}"#).contains("missing field `command`"));
    }

    #[test]
    fn arguments_that_do_not_fit_are_told() {
        let request = Request { seq: 1, command: "evaluate".into(), arguments: Json::Null };
        let refusal = request.arguments::<Evaluate>().unwrap_err();
        assert_eq!(refusal.0, "the arguments of `evaluate`: missing field `expression`");
        let arguments = json!({"linesStartAt1": false, "pathFormat": "uri"});
        let request = Request { seq: 1, command: "initialize".into(), arguments };
        let made = request.arguments::<Initialize>().unwrap();
        assert!(!made.lines_start_at1 && made.columns_start_at1 && made.path_format.as_deref() == Some("uri"));
    }
}
