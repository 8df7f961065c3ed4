//! An editor, as far as the tests need one.

use std::io::{BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::log::Log;
use crate::options::Options;
use crate::{framing, session};

/// No test waits so long, unless it fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Client {
    to: UnixStream,
    messages: Receiver<Json>,
    /// What came while something else was waited for.
    early: Vec<Json>,
    seq: i64,
    served: Option<JoinHandle<Result<(), String>>>,
}

impl Client {
    /// An editor, and an adapter that was given these options.
    pub(super) fn new(options: Options) -> Self {
        let (near, far) = UnixStream::pair().unwrap();
        let writer = far.try_clone().unwrap();
        let serve = move || {
            let ended = session::serve(BufReader::new(&far), Box::new(writer), Arc::new(options), Log::default());
            // Threads of the process may hold the other descriptor for a while.
            let _ = far.shutdown(Shutdown::Both);
            ended
        };
        let served = Some(thread::spawn(serve));
        let (sender, messages) = mpsc::channel();
        let mut from = BufReader::new(near.try_clone().unwrap());
        thread::spawn(move || {
            while let Ok(Some(bytes)) = framing::read(&mut from) {
                let _ = sender.send(serde_json::from_slice(&bytes).unwrap());
            }
        });
        Self { to: near, messages, early: Vec::new(), seq: 0, served }
    }

    /// One that was told of the process on the command line.
    pub(super) fn at(url: &str) -> Self {
        Self::new(Options { url: Some(url.into()), ..Options::default() })
    }

    /// Sends a request; gives its number.
    pub(super) fn send(&mut self, command: &str, arguments: Json) -> i64 {
        self.seq += 1;
        let mut request = json!({"seq": self.seq, "type": "request", "command": command});
        if !arguments.is_null() {
            request["arguments"] = arguments;
        }
        framing::write(&mut self.to, request.to_string().as_bytes()).unwrap();
        self.seq
    }

    pub(super) fn send_bytes(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).unwrap();
    }

    fn wait(&mut self, wanted: impl Fn(&Json) -> bool) -> Json {
        if let Some(at) = self.early.iter().position(&wanted) {
            return self.early.remove(at);
        }
        loop {
            let told = || "what was waited for did not come";
            let message = self.messages.recv_timeout(PATIENCE).map_err(|_| told()).unwrap();
            if wanted(&message) {
                return message;
            }
            self.early.push(message);
        }
    }

    /// The answer to a request.
    pub(super) fn answer(&mut self, seq: i64) -> Json {
        self.wait(|message| message["request_seq"] == seq)
    }

    /// The body of the next event of this name.
    pub(super) fn event(&mut self, name: &str) -> Json {
        self.wait(|message| message["event"] == name)["body"].clone()
    }

    /// Whether an event of this name has come before the answer that was got last.
    pub(super) fn has_event(&self, name: &str) -> bool {
        self.early.iter().any(|message| message["event"] == name)
    }

    /// What a request gives that is successful.
    pub(super) fn ask(&mut self, command: &str, arguments: Json) -> Json {
        let seq = self.send(command, arguments);
        let answer = self.answer(seq);
        assert_eq!(answer["success"], true, "{answer}");
        assert_eq!(answer["command"], command);
        answer["body"].clone()
    }

    /// Why a request is not.
    pub(super) fn refused(&mut self, command: &str, arguments: Json) -> String {
        let seq = self.send(command, arguments);
        let answer = self.answer(seq);
        assert_eq!(answer["success"], false, "{answer}");
        assert_eq!(answer["body"]["error"]["format"], answer["message"]);
        answer["message"].as_str().unwrap().to_owned()
    }

    /// Goes through the greeting, and attaches.
    pub(super) fn attach(&mut self, arguments: Json) {
        self.ask("initialize", json!({"adapterID": "wherever", "supportsVariablePaging": true}));
        self.ask("attach", arguments);
        self.event("initialized");
    }

    /// Closes the editor's end; gives how the adapter ended.
    pub(super) fn leave(&mut self) -> Result<(), String> {
        let _ = self.to.shutdown(Shutdown::Write);
        self.ended()
    }

    /// How the adapter ended.
    pub(super) fn ended(&mut self) -> Result<(), String> {
        self.served.take().unwrap().join().unwrap()
    }
}
