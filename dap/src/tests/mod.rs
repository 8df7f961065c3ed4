//! An editor and a scripted process, with the adapter between them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod client;
mod debuggee;
mod table;

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use wherever_debug::{Command, Reason};
use wherever_transports::Server;

use client::Client;
use debuggee::{FILE, serve};

use crate::options::Options;

/// Calls that the process has got.
fn calls(server: &Server) -> u64 {
    server.peers()[0].stats().calls_received
}

/// What this gives, and how many calls of the process it takes.
fn counted<R>(server: &Server, act: impl FnOnce() -> R) -> (R, u64) {
    let before = calls(server);
    let given = act();
    (given, calls(server) - before)
}

/// The number of the innermost frame of a thread.
fn frame(client: &mut Client, thread: i64) -> i64 {
    client.ask("stackTrace", json!({"threadId": thread}))["stackFrames"][0]["id"].as_i64().unwrap()
}

/// The number of the local variables of the innermost frame of a thread.
fn locals(client: &mut Client, thread: i64) -> i64 {
    let frame = frame(client, thread);
    client.ask("scopes", json!({"frameId": frame}))["scopes"][0]["variablesReference"].as_i64().unwrap()
}

fn post_mortem() -> (Server, Client) {
    let (server, _script) = serve(2);
    let mut client = Client::at(server.url());
    client.attach(Json::Null);
    client.ask("configurationDone", json!({}));
    client.event("stopped");
    (server, client)
}

#[test]
fn an_error_that_was_kept_is_open_at_once() {
    let (server, _script) = serve(2);
    let mut client = Client::at(server.url());
    client.ask("initialize", json!({"adapterID": "x"}));
    client.ask("attach", Json::Null);
    // The debugger, its failures, the places of the latest.
    assert_eq!(calls(&server), 3);
    client.event("initialized");
    assert!(!client.has_event("stopped"));
    let (_, asked) = counted(&server, || {
        let told = client.ask("setBreakpoints", json!({"source": {"path": FILE}, "breakpoints": [{"line": 3}]}));
        assert_eq!(told["breakpoints"][0]["verified"], false);
        client.ask("setExceptionBreakpoints", json!({"filters": []}));
        client.ask("configurationDone", Json::Null);
        let stopped = client.event("stopped");
        assert_eq!((&stopped["reason"], &stopped["threadId"]), (&json!("exception"), &json!(1)));
        assert_eq!(stopped["text"], "Overflow: too big\nfailure 0");
        let threads = client.ask("threads", Json::Null);
        assert_eq!(threads["threads"][1], json!({"id": 2, "name": "Overflow: too big"}));
        let trace = client.ask("stackTrace", json!({"threadId": 1, "startFrame": 0, "levels": 20}));
        assert_eq!(trace["totalFrames"], 2);
        let inner = &trace["stackFrames"][0];
        assert_eq!((&inner["name"], &inner["line"], &inner["endColumn"]), (&json!("inner"), &json!(16), &json!(9)));
        let source = json!({"name": "calc.rhai", "path": FILE, "sourceReference": 1, "origin": "the process"});
        assert_eq!(inner["source"], source);
        assert_eq!(trace["stackFrames"][1]["name"], "outer");
        let info = client.ask("exceptionInfo", json!({"threadId": 1}));
        assert_eq!((&info["exceptionId"], &info["breakMode"]), (&json!("Overflow"), &json!("unhandled")));
        assert!(info["details"]["stackTrace"].as_str().unwrap().contains("calc.rhai:22 in outer\n    inner(n)\n"));
        let scopes = client.ask("scopes", json!({"frameId": inner["id"]}));
        assert_eq!(
            (&scopes["scopes"][0]["expensive"], &scopes["scopes"][1]["expensive"]),
            (&json!(false), &json!(true))
        );
        // One frame of it, and the same number.
        let one = client.ask("stackTrace", json!({"threadId": 1, "startFrame": 1, "levels": 1}));
        assert_eq!(one["stackFrames"], json!([trace["stackFrames"][1]]));
    });
    assert_eq!(asked, 0);
    // Those of the other error are asked for when somebody looks.
    let (_, asked) = counted(&server, || frame(&mut client, 2));
    assert_eq!(asked, 1);
    assert_eq!(counted(&server, || frame(&mut client, 2)).1, 0);
    client.ask("disconnect", json!({}));
    assert_eq!(client.ended(), Ok(()));
}

#[test]
fn what_is_looked_into_costs_one_call_each() {
    let (server, mut client) = post_mortem();
    let frame = frame(&mut client, 1);
    let locals = locals(&mut client, 1);
    let mut once = |command: &str, arguments: Json| {
        let (body, asked) = counted(&server, || client.ask(command, arguments));
        assert_eq!(asked, 1, "{command}");
        body
    };
    let source = once("source", json!({"sourceReference": 1}));
    assert_eq!(source["content"], format!("// {FILE}, as it failed"));
    let variables = once("variables", json!({"variablesReference": locals}))["variables"].clone();
    assert_eq!(variables[0], json!({"name": "n", "value": "4", "type": "int", "variablesReference": 0}));
    assert_eq!((&variables[1]["name"], &variables[1]["indexedVariables"]), (&json!("items"), &json!(5000)));
    assert_eq!(variables[2]["indexedVariables"], Json::Null);
    let items = &variables[1]["variablesReference"];
    let page = once("variables", json!({"variablesReference": items, "filter": "indexed", "start": 100, "count": 2}));
    assert_eq!(page["variables"].as_array().unwrap().len(), 2);
    assert_eq!((&page["variables"][0]["name"], &page["variables"][0]["value"]), (&json!("100"), &json!("100")));
    // Whoever does not page gets the first of them, and a word of the others.
    let all = once("variables", json!({"variablesReference": items}))["variables"].clone();
    let all = all.as_array().unwrap();
    assert_eq!((all.len(), &all[1000]["name"]), (1001, &json!("...")));
    let value = once("evaluate", json!({"expression": "items", "frameId": frame, "context": "watch"}));
    assert_eq!((&value["result"], &value["indexedVariables"]), (&json!("[0, 1, ...]"), &json!(5000)));
    once("variables", json!({"variablesReference": value["variablesReference"], "start": 0, "count": 1}));
    assert_eq!(once("evaluate", json!({"expression": "let x = 1", "context": "repl"}))["result"], "");
    let set = once("setVariable", json!({"variablesReference": locals, "name": "n", "value": "5"}));
    assert_eq!(set["value"], "5");
    let set = once("setVariable", json!({"variablesReference": items, "name": "3", "value": "6"}));
    assert_eq!(set["value"], "6");
    // What needs no call.
    let (_, asked) = counted(&server, || {
        assert_eq!(client.ask("source", json!({"sourceReference": 1})), source);
        let named = json!({"variablesReference": items, "filter": "named"});
        assert_eq!(client.ask("variables", named), json!({"variables": []}));
    });
    assert_eq!(asked, 0);
}

#[test]
fn what_is_not_possible_is_refused_and_the_session_lives() {
    let (_server, mut client) = post_mortem();
    let (frame, locals) = (frame(&mut client, 1), locals(&mut client, 1));
    let evaluate = json!({"expression": "nosuch", "frameId": frame});
    assert_eq!(client.refused("evaluate", evaluate), "NoSuchName: nosuch {x}");
    assert_eq!(client.refused("readMemory", json!({})), "`readMemory` is not possible here");
    assert_eq!(client.refused("evaluate", Json::Null), "the arguments of `evaluate`: missing field `expression`");
    assert!(client.refused("evaluate", json!([])).starts_with("the arguments of `evaluate`: "));
    let stale = "names nothing, or what has gone on since";
    assert_eq!(client.refused("scopes", json!({"frameId": 99_999})), format!("99999 {stale}"));
    assert_eq!(client.refused("scopes", json!({"frameId": i64::MIN})), format!("{} {stale}", i64::MIN));
    assert_eq!(client.refused("scopes", json!({"frameId": locals})), format!("{locals} is no frame"));
    assert!(client.refused("variables", json!({"variablesReference": frame})).starts_with("a frame has scopes"));
    let global = json!({"variablesReference": locals + 1, "name": "x", "value": "1"});
    assert!(client.refused("setVariable", global).starts_with("a global variable is not set from here"));
    for command in ["continue", "next", "stepIn", "stepOut", "pause"] {
        let refusal = client.refused(command, json!({"threadId": 1}));
        assert_eq!(refusal, "this is an error that was kept: nothing of it runs any more");
    }
    assert_eq!(client.refused("stackTrace", json!({"threadId": 0})), "there is no thread 0");
    assert_eq!(client.refused("source", json!({"sourceReference": 7})), "7 is no source");
    assert!(client.refused("launch", json!({})).contains("attach to it"));
    assert!(client.refused("terminate", json!({})).contains("disconnect"));
    assert_eq!(client.refused("attach", json!({})), "this session is attached already");
    assert_eq!(client.ask("evaluate", json!({"expression": "n", "frameId": frame}))["result"], "<n>");
}

#[test]
fn attaching_can_fail_and_be_tried_again() {
    let mut client = Client::new(Options::default());
    assert_eq!(client.refused("threads", Json::Null), "nothing is attached to");
    assert!(client.refused("attach", Json::Null).starts_with("where is the process?"));
    let unreachable = client.refused("attach", json!({"url": "unix:///no/such/socket"}));
    assert!(unreachable.starts_with("the process cannot be reached: "), "{unreachable}");
    assert!(client.refused("attach", json!({"url": "stdio:"})).contains("are the editor's"));
    let path = std::env::temp_dir().join(format!("wherever-dap-{}-bare.sock", std::process::id()));
    let bare = format!("unix://{}", path.display());
    let _bare = wherever_transports::serve(&wherever::Node::new(), &bare).unwrap();
    assert!(client.refused("attach", json!({"url": bare})).starts_with("the process exports no `debugger`"));
    let (server, _script) = serve(0);
    let refusal = client.refused("attach", json!({"url": server.url(), "postMortem": true}));
    assert_eq!(refusal, "the process has kept no failure");
    assert!(client.refused("initialize", json!({"pathFormat": "uri"})).contains("by paths"));
    client.attach(json!({"url": server.url()}));
    client.ask("disconnect", json!({}));
    assert_eq!(client.ended(), Ok(()));
}

#[test]
fn breakpoints_cost_one_round_trip_for_what_changes() {
    let (server, script) = serve(1);
    let mut client = Client::at(server.url());
    client.attach(json!({"postMortem": false}));
    let source = json!({"path": FILE});
    let frames = |server: &Server| server.peers()[0].stats().frames_received;
    let before = frames(&server);
    let wanted = json!([
        {"line": 1}, {"line": 12, "condition": "n > 3"}, {"line": 13, "hitCondition": ">= 5"}, {"line": 99},
        {"line": 14, "hitCondition": "% 2"}, {"line": 15, "logMessage": "here"},
    ]);
    let told = client.ask("setBreakpoints", json!({"source": source, "breakpoints": wanted}))["breakpoints"].clone();
    assert_eq!(frames(&server) - before, 1);
    // As it was set: at the next line that has code.
    assert_eq!((&told[0]["verified"], &told[0]["id"], &told[0]["line"]), (&json!(true), &json!(1), &json!(2)));
    assert_eq!(told[0]["source"], Json::Null);
    assert_eq!(told[3], json!({"verified": false, "message": "NoSuchLine: 99"}));
    assert!(told[4]["message"].as_str().unwrap().starts_with("\"% 2\" is no count of hits"));
    assert!(told[5]["message"].as_str().unwrap().starts_with("a log point"));
    let set = [
        format!("{FILE}:1 \"\" if \"\" after 0"),
        format!("{FILE}:12 \"\" if \"n > 3\" after 0"),
        format!("{FILE}:13 \"\" if \"\" after 4"),
        format!("{FILE}:99 \"\" if \"\" after 0"),
    ];
    assert_eq!(script.asked(), set);
    // The same again, but for one: that alone is changed.
    let wanted = json!([{"line": 13, "hitCondition": ">= 5"}, {"line": 1}]);
    let told = client.ask("setBreakpoints", json!({"source": source, "breakpoints": wanted}))["breakpoints"].clone();
    assert_eq!((&told[0]["id"], &told[1]["id"]), (&json!(3), &json!(1)));
    assert_eq!(script.asked(), ["clear 2"]);
    let same = json!({"source": source, "breakpoints": wanted});
    assert_eq!(counted(&server, || client.ask("setBreakpoints", same)).1, 0);
    let functions = json!([{"name": "inner", "condition": "n == 1", "hitCondition": "> 2"}]);
    let told = client.ask("setFunctionBreakpoints", json!({"breakpoints": functions}))["breakpoints"].clone();
    assert_eq!((&told[0]["verified"], &told[0]["source"]["path"]), (&json!(true), &json!(FILE)));
    assert_eq!(script.asked(), [":0 \"inner\" if \"n == 1\" after 2"]);
    client.ask("setFunctionBreakpoints", json!({"breakpoints": []}));
    assert_eq!(script.asked(), ["clear 4"]);
}

fn live() -> (Server, std::sync::Arc<debuggee::Script>, Client) {
    let (server, script) = serve(0);
    let mut client = Client::at(server.url());
    client.attach(Json::Null);
    client.ask("configurationDone", Json::Null);
    (server, script, client)
}

#[test]
fn a_stopped_thread_evaluates_for_itself_and_goes_on_as_it_is_told() {
    let (server, script, mut client) = live();
    let thread = script.stops(Reason::Breakpoint, 7);
    let stopped = client.event("stopped");
    assert_eq!((&stopped["reason"], &stopped["hitBreakpointIds"]), (&json!("breakpoint"), &json!([1])));
    assert_eq!(stopped["allThreadsStopped"], false);
    let number = stopped["threadId"].as_i64().unwrap();
    let (frame, asked) = counted(&server, || frame(&mut client, number));
    assert_eq!(asked, 0);
    let variables = locals(&mut client, number);
    let mut once = |command: &str, arguments: Json| {
        let (body, asked) = counted(&server, || client.ask(command, arguments));
        assert_eq!(asked, 1, "{command}");
        body
    };
    assert_eq!(once("evaluate", json!({"expression": "n", "frameId": frame}))["result"], "<n>");
    // Without a frame, in the innermost of what stopped last.
    once("evaluate", json!({"expression": "m"}));
    once("variables", json!({"variablesReference": variables}));
    once("setVariable", json!({"variablesReference": variables, "name": "n", "value": "5"}));
    assert_eq!(once("source", json!({"sourceReference": 1}))["content"], format!("// {FILE}, as it runs"));
    assert_eq!(script.asked(), ["n in 1", "m in 1", "locals of 1 from 0", "n = 5 in 1"]);
    for command in ["next", "stepIn", "stepOut"] {
        client.ask(command, json!({"threadId": number}));
        assert_eq!(client.event("stopped")["reason"], "step");
    }
    // What was seen before it went on is no more.
    assert!(client.refused("evaluate", json!({"expression": "n", "frameId": frame})).contains("gone on since"));
    let wanted = json!({"source": {"sourceReference": 1}, "line": 20});
    let target = client.ask("gotoTargets", wanted)["targets"][0]["id"].clone();
    client.ask("goto", json!({"threadId": number, "targetId": target}));
    client.event("stopped");
    let elsewhere = client.ask("gotoTargets", json!({"source": {"path": "/other"}, "line": 1}))["targets"][0].clone();
    let refusal = client.refused("goto", json!({"threadId": number, "targetId": elsewhere["id"]}));
    assert!(refusal.contains("in another file"), "{refusal}");
    assert_eq!(client.refused("goto", json!({"threadId": number, "targetId": 9})), "9 is no target");
    client.ask("continue", json!({"threadId": number}));
    let (thread, commands) = thread.join().unwrap();
    use Command::*;
    // Out of a function is to its caller.
    let expected = [Next, Step, Return, Next, Jump(20), Continue];
    assert_eq!(commands, expected);
    assert_eq!(script.evaluated(), [thread; 2]);
    assert_eq!(client.refused("continue", json!({"threadId": number})), "the thread is running; pause it first");
    client.ask("pause", json!({"threadId": number}));
    assert_eq!(script.asked(), ["pause 7"]);
    let threads = client.ask("threads", Json::Null)["threads"].clone();
    // Numbers of the process's threads may be any; the editor's are small.
    assert_eq!(threads, json!([{"id": 2, "name": "thread 1"}, {"id": 3, "name": "thread -9223372036854775808"}]));
}

#[test]
fn several_threads_are_stopped_at_the_same_time() {
    let (_server, script, mut client) = live();
    let threads: Vec<_> = (0..100).map(|number| script.stops(Reason::Pause, number)).collect();
    let mut numbers: Vec<i64> = threads.iter().map(|_| client.event("stopped")["threadId"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    let frames: Vec<i64> = numbers.iter().map(|number| frame(&mut client, *number)).collect();
    // All asked before any answers.
    let asked: Vec<i64> =
        frames.iter().map(|frame| client.send("evaluate", json!({"expression": "n", "frameId": frame}))).collect();
    for seq in asked {
        assert_eq!(client.answer(seq)["body"]["result"], "<n>");
    }
    // One goes on, the others do not.
    client.ask("continue", json!({"threadId": 1}));
    assert!(client.refused("evaluate", json!({"expression": "n", "frameId": frames[0]})).contains("gone on since"));
    for number in &numbers[1..] {
        client.ask("continue", json!({"threadId": number}));
    }
    let ids: std::collections::HashSet<_> = threads.into_iter().map(|thread| thread.join().unwrap().0).collect();
    let evaluated = script.evaluated();
    assert_eq!(evaluated.len(), 100);
    assert_eq!(evaluated.into_iter().collect::<std::collections::HashSet<_>>(), ids);
}

#[test]
fn an_evaluation_that_does_not_end_keeps_nobody() {
    let (_server, script, mut client) = live();
    let thread = script.stops(Reason::Exception, 1);
    let stopped = client.event("stopped");
    assert_eq!((&stopped["reason"], &stopped["text"]), (&json!("exception"), &json!("Overflow: too big")));
    assert_eq!(client.ask("exceptionInfo", json!({"threadId": 1}))["breakMode"], "always");
    let hangs = client.send("evaluate", json!({"expression": "hang()"}));
    let waits = client.send("evaluate", json!({"expression": "n"}));
    client.ask("threads", Json::Null);
    client.ask("pause", json!({"threadId": 1}));
    client.ask("cancel", json!({"requestId": waits}));
    client.ask("cancel", json!({"requestId": hangs}));
    for seq in [hangs, waits] {
        let answer = client.answer(seq);
        assert_eq!((&answer["success"], &answer["message"]), (&json!(false), &json!("cancelled")));
    }
    // It is asked for, and the thread goes on before its turn comes.
    let hangs = client.send("evaluate", json!({"expression": "hang()"}));
    client.ask("continue", json!({"threadId": 1}));
    let late = client.send("evaluate", json!({"expression": "n"}));
    assert_eq!(client.answer(late)["success"], false);
    client.ask("cancel", json!({"requestId": hangs}));
    assert_eq!(client.answer(hangs)["message"], "cancelled");
    client.ask("cancel", json!({"requestId": 1}));
    script.release();
    assert_eq!(thread.join().unwrap().1, [Command::Continue]);
}

#[test]
fn an_evaluation_may_stop_itself() {
    let (_server, script, mut client) = live();
    let thread = script.stops(Reason::Pause, 1);
    assert_eq!(client.event("stopped")["reason"], "pause");
    let stops = client.send("evaluate", json!({"expression": "stop()"}));
    assert_eq!(client.event("stopped")["reason"], "breakpoint");
    let inner = frame(&mut client, 1);
    assert_eq!(client.ask("evaluate", json!({"expression": "n", "frameId": inner}))["result"], "<n>");
    client.ask("next", json!({"threadId": 1}));
    assert_eq!(client.answer(stops)["body"]["result"], "Next");
    // The thread is where it was.
    assert_eq!(client.event("stopped")["reason"], "pause");
    client.ask("continue", json!({"threadId": 1}));
    assert_eq!(thread.join().unwrap().1, [Command::Continue]);
}

#[test]
fn a_thread_that_waits_no_more_is_told_to_the_editor() {
    let (_server, script, mut client) = live();
    let go_on = script.stops_and_goes_on(1);
    let stopped = client.event("stopped");
    let frame = frame(&mut client, 1);
    go_on();
    assert_eq!(client.event("continued"), json!({"threadId": stopped["threadId"], "allThreadsContinued": false}));
    assert!(client.refused("evaluate", json!({"expression": "n", "frameId": frame})).contains("gone on since"));
    assert_eq!(client.refused("continue", json!({"threadId": 1})), "the thread is running; pause it first");
    client.ask("disconnect", Json::Null);
    assert_eq!(client.ended(), Ok(()));
}

#[test]
fn stops_are_told_once_the_editor_is_ready() {
    let (server, script) = serve(0);
    let mut client = Client::at(server.url());
    client.attach(Json::Null);
    let thread = script.stops(Reason::Entry, 1);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !client.ask("threads", Json::Null)["threads"].is_array() || calls(&server) < 4 {
        assert!(Instant::now() < deadline);
    }
    assert!(!client.has_event("stopped"));
    client.ask("configurationDone", Json::Null);
    assert_eq!(client.event("stopped")["reason"], "entry");
    client.ask("continue", json!({"threadId": 1}));
    thread.join().unwrap();
}

#[test]
fn whoever_leaves_detaches() {
    for how in ["disconnect", "end", "garbage", "half"] {
        let (_server, script, mut client) = live();
        let threads = [script.stops(Reason::Pause, 1), script.stops(Reason::Pause, 2)];
        threads.iter().for_each(|_| _ = client.event("stopped"));
        let hangs = client.send("evaluate", json!({"expression": "hang()"}));
        // What is under way keeps nobody from leaving.
        match how {
            "disconnect" => {
                let disconnect = client.send("disconnect", json!({"terminateDebuggee": true}));
                assert_eq!(client.answer(hangs)["message"], "cancelled");
                script.release();
                assert_eq!(client.answer(disconnect)["success"], true);
                assert_eq!(client.ended(), Ok(()));
            }
            "end" => {
                script.release();
                assert_eq!(client.leave(), Ok(()));
                // It was answered all the same.
                client.answer(hangs);
            }
            how => {
                script.release();
                client.send_bytes(if how == "half" {
                    b"Content-Length: 100\r\n\r\n{"
                } else {
                    b"GET / HTTP/1.1\r\n\r\n"
                });
                let told = client.leave().unwrap_err();
                let expected = if how == "half" { "100 bytes, and ended after 1" } else { "for a line of a header" };
                assert!(told.contains(expected), "{told}");
                assert_eq!(client.event("output")["output"], format!("{told}\n"));
                client.event("terminated");
            }
        }
        for thread in threads {
            assert_eq!(thread.join().unwrap().1, [Command::Detach], "{how}");
        }
        assert_eq!(script.asked().last().unwrap(), "detach", "{how}");
    }
}

#[test]
fn a_process_that_is_gone_ends_the_session() {
    let (server, script, mut client) = live();
    let _thread = script.stops(Reason::Pause, 1);
    client.event("stopped");
    let seen = frame(&mut client, 1);
    let hangs = client.send("evaluate", json!({"expression": "hang()"}));
    // The evaluation has begun.
    let deadline = Instant::now() + Duration::from_secs(60);
    while script.asked().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    server.peers()[0].close("shut down");
    let told = client.answer(hangs)["message"].as_str().unwrap().to_owned();
    assert!(told.starts_with("the process is gone: "), "{told}");
    let output = client.event("output")["output"].as_str().unwrap().to_owned();
    assert!(output.starts_with("the process is gone: ") && output.contains("shut down"), "{output}");
    client.event("terminated");
    // What was seen is still there; what would have to be asked is not.
    assert_eq!(frame(&mut client, 1), seen);
    assert_eq!(client.refused("evaluate", json!({"expression": "n", "frameId": seen})), "the process is gone");
    let refusal = client.refused("threads", Json::Null);
    assert!(refusal.starts_with("the process is gone: "), "{refusal}");
    script.release();
    client.ask("disconnect", json!({}));
    assert_eq!(client.ended(), Ok(()));
}

#[test]
fn lines_count_as_the_editor_counts_them() {
    let (_server, script) = serve(0);
    let mut client = Client::at(_server.url());
    client.ask("initialize", json!({"linesStartAt1": false, "columnsStartAt1": false}));
    client.ask("attach", json!({}));
    let told = client.ask("setBreakpoints", json!({"source": {"path": FILE}, "breakpoints": [{"line": 11}]}));
    assert_eq!(told["breakpoints"][0]["line"], 11);
    assert_eq!(script.asked(), [format!("{FILE}:12 \"\" if \"\" after 0")]);
    client.ask("configurationDone", Json::Null);
    let thread = script.stops(Reason::Call, 1);
    client.event("stopped");
    let frame = client.ask("stackTrace", json!({"threadId": 1}))["stackFrames"][0].clone();
    assert_eq!((&frame["line"], &frame["column"]), (&json!(15), &json!(2)));
    client.ask("continue", json!({"threadId": 1}));
    thread.join().unwrap();
}
