//! The trait object of an interface: an `Arc<dyn Motor>` as a parameter or result.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{GenericParam, Ident, Signature, TraitItem, TraitItemFn, TypeParamBound, WherePredicate};

use crate::described::allowed;
use crate::interface::{Interface, passed_on};
use crate::method::{Method, Receiver, Role, is_self};

/// Whether there is such a trait object, and it can be shared.
pub(crate) fn is_possible(interface: &Interface) -> bool {
    let Interface { declared, supertraits, members, bases, .. } = interface;
    let of_its_type = supertraits.iter().any(|bound| names(bound, &["Sized", "Clone"]));
    let plain = members.methods.iter().all(|method| !method.is_async);
    let functions = declared.items.iter().all(|item| match item {
        TraitItem::Fn(function) => fits(&function.sig),
        _ => true,
    });
    plain
        && functions
        && !members.need_turns()
        && bases.is_empty()
        && !of_its_type
        && declared.generics.params.is_empty()
}

/// Whether a method can be called without knowing of which type the object is, or is out of the way if it cannot.
fn fits(signature: &Signature) -> bool {
    let bounds = signature.generics.where_clause.iter().flat_map(|bounds| &bounds.predicates);
    let is_for_known_types = bounds.into_iter().any(|bound| match bound {
        WherePredicate::Type(of) => is_self(&of.bounded_ty) && of.bounds.iter().any(|bound| names(bound, &["Sized"])),
        _ => false,
    });
    let mut parameters = signature.inputs.iter().skip(1);
    let takes_reference = signature.receiver().is_some_and(|receiver| Receiver::read(receiver).is_some());
    let is_generic = signature.generics.params.iter().any(|given| !matches!(given, GenericParam::Lifetime(_)));
    let names_self =
        parameters.any(|given| says_self(given.to_token_stream())) || says_self(signature.output.to_token_stream());
    is_for_known_types || (takes_reference && !is_generic && !names_self)
}

/// Whether a bound is one of these traits.
fn names(bound: &TypeParamBound, traits: &[&str]) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    bound.path.segments.last().is_some_and(|segment| traits.iter().any(|name| segment.ident == name))
}

/// Whether the type of the object is named, or left open.
fn says_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "Self" || word == "impl",
        TokenTree::Group(group) => says_self(group.stream()),
        _ => false,
    })
}

/// The hidden method by which a proxy in an `Arc` says what it stands for.
pub(crate) fn reference() -> TraitItem {
    syn::parse_quote! {
        #[doc(hidden)]
        fn __reference(&self) -> ::std::option::Option<&::wherever::Proxy> {
            ::std::option::Option::None
        }
    }
}

/// A struct that holds the trait object and is exported in its stead.
pub(crate) fn write(interface: &Interface) -> TokenStream {
    let Interface { declared, name, proxy, .. } = interface;
    let (ident, visibility) = (&declared.ident, &declared.vis);
    let (object, allowed) = (format_ident!("{ident}Object"), allowed());
    let members = interface.functions().filter(|(_, method)| method.role != Role::Skipped);
    let written = members.map(|(function, method)| pass_on(function, method, ident));
    quote! {
        #[doc(hidden)]
        #allowed
        #visibility struct #object(::std::sync::Arc<dyn #ident>);

        #[automatically_derived]
        #allowed
        impl #ident for #object {
            #(#written)*
        }

        #[automatically_derived]
        #allowed
        impl ::wherever::typed::Exported for #object {
            type Held = Self;
            const NAME: &'static str = #name;

            fn describe() -> ::wherever::hosts::Class<Self> {
                <Self as #ident>::__describe(::wherever::hosts::Class::builder(#name)).build()
            }

            fn hold(self) -> Self {
                self
            }
        }

        #[automatically_derived]
        #allowed
        impl ::wherever::typed::Object for dyn #ident {
            fn object_text() -> ::wherever::convert::TypeText {
                ::std::convert::Into::into(#name)
            }

            fn to_own(this: &::std::sync::Arc<Self>) -> ::wherever::Own {
                let identity = ::wherever::host::Identity::of(&**this);
                let class = <#object as ::wherever::typed::Exported>::class();
                class.standing_for(#object(::std::clone::Clone::clone(this)), identity)
            }

            fn to_reference(this: &::std::sync::Arc<Self>) -> ::wherever::value::Ref {
                match <Self as #ident>::__reference(&**this) {
                    ::std::option::Option::Some(proxy) => ::std::clone::Clone::clone(proxy.reference()),
                    ::std::option::Option::None => {
                        ::wherever::value::Ref::Own(<Self as ::wherever::typed::Object>::to_own(this))
                    }
                }
            }

            fn from_reference(
                reference: ::wherever::value::Ref,
            ) -> ::std::result::Result<::std::sync::Arc<Self>, ::wherever::Error> {
                if let ::wherever::value::Ref::Own(own) = &reference {
                    if let ::std::option::Option::Some(instance) = ::wherever::typed::code::bare::<#object>(own) {
                        return ::std::result::Result::Ok(::std::clone::Clone::clone(&instance.value().0));
                    }
                }
                let proxy: #proxy = ::wherever::FromValue::from_value(::wherever::Value::Ref(reference))?;
                ::std::result::Result::Ok(::std::sync::Arc::new(proxy))
            }
        }
    }
}

fn pass_on(function: &TraitItemFn, method: &Method, of: &Ident) -> TokenStream {
    let (signature, ident, names) = (&function.sig, &function.sig.ident, passed_on(function));
    let (conditions, this) = (&method.conditions, function.sig.receiver().map(|receiver| receiver.self_token));
    quote! {
        #(#conditions)*
        #signature {
            <dyn #of as #of>::#ident(&*#this.0, #(#names),*)
        }
    }
}
