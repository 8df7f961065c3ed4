//! The page's table of what each request costs, held against what it does cost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use wherever_debug::Reason;

use super::client::Client;
use super::debuggee::{FILE, serve};
use super::{counted, frame, locals};

/// The rows of the table in the page: what is done, and how many calls of the process that is.
fn listed() -> BTreeMap<String, u64> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/debugging.md");
    let text = fs::read_to_string(page).unwrap();
    let table = text.split("| request | calls |\n|---|---|\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let row = |line: &str| {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        (cells.next().unwrap().to_owned(), cells.next().unwrap().parse().unwrap())
    };
    table.lines().map(row).collect()
}

/// What was done, and how many calls it took.
#[derive(Default)]
struct Measured(BTreeMap<String, u64>);

impl Measured {
    fn row<R>(&mut self, name: &str, counted: (R, u64)) -> R {
        assert_eq!(self.0.insert(name.to_owned(), counted.1), None, "{name}");
        counted.0
    }
}

#[test]
fn each_request_costs_what_the_page_says() {
    let mut measured = Measured::default();
    of_an_error(&mut measured);
    of_a_process(&mut measured);
    assert_eq!(measured.0, listed());
}

fn of_an_error(measured: &mut Measured) {
    let (server, _script) = serve(2);
    let mut client = Client::at(server.url());
    client.ask("initialize", json!({"supportsVariablePaging": true}));
    client.ask("attach", Json::Null);
    measured.row("`attach`, to errors that were kept", ((), super::calls(&server)));
    client.event("initialized");
    let (_, none) = counted(&server, || {
        client.ask("setBreakpoints", json!({"source": {"path": FILE}, "breakpoints": [{"line": 3}]}));
        client.ask("configurationDone", Json::Null);
        client.event("stopped");
        client.ask("threads", Json::Null);
        client.ask("exceptionInfo", json!({"threadId": 1}));
        locals(&mut client, 1);
    });
    let name = "`configurationDone`, `threads`, `stackTrace`, `exceptionInfo`, `scopes`, of the latest error";
    measured.row(name, ((), none));
    measured.row("`stackTrace` of another error, the first time", counted(&server, || frame(&mut client, 2)));
}

fn of_a_process(measured: &mut Measured) {
    let (server, script) = serve(0);
    let mut client = Client::at(server.url());
    client.ask("initialize", json!({"supportsVariablePaging": true}));
    client.ask("attach", Json::Null);
    measured.row("`attach`, to a process as it runs", ((), super::calls(&server)));
    client.event("initialized");
    let two = json!({"source": {"path": FILE}, "breakpoints": [{"line": 3}, {"line": 4}]});
    let mut set = |arguments: Json| counted(&server, || client.ask("setBreakpoints", arguments)).1;
    let (both, again) = (set(two.clone()), set(two));
    let cleared = set(json!({"source": {"path": FILE}, "breakpoints": []}));
    assert_eq!(both, cleared);
    measured.row("`setBreakpoints`, `setFunctionBreakpoints`, for each that is new or gone", ((), both / 2));
    measured.row("the same, for each that stays", ((), again));
    client.ask("configurationDone", Json::Null);
    let thread = script.stops(Reason::Pause, 7);
    let number = client.event("stopped")["threadId"].as_i64().unwrap();
    let (locals, none) = counted(&server, || locals(&mut client, number));
    measured.row("`stackTrace`, `scopes`, of a thread that has stopped", ((), none));
    let once =
        |client: &mut Client, command: &str, arguments: Json| counted(&server, || client.ask(command, arguments));
    measured.row("`source`, the first time", once(&mut client, "source", json!({"sourceReference": 1})));
    measured.row("`source` from then on", once(&mut client, "source", json!({"sourceReference": 1})));
    measured.row(
        "`variables`, one level or one page of it",
        once(&mut client, "variables", json!({"variablesReference": locals})),
    );
    measured.row("`evaluate`", once(&mut client, "evaluate", json!({"expression": "n"})));
    let set = json!({"variablesReference": locals, "name": "n", "value": "5"});
    measured.row("`setVariable`", once(&mut client, "setVariable", set));
    measured.row("`threads`", once(&mut client, "threads", Json::Null));
    measured.row("`pause`", once(&mut client, "pause", json!({"threadId": number})));
    let (_, step) = counted(&server, || {
        client.ask("next", json!({"threadId": number}));
        client.event("stopped");
    });
    let (_, gone) = counted(&server, || client.ask("continue", json!({"threadId": number})));
    assert_eq!(step, gone);
    let name = "`continue`, `next`, `stepIn`, `stepOut`, `goto`: the answer to the call that told of the stop";
    measured.row(name, ((), step));
    thread.join().unwrap();
}
