//! Too many connections.

use std::io::{Read, Write};

use wherever::wire::preface::Preface;
use wherever_transports::{Server, ServerLimits, connect, serve_with};

use super::*;

fn serve_at(url: &str, change: impl FnOnce(&mut ServerLimits)) -> Server {
    let mut limits = ServerLimits::default();
    change(&mut limits);
    serve_with(&node(), url, limits).unwrap()
}

/// One connection more than there may be is told why, and there is room again when another has gone.
fn one_too_many(server: &Server, told: &str) {
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    for _ in 0..3 {
        let refused = connect(&Node::new(), server.url()).unwrap();
        let error = lost(use_list(&refused));
        assert!(error.reason.contains(told), "{error}");
        assert!(refused.stats().is_idle());
    }
    works(&peer);
    end(&peer);
    until(|| server.stats().connections == 0);
    let next = connect(&Node::new(), server.url()).unwrap();
    works(&next);
    end(&next);
}

#[test]
fn in_all() {
    let folder = Folder::new();
    for url in ["tcp://127.0.0.1:0", &folder.url("x")] {
        let server = serve_at(url, |limits| limits.connections_max = 1);
        one_too_many(&server, "the server has too many connections");
        let stats = server.stats();
        assert_eq!((stats.accepted, stats.refused_full, stats.refused_source), (2, 3, 0));
    }
}

#[test]
fn from_one_source() {
    let folder = Folder::new();
    for url in ["tcp://127.0.0.1:0", "tcp://[::1]:0", &folder.url("x")] {
        let server = serve_at(url, |limits| limits.source_connections_max = 1);
        one_too_many(&server, "the server has too many connections from the same source");
        let stats = server.stats();
        assert_eq!((stats.accepted, stats.refused_full, stats.refused_source), (2, 0, 3));
    }
}

#[test]
fn sources_do_not_take_each_others_places() {
    let server = serve_at("tcp://[::]:0?insecure", |limits| limits.source_connections_max = 1);
    let port: u16 = server.url().rsplit(':').next().unwrap().parse().unwrap();
    // One that takes both kinds of address.
    let one = connect(&Node::new(), &format!("tcp://127.0.0.1:{port}")).unwrap();
    let other = connect(&Node::new(), &format!("tcp://[::1]:{port}")).unwrap();
    works(&one);
    works(&other);
    let third = connect(&Node::new(), &format!("tcp://[::1]:{port}")).unwrap();
    lost(use_list(&third));
    end(&one);
    end(&other);
}

#[test]
fn the_oldest_of_those_who_say_nothing_gives_way() {
    let folder = Folder::new();
    let server = serve_at(&folder.url("x"), |limits| limits.half_open_max = 2);
    let mut silent: Vec<_> = (0..5).map(|_| UnixStream::connect(folder.path("x")).unwrap()).collect();
    let mut oldest = silent.drain(..3).collect::<Vec<_>>();
    for stream in &mut oldest {
        // Our preface, and the end.
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
    }
    until(|| server.stats().half_open == 2);
    assert_eq!((server.stats().evicted, server.stats().strangers), (3, 0));
    // An honest one is one more, for a moment.
    let peer = connect(&Node::new(), server.url()).unwrap();
    works(&peer);
    assert_eq!(server.stats().evicted, 4);
    // Nor does one who takes its time have to hurry.
    let preface = Preface::default().encode();
    let mut bytes = (preface.len() as u32).to_le_bytes().to_vec();
    bytes.extend(preface);
    let mut last = silent.pop().unwrap();
    bytes.iter().for_each(|byte| last.write_all(&[*byte]).unwrap());
    until(|| server.stats().sessions == 2);
    end(&peer);
}

#[test]
fn a_crowd_that_trickles_does_not_keep_an_honest_one_out() {
    let folder = Folder::new();
    let server = serve_at(&folder.url("x"), |_| {});
    let mut crowd = Vec::new();
    for number in 0..300 {
        let mut stream = UnixStream::connect(folder.path("x")).unwrap();
        // It may have been ended already.
        let _ = stream.write_all(b"\x0e");
        crowd.push(stream);
        if number % 50 == 0 {
            let peer = connect(&Node::new(), server.url()).unwrap();
            works(&peer);
            end(&peer);
        }
    }
    until(|| server.stats().half_open == 64);
    assert_eq!(server.stats().sessions, 6);
    drop(crowd);
    until(|| server.stats().connections == 0);
}
