//! `#[derive(ValueType)]`: a struct or enum that travels by copy.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Generics, Ident, Result, Variant};

use crate::marks::{Marks, Place};

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let codec = codec(input, &[])?;
    let ident = &input.ident;
    let bound = bound(&input.generics);
    let (generics, arguments, bounds) = bound.split_for_impl();
    let allowed = crate::described::allowed();
    let told = quote! {
        fn type_text() -> ::wherever::convert::TypeText {
            ::std::convert::Into::into(<Self as ::wherever::typed::ValueType>::NAME)
        }
    };
    Ok(quote! {
        #codec

        #[automatically_derived]
        #allowed
        impl #generics ::wherever::IntoValue for #ident #arguments #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::wherever::typed::code::value_into(self)
            }

            #told
        }

        #[automatically_derived]
        #allowed
        impl #generics ::wherever::FromValue for #ident #arguments #bounds {
            fn from_value(value: ::wherever::Value) -> ::std::result::Result<Self, ::wherever::Error> {
                ::wherever::typed::code::value_of(value)
            }

            fn whole() -> ::wherever::convert::Whole {
                ::wherever::typed::code::whole_value()
            }

            #told
        }
    })
}

/// The generics, each type of them a value itself.
fn bound(generics: &Generics) -> Generics {
    let mut bound = generics.clone();
    for parameter in generics.type_params() {
        let ident = &parameter.ident;
        let predicate = syn::parse_quote!(#ident: ::wherever::FromValue + ::wherever::IntoValue);
        bound.make_where_clause().predicates.push(predicate);
    }
    bound
}

/// The type as `ValueType`, without some of its variants.
pub(crate) fn codec(input: &DeriveInput, without: &[&Ident]) -> Result<TokenStream> {
    let marks = Marks::read(&input.attrs, Place::Type)?;
    if let Some(lifetime) = input.generics.lifetimes().next() {
        let text = "a value is made anew where it comes, and borrows from nothing: hold what is owned";
        return Err(Error::new_spanned(lifetime, text));
    }
    let ident = &input.ident;
    let plain = ident.unraw().to_string();
    let name = match &marks.name {
        Some(name) => quote!(#name),
        None => quote!(::std::concat!("rust:", ::std::module_path!(), "::", #plain)),
    };
    let version = marks.version.as_ref().map_or_else(|| quote!(1), |version| quote!(#version));
    let (into, from) = match &input.data {
        Data::Struct(data) => of_struct(&data.fields)?,
        Data::Enum(data) => {
            let variants: Vec<&Variant> =
                data.variants.iter().filter(|variant| !without.contains(&&variant.ident)).collect();
            of_enum(&variants, &plain, without)?
        }
        Data::Union(data) => {
            return Err(Error::new_spanned(data.union_token, "a union does not say what it holds: use an enum"));
        }
    };
    let bound = bound(&input.generics);
    let (generics, arguments, bounds) = bound.split_for_impl();
    let allowed = crate::described::allowed();
    Ok(quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::ValueType for #ident #arguments #bounds {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;

            fn into_data(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                #into
            }

            fn from_data(data: ::wherever::Value) -> ::std::result::Result<Self, ::wherever::Error> {
                #from
            }
        }
    })
}

/// Names that fields are bound to, what makes values of them, and what takes them from `fields`.
struct Read {
    bound: Vec<Ident>,
    pattern: TokenStream,
    values: Vec<TokenStream>,
    taken: Vec<TokenStream>,
}

fn read(fields: &Fields) -> Result<Read> {
    let span = Span::mixed_site();
    let (mut bound, mut values, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for (at, field) in fields.iter().enumerate() {
        let marks = Marks::read(&field.attrs, Place::Field)?;
        let name = field.ident.as_ref().map_or_else(|| at.to_string(), |ident| ident.unraw().to_string());
        let place = span.located_at(field.ty.span());
        let ident = format_ident!("field_{at}", span = place);
        values.push(quote_spanned! {place=>
            ::wherever::IntoValue::into_value(#ident).map_err(|error| error.within(#name))?
        });
        let of = &field.ty;
        taken.push(match marks.default {
            Some(default) => {
                let default =
                    default.map_or_else(|| quote!(::std::default::Default::default()), |value| quote!(#value));
                quote_spanned!(span=> let #ident = fields.next_if::<#of>(#name)?.unwrap_or_else(|| #default);)
            }
            None => quote_spanned!(span=> let #ident = fields.next::<#of>(#name)?;),
        });
        bound.push(ident);
    }
    let pattern = match fields {
        Fields::Named(named) => {
            let names = named.named.iter().map(|field| &field.ident);
            quote!({ #(#names: #bound),* })
        }
        Fields::Unnamed(_) => quote!((#(#bound),*)),
        Fields::Unit => quote!(),
    };
    Ok(Read { bound, pattern, values, taken })
}

fn of_struct(fields: &Fields) -> Result<(TokenStream, TokenStream)> {
    let Read { pattern, values, taken, .. } = read(fields)?;
    let span = Span::mixed_site();
    let into = quote_spanned! {span=>
        let Self #pattern = self;
        ::std::result::Result::Ok(::wherever::Value::tuple([#(#values),*]))
    };
    let from = quote_spanned! {span=>
        let mut fields = ::wherever::typed::code::fields_of(data, 0)?;
        #(#taken)*
        fields.finish()?;
        ::std::result::Result::Ok(Self #pattern)
    };
    Ok((into, from))
}

fn of_enum(variants: &[&Variant], plain: &str, without: &[&Ident]) -> Result<(TokenStream, TokenStream)> {
    let span = Span::mixed_site();
    let (mut into, mut from) = (Vec::new(), Vec::new());
    for variant in variants {
        if let Some(remote) = Marks::read(&variant.attrs, Place::Variant)?.remote {
            return Err(Error::new(remote, "`remote` is a word of `#[derive(DeclaredError)]`"));
        }
        let (ident, name) = (&variant.ident, variant.ident.unraw().to_string());
        let Read { bound, pattern, values, taken } = read(&variant.fields)?;
        into.push(quote! {
            Self::#ident #pattern => ::wherever::Value::tuple([::wherever::Value::text(#name), #(#values),*]),
        });
        from.push(if bound.is_empty() {
            quote!(#name => Self::#ident #pattern,)
        } else {
            quote_spanned! {span=>
                #name => {
                    let mut fields = ::wherever::typed::code::fields_of(data, 1)?;
                    #(#taken)*
                    fields.finish()?;
                    Self::#ident #pattern
                }
            }
        });
    }
    let names = variants.iter().map(|variant| variant.ident.unraw().to_string()).collect::<Vec<_>>().join(", ");
    let wanted = format!("a variant of {plain}: {names}");
    let others = without.iter().map(|ident| {
        let text = format!("{plain}::{ident} has no data of its own");
        quote!(Self::#ident { .. } => return ::std::result::Result::Err(::wherever::Error::Misuse(::std::convert::Into::into(#text))),)
    });
    let into = quote_spanned!(span=> ::std::result::Result::Ok(match self { #(#into)* #(#others)* }));
    let from = quote_spanned! {span=>
        let variant = ::wherever::typed::code::variant_of(&data, #plain)?;
        ::std::result::Result::Ok(match &*variant {
            #(#from)*
            other => return ::std::result::Result::Err(::wherever::typed::code::misfit(#wanted, other)),
        })
    };
    Ok((into, from))
}
