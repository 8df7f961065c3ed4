//! Grants and who calls, behind typed traits.

use std::sync::Arc;

use wherever::{Attenuation, Error, FromValue, Own, Peer, Proxy};

use crate::support::Sides;

/// Holds money.
#[wherever::interface("org.example.Purse/1")]
trait Purse {
    #[wherever(attribute)]
    fn balance(&self) -> Result<i64, Error>;
    fn deposit(&self, amount: i64) -> Result<i64, Error>;
    /// The number of the session that asks.
    fn who(&self) -> Result<Option<u64>, Error>;
}

struct Leather(std::sync::atomic::AtomicI64);

#[wherever::export]
impl Purse for Leather {
    fn balance(&self) -> Result<i64, Error> {
        Ok(self.0.load(std::sync::atomic::Ordering::Relaxed))
    }

    fn deposit(&self, amount: i64) -> Result<i64, Error> {
        Ok(self.0.fetch_add(amount, std::sync::atomic::Ordering::Relaxed) + amount)
    }

    fn who(&self) -> Result<Option<u64>, Error> {
        Ok(Peer::calling().map(|peer| peer.session_number()))
    }
}

#[test]
fn a_typed_object_is_attenuated_and_what_is_left_is_told() {
    let sides = Sides::new();
    let purse = Arc::new(Leather(5.into()));
    let (seen, revoker) = Attenuation::of(&purse).only(["balance"]).give().unwrap();
    sides.server.export("purse", &purse);
    sides.server.export("seen", seen);
    let whole: PurseProxy = sides.peer.get_as("purse").unwrap();
    assert_eq!(whole.deposit(2).unwrap(), 7);
    assert_eq!(whole.who().unwrap(), Some(sides.back.session_number()));
    assert_eq!(purse.who().unwrap(), None);
    let seen = sides.peer.get("seen").unwrap();
    assert_eq!(seen.get("balance").unwrap().to::<i64>().unwrap(), 7);
    let misfits = seen.cast::<PurseProxy>().unwrap_err().to_string();
    assert!(misfits.contains("it has no method `deposit`") && !misfits.contains("`balance`"), "{misfits}");
    revoker.revoke();
    assert!(matches!(seen.get("balance"), Err(Error::Denied(_))));
    assert_eq!(whole.balance().unwrap(), 7);
}

struct Echo;

#[wherever::export]
impl Echo {
    pub(crate) fn echo(&self, purse: Arc<dyn Purse>) -> Result<Arc<dyn Purse>, Error> {
        purse.deposit(1)?;
        Ok(purse)
    }
}

#[test]
fn a_trait_object_that_came_home_attenuated_is_not_given_back_as_more() {
    let sides = Sides::new();
    let purse: Arc<dyn Purse> = Arc::new(Leather(5.into()));
    let (seen, _revoker) = Attenuation::of(&purse).read_only().give().unwrap();
    sides.server.export("seen", seen);
    sides.server.export("read_only", Own::from(&purse).read_only());
    sides.server.export("echo", Echo);
    let echo = sides.peer.get("echo").unwrap();
    for (count, name) in ["seen", "read_only"].into_iter().enumerate() {
        let given: Proxy = echo.call("echo", (sides.peer.get(name).unwrap(),)).unwrap().to().unwrap();
        assert_eq!(given.get("balance").unwrap().to::<usize>().unwrap(), 6 + count);
        assert!(matches!(given.call("deposit", (1,)), Err(Error::Denied(_))), "{name}");
    }
}

#[test]
fn a_typed_proxy_is_attenuated_where_it_is_held() {
    let sides = Sides::new();
    let purse = PurseProxy::from_value(Leather(1.into()).into()).unwrap();
    let (read_only, _revoker) = Attenuation::of(&purse).read_only().give().unwrap();
    sides.server.export("purse", read_only);
    let purse: PurseProxy = sides.peer.get_as("purse").unwrap();
    assert_eq!(purse.balance().unwrap(), 1);
    assert!(matches!(purse.deposit(1), Err(Error::Denied(_))));
}
