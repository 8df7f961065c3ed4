//! Ctrl-C: the signal that it sends ends a wait at once, and nothing else.

use parking_lot::Mutex;
use wherever::hosts::Function;

use super::*;

#[test]
fn a_real_signal_ends_a_wait_and_the_session_goes_on() {
    for driver in ["simple", "threads"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_peer"));
        command.args(["interrupted", driver]);
        let child = Child::spawn(command).unwrap();
        let (pid, stopped, told) = (child.id(), Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));

        let node = Node::new();
        let (stops, tells) = (stopped.clone(), told.clone());
        let hang = Function::later("hang", move |_, context| {
            let (stops, reply) = (stops.clone(), context.reply());
            context.on_stop(move || {
                stops.fetch_add(1, Ordering::SeqCst);
                reply.settle(Err(Error::Stopped));
            });
            // It waits for this call, or is about to.
            let sent = Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status();
            assert!(sent.unwrap().success());
        });
        let report = Function::new("report", move |mut arguments, _| {
            tells.lock().push(arguments.take::<String>(0, "text")?);
            Ok(wherever::Value::None)
        });
        node.export("hang", hang.into_own());
        node.export("report", report.into_own());
        let peer = connect_simple(&node, child.clone());
        peer.serve().unwrap();
        assert_eq!(*told.lock(), ["interrupted; interrupted"], "{driver}");
        assert_eq!(stopped.load(Ordering::SeqCst), 1, "what was waited for is asked to stop");
        assert!(child.wait().unwrap().success());
        assert!(peer.stats().is_idle(), "{:?}", peer.stats());
    }
}
