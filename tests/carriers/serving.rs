//! Serving by URL, and what becomes of the file of a socket.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use wherever_transports::{ServeError, connect, serve};

use super::*;

#[test]
fn by_each_url_that_listens() {
    let folder = Folder::new();
    for url in [folder.url("x"), "tcp://127.0.0.1:0".into(), "tcp://localhost:0".into(), "tcp://[::1]:0".into()] {
        let server = serve(&node(), &url).unwrap();
        assert!(!server.url().ends_with(":0"), "{}", server.url());
        let first = connect(&Node::new(), server.url()).unwrap();
        let second = connect(&Node::new(), server.url()).unwrap();
        works(&first);
        works(&second);
        let stats = server.stats();
        assert_eq!((stats.accepted, stats.sessions, stats.connections, stats.half_open), (2, 2, 2, 0));
        assert_eq!(server.peers().len(), 2);
        end(&first);
        works(&second);
        end(&second);
        until(|| server.stats().connections == 0);
        assert!(server.peers().is_empty());
    }
}

#[test]
fn the_greeting_costs_no_message() {
    let server = serve(&node(), "tcp://127.0.0.1:0").unwrap();
    let peer = connect(&Node::new(), server.url()).unwrap();
    assert_eq!(peer.stats().messages(), 0);
    let _list = peer.get("list").unwrap();
    assert_eq!((peer.stats().messages(), peer.stats().frames()), (4, 2));
    peer.close("done");
}

#[test]
fn only_its_owner_can_open_the_socket_and_its_file_goes_with_the_server() {
    let folder = Folder::new();
    let server = serve(&node(), &folder.url("x")).unwrap();
    let mode = fs::metadata(folder.path("x")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server);
    assert!(!folder.path("x").exists());
}

#[test]
fn a_socket_that_was_left_behind_is_taken_over() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.path("x")).unwrap());
    assert!(folder.path("x").exists());
    let server = serve(&node(), &folder.url("x")).unwrap();
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    end(&peer);
}

#[test]
fn a_socket_that_somebody_serves_at_is_not() {
    let folder = Folder::new();
    let server = serve(&node(), &folder.url("x")).unwrap();
    let error = serve(&node(), &folder.url("x")).err().unwrap();
    assert!(matches!(error, ServeError::InUse { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("somebody serves at {} already", folder.url("x")));
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    end(&peer);
    let tcp = serve(&node(), "tcp://127.0.0.1:0").unwrap();
    let error = serve(&node(), tcp.url()).err().unwrap();
    assert!(matches!(error, ServeError::InUse { .. }), "{error:?}");
}

#[test]
fn of_many_that_start_at_once_one_serves() {
    let folder = Folder::new();
    drop(UnixListener::bind(folder.path("x")).unwrap());
    let starting: Vec<_> = (0..8)
        .map(|_| {
            let url = folder.url("x");
            std::thread::spawn(move || serve(&node(), &url))
        })
        .collect();
    let started: Vec<_> = starting.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(started.iter().filter(|server| server.is_ok()).count(), 1);
    assert!(started.iter().filter_map(|server| server.as_ref().err()).all(|e| matches!(e, ServeError::InUse { .. })));
    let peer = connect(&Node::new(), &folder.url("x")).unwrap();
    works(&peer);
    end(&peer);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let folder = Folder::new();
    fs::write(folder.path("x"), b"text").unwrap();
    let error = serve(&node(), &folder.url("x")).err().unwrap();
    assert!(matches!(error, ServeError::NotASocket { .. }), "{error:?}");
    assert_eq!(fs::read(folder.path("x")).unwrap(), b"text");
    let nowhere = serve(&node(), &folder.url("no/such/folder")).err().unwrap();
    assert!(matches!(nowhere, ServeError::Failed { .. }), "{nowhere:?}");
}

#[test]
fn a_file_that_somebody_put_there_meanwhile_stays() {
    let folder = Folder::new();
    let server = serve(&node(), &folder.url("x")).unwrap();
    fs::remove_file(folder.path("x")).unwrap();
    let other = UnixListener::bind(folder.path("x")).unwrap();
    drop(server);
    assert!(folder.path("x").exists());
    drop(other);
}

#[test]
fn beyond_loopback_a_word_is_asked_for() {
    for url in ["tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://[::ffff:0.0.0.0]:0"] {
        let error = serve(&node(), url).err().unwrap();
        assert!(matches!(error, ServeError::Insecure { .. }), "{error:?}");
        assert!(error.to_string().contains("put `?insecure` behind the URL"), "{error}");
    }
    let server = serve(&node(), "tcp://0.0.0.0:0?insecure").unwrap();
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let peer = connect(&Node::new(), &format!("tcp://127.0.0.1:{port}")).unwrap();
    works(&peer);
    end(&peer);
}

#[test]
fn a_program_is_not_served_at() {
    let error = serve(&node(), "exec:cat").err().unwrap();
    assert!(matches!(error, ServeError::NotListening { .. }), "{error:?}");
}
