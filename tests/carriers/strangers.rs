//! The other side speaks something else, or another version.

use std::io::{Read, Write};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use wherever::transport::frame_head;
use wherever::wire::preface::Preface;
use wherever_transports::{ConnectError, ServerLimits, connect, serve, serve_with};

use super::*;

/// Somebody who says these words to whoever connects, and gives what was said to it.
fn says(words: Vec<u8>) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let saying = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&words).unwrap();
        let mut heard = Vec::new();
        // A connection that was broken off has been heard out as well.
        let _ = stream.read_to_end(&mut heard);
        heard
    });
    (url, saying)
}

/// What one says to a server, and what the server says to that before it ends the connection.
fn said_to_a_server(words: &[u8]) -> Vec<u8> {
    let server = serve(&node(), "tcp://127.0.0.1:0").unwrap();
    let mut stream = TcpStream::connect(&server.url()["tcp://".len()..]).unwrap();
    stream.write_all(words).unwrap();
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.sessions, stats.strangers, stats.connections), (1, 0, 1, 0));
    // Nobody else is disturbed.
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    end(&peer);
    heard
}

fn framed(unit: &[u8]) -> Vec<u8> {
    [&frame_head(unit.len()).unwrap()[..], unit].concat()
}

fn preface(major: u8) -> Vec<u8> {
    framed(&Preface { major, ..Preface::default() }.encode())
}

fn has(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|part| part == words.as_bytes())
}

#[test]
fn a_server_of_another_protocol() {
    for words in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH\r\n", &framed(b"hello"), &framed(&[7; 65])]
    {
        let (url, saying) = says(words.to_vec());
        let error = connect(&Node::new(), &url).unwrap_err();
        assert!(matches!(error, ConnectError::Stranger { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("{url} is something else: ")), "{text}");
        let begun = String::from_utf8_lossy(words).chars().take(4).collect::<String>();
        assert!(text.contains(&begun) || text.contains("hello") || text.contains("65 bytes"), "{text}");
        assert_eq!(saying.join().unwrap()[4..12], *b"wherever");
    }
}

#[test]
fn a_client_of_another_protocol() {
    for words in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &framed(b"hello"), &framed(&[0; 1 << 16])] {
        let heard = said_to_a_server(words);
        // A connection broken off under what was still to be read may have taken the answer with it.
        assert!(heard.is_empty() || heard[4..12] == *b"wherever", "{heard:?}");
    }
}

#[test]
fn a_server_of_another_version() {
    let (url, saying) = says(preface(7));
    let error = connect(&Node::new(), &url).unwrap_err();
    assert!(matches!(error, ConnectError::Incompatible { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("{url} and this side do not fit: the other side speaks version 7 of the protocol, this one 1")
    );
    let heard = saying.join().unwrap();
    assert!(has(&heard, "the other side speaks version 7"), "it is told as well: {heard:?}");
}

#[test]
fn a_client_of_another_version() {
    let heard = said_to_a_server(&preface(9));
    assert!(has(&heard, "the other side speaks version 9"), "{heard:?}");
}

#[test]
fn a_session_on_a_bare_carrier_learns_it_by_its_first_call() {
    for (words, told) in [
        (preface(7), "the other side speaks version 7 of the protocol, this one 1"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "\"HTTP\""),
        (framed(b"hello"), "does not speak this protocol: it began with \"hello\""),
    ] {
        let (url, saying) = says(words);
        let address = url["tcp://".len()..].parse().unwrap();
        let peer = wherever::drive::connect_simple(&Node::new(), Socket::connect_tcp(&[address]).unwrap());
        let error = lost(use_list(&peer));
        assert!(error.reason.contains(told), "{error}");
        assert!(peer.stats().is_idle());
        drop(peer);
        saying.join().unwrap();
    }
}

#[test]
fn somebody_who_leaves_without_a_word() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("tcp://{}", listener.local_addr().unwrap());
    let leaving = thread::spawn(move || drop(listener.accept().unwrap()));
    let error = connect(&Node::new(), &url).unwrap_err();
    leaving.join().unwrap();
    assert!(matches!(error, ConnectError::Lost { .. }), "{error:?}");
    assert!(error.to_string().contains("ended before it said what it speaks"), "{error}");
}

#[test]
fn somebody_who_says_nothing_or_not_enough_has_its_time() {
    let mut limits = ServerLimits::default();
    limits.greeting_time = Duration::ZERO;
    let server = serve_with(&node(), "tcp://127.0.0.1:0", limits).unwrap();
    for (turn, words) in [(1, &b""[..]), (2, &preface(1)[..10])] {
        let mut stream = TcpStream::connect(&server.url()["tcp://".len()..]).unwrap();
        // It may have been ended before.
        let _ = stream.write_all(words);
        let _ = stream.read_to_end(&mut Vec::new());
        let stats = server.stats();
        assert_eq!((stats.strangers, stats.half_open, stats.connections), (turn, 0, 0));
    }
}

#[test]
fn programs_that_speak_something_else() {
    let nobody = Node::new();
    let error = |url: &str| connect(&nobody, url).unwrap_err();
    let hello = error("exec:echo hello world");
    assert!(matches!(hello, ConnectError::Stranger { .. }) && hello.to_string().contains("\"hell\""), "{hello}");
    for (url, told) in [
        ("exec:true", "exec:true ended before it said what it speaks: the child `true` ended: exit status: 0"),
        ("exec:sh -c 'exit 3'", "the child `sh` ended: exit status: 3"),
        ("exec:sh -c 'kill -9 $$'", "the child `sh` ended: signal: 9"),
        ("exec:printf '\\016\\000\\000'", "the child `printf` ended: exit status: 0 (the stream ended within a frame)"),
    ] {
        let error = error(url);
        assert!(matches!(error, ConnectError::Lost { .. }), "{error:?}");
        assert!(error.to_string().contains(told), "{error}");
    }
    let echo = connect(&nobody, "exec:cat");
    // It says what we say: as far as the greeting goes, it speaks our language.
    let told = lost(use_list(&echo.unwrap()));
    assert!(told.reason.contains("our own HELLO came back"), "{told}");
}
