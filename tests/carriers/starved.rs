//! A server whose process has no descriptors left.

use std::time::Instant;

use wherever_transports::connect;

use super::*;

#[test]
fn it_waits_and_goes_on_when_there_are_some() {
    let folder = Folder::new();
    let begun = Instant::now();
    let limited = format!("exec:sh -c 'ulimit -n 40 && exec {HELPER} tell {}'", folder.url("x"));
    let control = connect(&Node::new(), &limited).unwrap();
    let starved = control.get("starved").unwrap();
    let count = || starved.invoke(()).unwrap().to::<u64>().unwrap();
    assert_eq!(count(), 0);
    // Two descriptors each, over there.
    let silent: Vec<_> = (0..40).map(|_| UnixStream::connect(folder.path("x")).unwrap()).collect();
    until(|| count() >= 3);
    // Seldom enough not to be busy with it.
    let most = begun.elapsed().as_millis() / 100 + 1;
    assert!(u128::from(count()) <= most + 1, "{} in {:?}", count(), begun.elapsed());
    drop(silent);
    let peer = connect(&Node::new(), &folder.url("x")).unwrap();
    let echo = peer.get("x").unwrap();
    assert_eq!(echo.call("echo", (5,)).unwrap(), Value::Int(5));
    drop((echo, starved));
    end(&peer);
    end(&control);
}
