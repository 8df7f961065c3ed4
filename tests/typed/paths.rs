//! Attributes that were not read yet, used through a trait: what a path leads to, and never the object where it begins.

use wherever::typed::TypedProxy;
use wherever::{Error, Own};

use crate::support::Sides;

/// Tells a name.
#[wherever::interface]
trait Named {
    fn name(&self) -> Result<String, Error>;
}

struct Wheel;

#[wherever::export]
impl Named for Wheel {
    fn name(&self) -> Result<String, Error> {
        Ok("wheel".into())
    }
}

struct Car;

#[wherever::export]
impl Car {
    pub(crate) fn name(&self) -> String {
        "car".into()
    }

    #[wherever(attribute)]
    pub(crate) fn wheel(&self) -> Own {
        Wheel.into()
    }

    pub(crate) fn name_of(&self, named: NamedProxy) -> Result<String, Error> {
        named.name()
    }
}

#[test]
fn an_attribute_wears_an_interface_before_it_is_read() {
    let sides = Sides::new();
    sides.server.export("car", Car);
    let car = sides.peer.get("car").unwrap();
    let wheel = car.at("wheel");
    assert_eq!(NamedProxy::of(wheel.clone()).name().unwrap(), "wheel");
    assert_eq!(wheel.cast::<NamedProxy>().unwrap().name().unwrap(), "wheel");
    assert_eq!(car.cast::<NamedProxy>().unwrap().name().unwrap(), "car");
    // Nothing of the car's shape counts for its wheel.
    struct Nameless;
    #[wherever::export]
    impl Nameless {
        #[wherever(attribute)]
        pub(crate) fn wheel(&self) -> Own {
            Wheel.into()
        }
    }
    sides.server.export("nameless", Nameless);
    let wheel = sides.peer.get("nameless").unwrap().at("wheel");
    assert_eq!(wheel.cast::<NamedProxy>().unwrap().name().unwrap(), "wheel");
}

#[test]
fn an_attribute_that_was_not_read_is_not_passed_as_the_object_that_has_it() {
    let sides = Sides::new();
    sides.server.export("car", Car);
    let car = sides.peer.get("car").unwrap();
    for refused in [
        car.call("name_of", (car.at("wheel"),)),
        car.call("name_of", (&car.at("wheel"),)),
        car.call("name_of", (NamedProxy::of(car.at("wheel")),)),
    ] {
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("read the attribute"), "{refused}");
    }
    let wheel = car.get("wheel").unwrap();
    assert_eq!(car.call("name_of", (wheel,)).unwrap().to::<String>().unwrap(), "wheel");
}
