//! A method as it is described: what of its signature matters to a peer.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, Expr, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, ReturnType, Signature, Type};

use crate::marks::{Marks, Place, docs};

/// A method or function, read.
pub(crate) struct Method {
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// Its name for peers.
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) output: Output,
    pub(crate) is_async: bool,
    pub(crate) marks: Marks,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Receiver {
    Shared,
    Exclusive,
}

/// What a method is for peers.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Called,
    Getter,
    Setter,
    Constructor,
    /// No member.
    Skipped,
}

pub(crate) struct Parameter {
    pub(crate) ident: Ident,
    pub(crate) kind: ParameterKind,
    pub(crate) default: Option<Option<Expr>>,
}

pub(crate) enum ParameterKind {
    /// Of this type.
    Owned(Box<Type>),
    /// A reference to what is made as this type.
    Borrowed(Box<Type>),
    /// The call's own context.
    Context,
}

/// What a method gives.
pub(crate) struct Output {
    /// Whole, as written.
    pub(crate) whole: Type,
    /// Of a `Result`, what it is of; else the whole.
    pub(crate) value: Type,
    pub(crate) is_result: bool,
}

impl Method {
    /// Reads a method, and takes the words of `#[wherever(...)]` off its attributes and parameters.
    pub(crate) fn read(signature: &mut Signature, attributes: &mut Vec<syn::Attribute>) -> Result<Self> {
        let marks = Marks::take(attributes, Place::Method)?;
        let receiver = receiver(signature, &marks)?;
        if marks.skip.is_none() {
            refuse_what_cannot_cross(signature)?;
        }
        let mut parameters = Vec::new();
        for argument in &mut signature.inputs {
            if let FnArg::Typed(typed) = argument
                && marks.skip.is_none()
            {
                parameters.push(Parameter::read(typed)?);
            }
        }
        let mut method = Self {
            ident: signature.ident.clone(),
            name: String::new(),
            docs: docs(attributes),
            receiver,
            parameters,
            output: Output::read(&signature.output),
            is_async: signature.asyncness.is_some(),
            marks,
            role: Role::Called,
        };
        method.role = method.role()?;
        method.name = method.name_for_peers();
        Ok(method)
    }

    fn role(&self) -> Result<Role> {
        let Marks { attribute, constructor, skip, one_way, .. } = &self.marks;
        let role = match (skip, constructor, attribute) {
            (Some(_), None, None) => Role::Skipped,
            (None, Some(_), None) => Role::Constructor,
            (None, None, Some(span)) => return self.attribute(*span),
            (None, None, None) => Role::Called,
            (_, Some(span), _) | (_, _, Some(span)) => {
                return Err(Error::new(
                    *span,
                    "only one of `attribute`, `constructor` and `skip` can be said of a method",
                ));
            }
        };
        match (role, self.receiver) {
            (Role::Constructor, Some(_)) => Err(Error::new(self.ident.span(), "a constructor takes no `self`")),
            (Role::Called, None) => Err(Error::new(
                self.ident.span(),
                "a function without `self` is no member: mark it `#[wherever(constructor)]` or `#[wherever(skip)]`, or \
                 export it by itself with `#[wherever::export]` above a free `fn`",
            )),
            _ if one_way.is_some() && !is_unit(&self.output.value) => Err(Error::new(
                self.output.value.span(),
                "nobody gets the result of a one-way method: it gives nothing",
            )),
            _ => Ok(role),
        }
    }

    fn attribute(&self, span: Span) -> Result<Role> {
        if self.is_async {
            return Err(Error::new(span, "an attribute is read and written at once: make an `async` one a method"));
        }
        let setter = self.ident.to_string().starts_with("set_");
        let owned = self.parameters.iter().all(|parameter| !matches!(parameter.kind, ParameterKind::Context));
        match (self.receiver, self.parameters.len()) {
            (Some(Receiver::Shared), 0) => Ok(Role::Getter),
            (Some(_), 1) if setter && owned => Ok(Role::Setter),
            _ => Err(Error::new(
                span,
                "an attribute is read by a method that takes `&self` and nothing else, and written by one whose name \
                 begins with `set_` and that takes the new value",
            )),
        }
    }

    fn name_for_peers(&self) -> String {
        let plain = self.ident.to_string();
        let plain = plain.strip_prefix("r#").unwrap_or(&plain);
        match (&self.marks.name, self.role) {
            (Some(name), _) => name.value(),
            (None, Role::Setter) => plain.strip_prefix("set_").unwrap_or(plain).to_owned(),
            (None, _) => plain.to_owned(),
        }
    }

    /// The parameters that are arguments.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !matches!(parameter.kind, ParameterKind::Context))
    }

    /// An identifier for its member, beside those of other members.
    pub(crate) fn member_ident(&self) -> Ident {
        format_ident!("member_{}", self.ident.to_string().trim_start_matches("r#"))
    }

    /// The text of its signature, as an expression.
    pub(crate) fn signature(&self) -> TokenStream {
        let parameters = self.arguments().map(Parameter::told);
        let result = match self.marks.one_way {
            Some(_) => quote!("None"),
            None => self.output.told(),
        };
        quote!(::wherever::typed::signature(&[#(#parameters),*], &#result))
    }
}

fn receiver(signature: &Signature, marks: &Marks) -> Result<Option<Receiver>> {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else { return Ok(None) };
    if marks.skip.is_some() {
        return Ok(Some(Receiver::Shared));
    }
    let tokens = receiver.to_token_stream().to_string().replace(' ', "");
    match tokens.as_str() {
        "&self" => Ok(Some(Receiver::Shared)),
        "&mutself" => Ok(Some(Receiver::Exclusive)),
        _ => Err(Error::new_spanned(
            receiver,
            "an object stays where it is while peers use it: a member takes `&self` or `&mut self`; mark this method \
             `#[wherever(skip)]` if it is none",
        )),
    }
}

fn refuse_what_cannot_cross(signature: &Signature) -> Result<()> {
    let generic =
        signature.generics.params.iter().find(|parameter| !matches!(parameter, syn::GenericParam::Lifetime(_)));
    if let Some(generic) = generic {
        return Err(Error::new_spanned(
            generic,
            "a member has one type for each parameter: take a `Value`, a `Proxy`, or a type of the whole interface's \
             generics instead",
        ));
    }
    if let syn::Safety::Unsafe(unsafety) = &signature.safety {
        return Err(Error::new_spanned(unsafety, "a peer cannot keep the promises that an `unsafe` function asks for"));
    }
    if let Some(variadic) = &signature.variadic {
        return Err(Error::new_spanned(variadic, "a member takes a fixed number of arguments"));
    }
    Ok(())
}

impl Parameter {
    fn read(typed: &mut syn::PatType) -> Result<Self> {
        let marks = Marks::take(&mut typed.attrs, Place::Parameter)?;
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(Error::new_spanned(&typed.pat, "a parameter has a name, which peers are told"));
        };
        if let Type::ImplTrait(_) = &*typed.ty {
            return Err(Error::new_spanned(
                &typed.ty,
                "a member has one type for each parameter; a callback is a `Proxy`, the typed proxy of an interface, or an \
                 `Arc<dyn Interface>`",
            ));
        }
        let kind = Self::kind(&typed.ty)?;
        Ok(Self { ident: pattern.ident.clone(), kind, default: marks.default })
    }

    fn kind(declared: &Type) -> Result<ParameterKind> {
        let is_context = |at: &Type| last_segment(at).is_some_and(|segment| segment.ident == "CallContext");
        let Type::Reference(reference) = declared else {
            return Ok(if is_context(declared) {
                ParameterKind::Context
            } else {
                ParameterKind::Owned(Box::new(declared.clone()))
            });
        };
        if reference.mutability.is_some() {
            return Err(Error::new_spanned(
                declared,
                "an argument is a copy or a reference to an object: nothing can be changed in place through `&mut`",
            ));
        }
        let owned: Type = match &*reference.elem {
            at if is_context(at) => return Ok(ParameterKind::Context),
            Type::Path(path) if path.path.is_ident("str") => syn::parse_quote!(::std::string::String),
            Type::Slice(slice) => {
                let element = &slice.elem;
                syn::parse_quote!(::std::vec::Vec<#element>)
            }
            Type::TraitObject(_) => {
                return Err(Error::new_spanned(declared, "a trait object crosses as an `Arc<dyn Interface>`"));
            }
            at => at.clone(),
        };
        Ok(ParameterKind::Borrowed(Box::new(owned)))
    }

    /// The type that is made of the argument.
    pub(crate) fn made(&self) -> Option<&Type> {
        match &self.kind {
            ParameterKind::Owned(made) | ParameterKind::Borrowed(made) => Some(made),
            ParameterKind::Context => None,
        }
    }

    /// Whether it is an `Option`, which may always be left out.
    fn is_option(&self) -> bool {
        self.made().and_then(last_segment).is_some_and(|segment| segment.ident == "Option")
    }

    /// What stands for it where it is left out.
    pub(crate) fn fallback(&self) -> Option<TokenStream> {
        match &self.default {
            Some(Some(value)) => Some(quote!(#value)),
            Some(None) => Some(quote!(::std::default::Default::default())),
            None if self.is_option() => Some(quote!(::std::option::Option::None)),
            None => None,
        }
    }

    fn told(&self) -> TokenStream {
        let (name, made) = (self.ident.to_string(), self.made());
        let told = quote!(<#made as ::wherever::FromValue>::type_text());
        let default = match &self.default {
            Some(Some(value)) => value.to_token_stream().to_string(),
            Some(None) => "...".to_owned(),
            None if self.is_option() => "None".to_owned(),
            None => return quote!(::wherever::typed::Parameter::required(#name, #told)),
        };
        quote!(::wherever::typed::Parameter::optional(#name, #told, #default))
    }
}

impl Output {
    fn read(declared: &ReturnType) -> Self {
        let whole: Type = match declared {
            ReturnType::Default => syn::parse_quote!(()),
            ReturnType::Type(_, declared) => (**declared).clone(),
        };
        let Some(segment) = last_segment(&whole).filter(|segment| segment.ident.to_string().ends_with("Result")) else {
            return Self { value: whole.clone(), whole, is_result: false };
        };
        let first = match &segment.arguments {
            PathArguments::AngleBracketed(given) => given.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(first) => Some(first.clone()),
                _ => None,
            }),
            _ => None,
        };
        Self { value: first.unwrap_or_else(|| syn::parse_quote!(::wherever::Value)), whole, is_result: true }
    }

    fn told(&self) -> TokenStream {
        let value = &self.value;
        quote!(<#value as ::wherever::IntoValue>::type_text())
    }
}

pub(crate) fn is_unit(of: &Type) -> bool {
    matches!(of, Type::Tuple(tuple) if tuple.elems.is_empty())
}

fn last_segment(of: &Type) -> Option<&syn::PathSegment> {
    match of {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}
