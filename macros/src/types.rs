//! Types as they are written: what is looked through, what is told of them.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, GenericArgument, PathArguments, Result, ReturnType, Type};

/// What a method gives.
pub(crate) struct Output {
    /// Whole, as written.
    pub(crate) whole: Type,
    /// Of a `Result`, what it is of, as far as the text tells; else the whole.
    pub(crate) value: Type,
    /// Whether it is a `Result`, as far as the text tells: what is made of it depends on the type alone.
    pub(crate) is_result: bool,
    /// Whole, with no lifetimes of the method's own.
    anonymous: Type,
}

impl Output {
    pub(crate) fn read(declared: &ReturnType, lifetimes: &[Ident]) -> Self {
        let whole: Type = match declared {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, declared) => (**declared).clone(),
        };
        let anonymous = anonymous(&whole, lifetimes);
        let Some(segment) = last_segment(&whole).filter(|segment| segment.ident.to_string().ends_with("Result")) else {
            return Self { value: whole.clone(), whole, is_result: false, anonymous };
        };
        let first = match &segment.arguments {
            PathArguments::AngleBracketed(given) => given.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(first) => Some(first.clone()),
                _ => None,
            }),
            _ => None,
        };
        let value = first.unwrap_or_else(|| syn::parse_quote!(::wherever::Value));
        Self { value, whole, is_result: true, anonymous }
    }

    /// The text of the type of what it gives if it does not fail, as an expression.
    pub(crate) fn told(&self) -> TokenStream {
        let of = &self.anonymous;
        quote_spanned!(of.span()=> <#of as ::wherever::typed::code::Returned>::type_text())
    }
}

/// Refuses `impl Trait`, here or as what a `Result` is of.
pub(crate) fn refuse_impl_trait(of: &Type, text: &str) -> Result<()> {
    match bare(of) {
        Type::ImplTrait(found) => Err(Error::new_spanned(found, text)),
        Type::Reference(reference) => refuse_impl_trait(&reference.elem, text),
        _ => Ok(()),
    }
}

pub(crate) fn is_unit(of: &Type) -> bool {
    matches!(bare(of), Type::Tuple(tuple) if tuple.elems.is_empty())
}

/// The last part of a path.
pub(crate) fn last_segment(of: &Type) -> Option<&syn::PathSegment> {
    match bare(of) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The type without parentheses, and without the marks that a macro puts around a type that it was given.
pub(crate) fn bare(of: &Type) -> &Type {
    match of {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

/// The type with `'_` for these lifetimes, which are not known outside of the method.
pub(crate) fn anonymous(of: &Type, lifetimes: &[Ident]) -> Type {
    if lifetimes.is_empty() {
        return of.clone();
    }
    // A type stays one if a lifetime in it has another name.
    syn::parse2(without_names(of.to_token_stream(), lifetimes)).unwrap_or_else(|_| of.clone())
}

fn without_names(tokens: TokenStream, lifetimes: &[Ident]) -> TokenStream {
    let mut after_quote = false;
    let replaced = tokens.into_iter().map(|token| {
        let is_name = std::mem::replace(&mut after_quote, matches!(&token, TokenTree::Punct(c) if c.as_char() == '\''));
        match token {
            TokenTree::Ident(name) if is_name && lifetimes.contains(&name) => Ident::new("_", name.span()).into(),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_names(group.stream(), lifetimes));
                inner.set_span(group.span());
                inner.into()
            }
            other => other,
        }
    });
    replaced.collect()
}
