//! `#[export]` above a `fn`: the function as an object.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, ItemFn, Result};

use crate::described::{allowed, imports, later, passed, returned, taken};
use crate::method::{Method, Role, code_place};

/// Writes the function as it was, and beside it a type of the same name, which makes the object.
pub(crate) fn export(words: TokenStream, mut function: ItemFn) -> Result<TokenStream> {
    if let Some(above) = later(&quote!(export), &words, &mut function.attrs) {
        return Ok(quote!(#above #function));
    }
    if !words.is_empty() {
        return Err(Error::new_spanned(words, "`#[wherever::export]` above a function takes no words"));
    }
    // A free function is read as one that makes something: it has no `self`.
    function.attrs.push(syn::parse_quote!(#[wherever(constructor)]));
    let method = Method::read(&mut function.sig, &mut function.attrs)?;
    debug_assert!(method.role == Role::Constructor);
    let (ident, visibility, name) = (&function.sig.ident, &function.vis, method.name.as_str());
    let (allowed, imports, taken) = (allowed(), imports(), taken(&method, method.is_async));
    let (arguments, signature) = (passed(&method), method.signature());
    let call = returned(&method, &quote!(#ident(#(#arguments),*)));
    let docs = &method.docs;
    let place = code_place(&function.sig, &function.block);
    let span = Span::mixed_site();
    let made = if method.is_async {
        quote_spanned! {span=>
            ::wherever::hosts::Function::asynchronous(
                #name,
                |mut arguments: ::wherever::Arguments, context: ::wherever::context::CallContext| async move {
                    #taken
                    #call
                },
            )
        }
    } else {
        quote_spanned! {span=>
            ::wherever::hosts::Function::new(
                #name,
                |mut arguments: ::wherever::Arguments, context: &::wherever::context::CallContext| {
                    #taken
                    #call
                },
            )
        }
    };
    let summary = format!("The object of the function `{name}`, as peers can be given it.");
    Ok(quote_spanned! {span=>
        #function

        #[doc = #summary]
        #[allow(non_camel_case_types)]
        #visibility enum #ident {}

        #allowed
        impl #ident {
            /// Makes the object.
            #visibility fn function() -> ::wherever::hosts::Function {
                #imports
                let signature = #signature;
                let described = ::std::format!("{}{}\n\n{}", #name, signature, #docs);
                #made.described(described).declared(signature, #place)
            }
        }
    })
}
