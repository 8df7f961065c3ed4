//! Connecting to what is not there, and URLs that say nothing. What is wrong with which is tested beside the parser.

use wherever_transports::{ConnectError, ServeError, connect, serve};

use super::*;

#[test]
fn a_bad_url_is_told_by_both() {
    let bad = connect(&Node::new(), "tcp://host").unwrap_err();
    assert!(matches!(&bad, ConnectError::Url(error) if error.at == 10), "{bad:?}");
    assert_eq!(
        bad.to_string(),
        "\"tcp://host\" is no URL of a peer: at byte 10, a colon and a port are missing; the forms are \
         unix:///path, tcp://host:port, exec:program arguments, stdio:"
    );
    assert!(matches!(serve(&node(), "http://x").err().unwrap(), ServeError::Url(_)));
}

#[test]
fn nobody_is_there() {
    let folder = Folder::new();
    let connected = |url: &str| connect(&Node::new(), url).unwrap_err();
    let missing = connected(&folder.url("missing"));
    assert!(matches!(missing, ConnectError::NotFound { .. }), "{missing:?}");
    assert!(missing.to_string().starts_with(&format!("nothing is at {}: ", folder.url("missing"))), "{missing}");
    let missing = connected("exec:/no/such/program --with arguments");
    assert!(matches!(missing, ConnectError::NotFound { .. }), "{missing:?}");
    assert!(missing.to_string().contains("`/no/such/program` cannot be started"), "{missing}");
    assert!(!missing.to_string().contains("arguments"), "they may be secret: {missing}");
}

#[test]
fn nobody_listens() {
    let folder = Folder::new();
    drop(std::os::unix::net::UnixListener::bind(folder.path("left")).unwrap());
    let (_taken, port) = deaf_port();
    for url in [folder.url("left"), format!("tcp://127.0.0.1:{port}")] {
        let refused = connect(&Node::new(), &url).unwrap_err();
        assert!(matches!(refused, ConnectError::Refused { .. }), "{refused:?}");
        assert_eq!(refused.to_string(), format!("{url} refused the connection: nobody listens there"));
    }
}

#[test]
fn what_cannot_be_connected_to() {
    let folder = Folder::new();
    std::fs::write(folder.path("file"), b"text").unwrap();
    let datagrams = std::os::unix::net::UnixDatagram::bind(folder.path("datagrams")).unwrap();
    for url in ["tcp://127.0.0.1:0".to_owned(), folder.url("datagrams")] {
        let failed = connect(&Node::new(), &url).unwrap_err();
        assert!(matches!(failed, ConnectError::Failed { .. }), "{failed:?}");
    }
    let file = connect(&Node::new(), &folder.url("file")).unwrap_err();
    assert!(matches!(file, ConnectError::Refused { .. }), "{file:?}");
    drop(datagrams);
}
