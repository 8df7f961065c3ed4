//! Whether two proxies, of two sessions, lead to one object: the object's own side knows.

use wherever::hosts::{Function, List};
use wherever::{Node, Proxy, same};
use wherever_tests::pair::Served;

#[test]
fn an_object_reached_by_two_sessions_is_two_proxies_of_the_same() {
    let server = Node::new();
    server.export("list", List::new().to_own());
    server.export("other", List::new().to_own());
    let (first, second) = (Served::start(&Node::new(), &server), Served::start(&Node::new(), &server));
    let (one, two) = (first.peer.get("list").unwrap(), second.peer.get("list").unwrap());
    let other = second.peer.get("other").unwrap();
    assert!(!one.same(&two), "two proxies");
    let before = (first.peer.stats().messages(), second.peer.stats().messages());
    assert!(same(&one, &two).unwrap());
    let after = (first.peer.stats().messages(), second.peer.stats().messages());
    assert_eq!((after.0 - before.0, after.1 - before.1), (2, 2));
    assert!(!same(&one, &other).unwrap());
    assert!(same(&two, &two).unwrap() && !same(&two, &other).unwrap());
    assert_eq!(second.peer.stats().messages() - after.1, 2, "within a session nobody is asked");
    drop((one, two, other));
    assert_eq!((first.close().exports, second.close().exports), (0, 0));
}

#[test]
fn an_object_of_this_side_is_none_of_another_side() {
    let server = Node::new();
    server.export("list", List::new().to_own());
    let served = Served::start(&Node::new(), &server);
    let theirs = served.peer.get("list").unwrap();
    let ours = Proxy::from(wherever::value::Ref::Own(Function::new("f", |_, _| Ok(().into())).into_own()));
    assert!(!same(&theirs, &ours).unwrap() && same(&ours, &ours).unwrap());
    drop(theirs);
    assert_eq!(served.close().exports, 0);
}
