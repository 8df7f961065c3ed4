//! Programs as peers: `exec:` on one side and `stdio:` on the other.

use std::io::Read;
use std::os::unix::net::UnixListener;

use wherever_transports::connect;

use super::*;

fn start() -> Peer {
    connect(&Node::new(), &format!("exec:{HELPER} serve stdio:")).unwrap()
}

#[test]
fn it_serves() {
    let peer = start();
    let subject = peer.get("x").unwrap();
    assert_eq!(subject.call("echo", ("text",)).unwrap(), Value::text("text"));
    drop(subject);
    end(&peer);
}

#[test]
fn killed_it_is_told_how_it_ended() {
    let peer = start();
    let subject = peer.get("x").unwrap();
    let process: i64 = subject.call("process", ()).unwrap().to().unwrap();
    let killed = Command::new("sh").args(["-c", &format!("kill -9 {process}")]).status().unwrap();
    assert!(killed.success());
    let error = lost(subject.call("echo", (1,)));
    assert!(error.reason.contains("the child `carrier` ended: signal: 9"), "{error}");
    drop(subject);
    assert!(peer.stats().is_idle());
}

#[test]
fn what_it_says_on_standard_error_is_not_the_carriers() {
    let peer =
        connect(&Node::new(), &format!("exec:sh -c 'echo to the user >&2; exec {HELPER} serve stdio:'")).unwrap();
    assert_eq!(peer.names().unwrap(), ["x"]);
    end(&peer);
}

#[test]
fn it_may_end_by_itself_when_its_session_is_over() {
    for closed in [true, false] {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.path("goodbye")).unwrap();
        let url = format!("exec:{HELPER} goodbye {}", folder.path("goodbye").display());
        let peer = connect(&Node::new(), &url).unwrap();
        assert_eq!(peer.names().unwrap(), ["x"]);
        let (mut stream, _) = listener.accept().unwrap();
        if closed {
            peer.close("done");
        }
        drop(peer);
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert_eq!(said, "goodbye");
    }
}

#[test]
fn one_that_does_not_end_by_itself_is_killed_after_a_while_though_somebody_receives_from_it() {
    let folder = Folder::new();
    let listener = UnixListener::bind(folder.path("stays")).unwrap();
    let url = format!("exec:{HELPER} stays {}", folder.path("stays").display());
    let peer = connect(&Node::new(), &url).unwrap();
    let stay = peer.get("stay").unwrap();
    let call = std::thread::spawn(move || stay.invoke(()));
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_exact(&mut [0; 7]).unwrap();
    peer.close("done");
    // The system closes its end when it is gone.
    assert_eq!(stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    lost(call.join().unwrap());
}
