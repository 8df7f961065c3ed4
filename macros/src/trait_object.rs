//! The trait object of an interface: an `Arc<dyn Motor>` as a parameter or result.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{TraitItem, TraitItemFn};

use crate::described::allowed;
use crate::interface::{Interface, names};
use crate::method::Role;

/// Whether there is such a trait object, and it can be shared.
pub(crate) fn is_possible(interface: &Interface) -> bool {
    let Interface { declared, members, bases, .. } = interface;
    let plain = members.methods.iter().all(|method| !method.is_async);
    plain && !members.need_turns() && bases.is_empty() && declared.generics.params.is_empty()
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
    let Interface { declared, name, members, proxy, .. } = interface;
    let (ident, visibility) = (&declared.ident, &declared.vis);
    let (object, allowed) = (format_ident!("{ident}Object"), allowed());
    let functions = declared.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) => Some(function),
        _ => None,
    });
    let passed_on = functions.filter_map(|function| {
        let method = members.methods.iter().find(|method| method.ident == function.sig.ident)?;
        (method.role != Role::Skipped).then(|| pass_on(function))
    });
    quote! {
        #[doc(hidden)]
        #visibility struct #object(::std::sync::Arc<dyn #ident>);

        #[automatically_derived]
        #allowed
        impl #ident for #object {
            #(#passed_on)*
        }

        #[automatically_derived]
        #allowed
        impl ::wherever::typed::Exported for #object {
            type Held = Self;
            const NAME: &'static str = #name;

            fn describe() -> ::wherever::hosts::Class<Self> {
                <Self as #ident>::__describe(::wherever::hosts::Class::builder(Self::NAME)).build()
            }

            fn hold(self) -> Self {
                self
            }
        }

        #[automatically_derived]
        #allowed
        impl ::wherever::typed::Object for dyn #ident {
            fn object_text() -> ::wherever::convert::TypeText {
                #name.into()
            }

            fn to_own(this: &::std::sync::Arc<Self>) -> ::wherever::Own {
                let identity = ::wherever::host::Identity::of(&**this);
                let class = <#object as ::wherever::typed::Exported>::class();
                class.standing_for(#object(::std::sync::Arc::clone(this)), identity)
            }

            fn to_reference(this: &::std::sync::Arc<Self>) -> ::wherever::value::Ref {
                match this.__reference() {
                    ::std::option::Option::Some(proxy) => proxy.reference().clone(),
                    ::std::option::Option::None => ::wherever::value::Ref::Own(Self::to_own(this)),
                }
            }

            fn from_reference(
                reference: ::wherever::value::Ref,
            ) -> ::std::result::Result<::std::sync::Arc<Self>, ::wherever::Error> {
                if let ::wherever::value::Ref::Own(own) = &reference {
                    if let ::std::option::Option::Some(instance) = own.downcast::<::wherever::hosts::Instance<#object>>() {
                        return ::std::result::Result::Ok(::std::sync::Arc::clone(&instance.value().0));
                    }
                }
                let proxy: #proxy = ::wherever::FromValue::from_value(::wherever::Value::Ref(reference))?;
                ::std::result::Result::Ok(::std::sync::Arc::new(proxy))
            }
        }
    }
}

fn pass_on(function: &TraitItemFn) -> TokenStream {
    let (signature, ident, names) = (&function.sig, &function.sig.ident, names(function));
    quote! {
        #signature {
            self.0.#ident(#(#names),*)
        }
    }
}
