//! The attributes and derives of `wherever`. Use them by way of that crate, whose feature `macros` brings them along.
//!
//! Each attribute reads what it stands above into a plain description ([`method`], [`marks`]), and writes from that
//! what a programmer would write by hand against `wherever::typed`.
#![forbid(unsafe_code)]

mod declared_error;
mod described;
mod export;
mod function;
#[cfg(test)]
mod guide;
mod interface;
mod marks;
mod method;
mod proxy;
mod trait_object;
mod types;
mod value_type;

use proc_macro::TokenStream;
use syn::{Item, parse_macro_input};

/// Makes what it stands above reachable for peers.
///
/// **Above an `impl` block** it exports a type: its `pub` methods are members, with their documentation and signatures.
/// `&self` methods run beside each other. If one takes `&mut self`, the object is used by turns: that one has it alone.
/// `async` methods are served as futures. A parameter is any type that implements `FromValue`, or a reference to one
/// (`&str`, `&[T]`, `&T`); a result any that implements `IntoValue`, or a `Result` of one. A parameter
/// `&CallContext` or `CallContext` is no argument: it is the call's own.
///
/// The type then converts into `Own` and `Value`, and an `Arc` of it (of `Turned` of it, where it is used by turns) may be
/// a parameter or a result: one object, however often it crosses.
///
/// Words within the parentheses of the attribute:
/// - `name = "example.Counter"`: what peers are told instead of the type's path;
/// - `interface = "org.example.Counter/1"`: an interface that the type claims;
/// - `implements(Motor, Lamp)`: traits made by `#[wherever::interface]`, whose members are members of the type;
/// - `turns`: used by turns, though no method of this block takes `&mut self`.
///
/// Words of `#[wherever(...)]` above a method:
/// - `constructor`: peers make instances by it, once they get a reference to the class;
/// - `attribute`: read, not called; with one argument, and `set_` before the name, written;
/// - `name = "goto"`: its name for peers; `hidden`: only a policy wider than closed lets peers use it; `skip`: no member;
/// - `concurrent`: does not hold up later calls of the same caller; `one_way`: callers need no answer; `reads`: changes
///   nothing, so that a read-only reference lets it through.
///
/// Before a parameter: `#[wherever(default)]` or `#[wherever(default = 3)]`. An `Option` may always be left out.
///
/// **Above `impl Trait for Type`**, the trait being an interface, it exports the type with the members of that trait.
/// Where a method of the trait takes `&mut self`, but none in the block does, `turns` says so.
///
/// **Above a `fn`** it exports the function: `name::function()` makes the object that peers can be given.
///
/// # Errors
/// What cannot be exported is refused where it stands, with what to do instead.
#[proc_macro_attribute]
pub fn export(words: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as Item);
    let written = match item {
        Item::Impl(block) => export::export(words.into(), block),
        Item::Fn(function) => function::export(words.into(), function),
        other => Err(syn::Error::new_spanned(
            other,
            "`#[wherever::export]` stands above an `impl` block or a `fn`; a plain struct or enum travels by copy with \
             `#[derive(wherever::ValueType)]`",
        )),
    };
    written.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a trait the one declaration that both sides of an object share.
///
/// Beside the trait `Motor` it makes the typed proxy `MotorProxy`, which implements the trait for an object of any side
/// and any language. Whoever implements the trait exports it by `#[wherever::export]` above the `impl` block. In the
/// attribute's parentheses stands the interface's name, such as `"org.example.Motor/1"`; without one it is the trait's
/// path.
///
/// Every method gives a `Result`, since any call can fail on the way; its error converts from `wherever::Error` and into
/// it, as that itself does, and a `#[derive(DeclaredError)]`. Methods may be `async`; the trait's own `impl` writes
/// `async fn` as usual, and its future must be `Send`. Objects are used from any thread, so the trait gets the bounds
/// `Send + Sync + 'static`.
///
/// Beside each method that waits, such as `move_to`, the proxy has one that does not, `promise_move_to`: it gives a
/// `wherever::typed::Promised` of the result, at once. If that is to be a typed proxy, calls can be made on it before it
/// comes. Methods that are `async` or `one_way` do not wait anyway; those of a base are had by a cast to its proxy.
///
/// The words of `#[wherever(...)]` above methods and parameters are those of [`macro@export`]. `skip` is for a method with
/// a body that is no member: it runs where it is called.
///
/// A trait before `:` that is an interface too makes the proxy implement both; its proxy must be in scope as well, or both
/// are written with the path to them. Of several such traits, all are named, those that they extend themselves among them.
/// Where the trait can be a trait object (no `async`, no `&mut self`, no generics, no base, no `Self` but in `&self`), an
/// `Arc<dyn Motor>` is a parameter or result as well: a callback.
///
/// # Errors
/// What cannot be a member of an interface is refused where it stands, with what to do instead.
#[proc_macro_attribute]
pub fn interface(words: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as Item);
    let written = match item {
        Item::Trait(declared) => interface::interface(words.into(), declared),
        other => Err(syn::Error::new_spanned(
            other,
            "`#[wherever::interface]` stands above a `trait`; to export a type without one, write `#[wherever::export]` \
             above its `impl` block",
        )),
    };
    written.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct or enum a value type: it travels by copy, under its path or the name in
/// `#[wherever(name = "org.example.Point", version = 2)]`.
///
/// Its fields are values themselves, and no references. A field marked `#[wherever(default)]` may be missing in what
/// comes, as one that was added later may. A language that does not know the type may give a dict of the fields, or a
/// tuple; for a variant its name, or a tuple that begins with it.
///
/// # Errors
/// Unions, and what names or versions do not fit, are refused where they stand.
#[proc_macro_derive(ValueType, attributes(wherever))]
pub fn derive_value_type(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    value_type::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an error enum a declared error: it comes back as itself through the trait of an interface, or wherever a
/// `wherever::Error` is converted into it.
///
/// One variant holds a `wherever::Error`, marked `#[wherever(remote)]`: every other error that a call can end with. The
/// other variants have fields that are values. The enum implements `std::error::Error`.
///
/// # Errors
/// Anything but an enum with such a variant is refused where it stands.
#[proc_macro_derive(DeclaredError, attributes(wherever))]
pub fn derive_declared_error(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    declared_error::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
