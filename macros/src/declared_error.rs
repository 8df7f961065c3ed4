//! `#[derive(DeclaredError)]`: an error enum that comes back as itself.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, Variant};

use crate::marks::{Marks, Place};
use crate::value_type::codec;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "a declared error is an enum, with a variant for all other errors",
        ));
    };
    if let Some(generic) = input.generics.params.first() {
        return Err(Error::new_spanned(generic, "a declared error has one type, by whose name it is known again"));
    }
    let mut remote = None;
    for variant in &data.variants {
        if Marks::read(&variant.attrs, Place::Variant)?.remote.is_some() && remote.replace(variant).is_some() {
            return Err(Error::new_spanned(variant, "one variant takes all other errors: only one is marked so"));
        }
    }
    let Some(remote) = remote else {
        return Err(Error::new_spanned(
            &input.ident,
            "any call can also fail on the way: add a variant `#[wherever(remote)] Remote(wherever::Error)`",
        ));
    };
    let (ident, variant, field) = (&input.ident, &remote.ident, field(remote)?);
    let codec = codec(input, &[variant])?;
    let allowed = crate::described::allowed();
    Ok(quote! {
        #codec

        #[automatically_derived]
        #allowed
        impl ::std::convert::From<#ident> for ::wherever::Error {
            #[track_caller]
            fn from(error: #ident) -> Self {
                match error {
                    #ident::#variant { #field: remote } => ::std::convert::Into::into(remote),
                    declared => ::wherever::typed::code::raised_of(declared),
                }
            }
        }

        #[automatically_derived]
        #allowed
        impl ::std::convert::From<::wherever::Error> for #ident {
            fn from(error: ::wherever::Error) -> Self {
                ::wherever::typed::code::read_raised(error).unwrap_or_else(|remote| {
                    #ident::#variant { #field: ::std::convert::Into::into(remote) }
                })
            }
        }
    })
}

/// The one field of the variant for other errors.
fn field(variant: &Variant) -> Result<TokenStream> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok(quote!(0)),
        Fields::Named(fields) if fields.named.len() == 1 => {
            let name = fields.named.iter().map(|field| &field.ident);
            Ok(quote!(#(#name)*))
        }
        _ => Err(Error::new_spanned(variant, "this variant holds a `wherever::Error` and nothing else")),
    }
}
