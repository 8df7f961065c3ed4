//! A method as it is described: what of its signature matters to a peer.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Block, Error, Expr, FnArg, Ident, Pat, Result, Signature, Type};

use crate::marks::{Marks, Place, conditions, docs};
use crate::types::{Output, anonymous, bare, is_unit, last_segment, refuse_impl_trait};

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
    /// The `#[cfg(...)]` above it.
    pub(crate) conditions: Vec<Attribute>,
    /// Where it stands, if it has a body, as an expression.
    pub(crate) code: Option<TokenStream>,
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
    /// Its name for peers.
    pub(crate) name: String,
    /// The variable of the generated code that holds it.
    pub(crate) taken: Ident,
    /// Its name in Rust.
    pub(crate) ident: Ident,
    /// The `#[cfg(...)]` before it.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) kind: ParameterKind,
    pub(crate) default: Option<Option<Expr>>,
}

pub(crate) enum ParameterKind {
    /// Of this type.
    Owned(Box<Type>),
    /// A reference to what is made as this type.
    Borrowed(Box<Type>),
    /// The call's own context, which the method takes by reference or as its own.
    Context { by_reference: bool },
}

impl Method {
    /// Reads a method, and takes the words of `#[wherever(...)]` off its attributes and parameters.
    pub(crate) fn read(signature: &mut Signature, attributes: &mut Vec<Attribute>) -> Result<Self> {
        let marks = Marks::take(attributes, Place::Method)?;
        let receiver = receiver(signature, &marks)?;
        let lifetimes: Vec<Ident> = signature.generics.lifetimes().map(|given| given.lifetime.ident.clone()).collect();
        let mut parameters = Vec::new();
        if marks.skip.is_none() {
            refuse_what_cannot_cross(signature)?;
            for argument in &mut signature.inputs {
                if let FnArg::Typed(typed) = argument {
                    parameters.push(Parameter::read(typed, &lifetimes)?);
                }
            }
        }
        let output = Output::read(&signature.output, &lifetimes);
        if marks.skip.is_none() {
            refuse_impl_trait(&output.value, "a result has a type with a name; what comes one by one is `Items<T>`")?;
        }
        let mut method = Self {
            ident: signature.ident.clone(),
            name: String::new(),
            docs: docs(attributes),
            receiver,
            parameters,
            output,
            is_async: signature.asyncness.is_some(),
            marks,
            role: Role::Called,
            conditions: conditions(attributes),
            code: None,
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
        if let Some((word, span)) = self.marks.without_meaning(role) {
            let of = if role == Role::Constructor { "a constructor" } else { "what is no member" };
            return Err(Error::new(span, format!("`{word}` says nothing of {of}")));
        }
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
        let setter = self.ident.unraw().to_string().starts_with("set_");
        let owned = self.parameters.len() == self.arguments().count();
        let role = match (self.receiver, self.parameters.len()) {
            (Some(Receiver::Shared), 0) => Role::Getter,
            (Some(_), 1) if setter && owned => Role::Setter,
            _ => {
                return Err(Error::new(
                    span,
                    "an attribute is read by a method that takes `&self` and nothing else, and written by one whose \
                     name begins with `set_` and that takes the new value",
                ));
            }
        };
        match self.marks.without_meaning(role) {
            Some((word, span)) if role == Role::Setter => {
                Err(Error::new(span, format!("`{word}` says nothing here: write it above the method that reads")))
            }
            Some((word, span)) => Err(Error::new(span, format!("`{word}` says nothing of an attribute"))),
            None => Ok(role),
        }
    }

    fn name_for_peers(&self) -> String {
        let plain = self.ident.unraw().to_string();
        match (&self.marks.name, self.role) {
            (Some(name), _) => name.value(),
            (None, Role::Setter) => plain.strip_prefix("set_").unwrap_or(&plain).to_owned(),
            (None, _) => plain,
        }
    }

    /// The method, with this body.
    pub(crate) fn with_body(self, signature: &Signature, body: &Block) -> Self {
        Self { code: Some(code_place(signature, body)), ..self }
    }

    /// The names by which errors tell of it, in Rust and for peers.
    pub(crate) fn known(&self) -> (String, String) {
        let for_peers = match self.role {
            Role::Setter => format!("{}=", self.name),
            Role::Constructor => String::new(),
            Role::Called | Role::Getter | Role::Skipped => self.name.clone(),
        };
        (self.ident.unraw().to_string(), for_peers)
    }

    /// The parameters that are arguments.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !matches!(parameter.kind, ParameterKind::Context { .. }))
    }

    /// The text of its signature, as an expression.
    pub(crate) fn signature(&self) -> TokenStream {
        let parameters = self.arguments().map(Parameter::told);
        let result = match self.marks.one_way {
            Some(_) => quote!("None"),
            None => self.output.told(),
        };
        quote!(::wherever::typed::code::signature(&[#(#parameters),*], &#result))
    }
}

/// The expression of where a function stands: the lines are told where its first and its last word are.
pub(crate) fn code_place(signature: &Signature, body: &Block) -> TokenStream {
    let (begins, ends) = (signature.fn_token.span, body.brace_token.span.close());
    let file = quote_spanned!(begins=> ::std::file!());
    let first_line = quote_spanned!(begins=> ::std::line!());
    let last_line = quote_spanned!(ends=> ::std::line!());
    quote!(::wherever::typed::code::CodePlace { file: #file, first_line: #first_line, last_line: #last_line })
}

fn receiver(signature: &Signature, marks: &Marks) -> Result<Option<Receiver>> {
    let Some(FnArg::Receiver(receiver)) = signature.inputs.first() else { return Ok(None) };
    if marks.skip.is_some() {
        return Ok(Some(Receiver::Shared));
    }
    match Receiver::read(receiver) {
        Some(read) => Ok(Some(read)),
        None => Err(Error::new_spanned(
            receiver,
            "an object stays where it is while peers use it: a member takes `&self` or `&mut self`; mark this method \
             `#[wherever(skip)]` if it is none",
        )),
    }
}

impl Receiver {
    /// How it takes the object, if by reference.
    pub(crate) fn read(receiver: &syn::Receiver) -> Option<Self> {
        let of = |exclusive: bool| if exclusive { Receiver::Exclusive } else { Receiver::Shared };
        match &receiver.kind {
            syn::ReceiverKind::Reference(_, _, exclusive) => Some(of(exclusive.is_some())),
            syn::ReceiverKind::Typed(_, declared) => match bare(declared) {
                Type::Reference(reference) if is_self(bare(&reference.elem)) => {
                    Some(of(reference.mutability.is_some()))
                }
                _ => None,
            },
            _ => None,
        }
    }
}

/// Whether it is `Self`.
pub(crate) fn is_self(of: &Type) -> bool {
    matches!(of, Type::Path(path) if path.path.is_ident("Self"))
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
    fn read(typed: &mut syn::PatType, lifetimes: &[Ident]) -> Result<Self> {
        let marks = Marks::take(&mut typed.attrs, Place::Parameter)?;
        let Pat::Ident(pattern) = &*typed.pat else {
            return Err(Error::new_spanned(&typed.pat, "a parameter has a name, which peers are told"));
        };
        refuse_impl_trait(
            &typed.ty,
            "a member has one type for each parameter; a callback is a `Proxy`, the typed proxy of an interface, or an \
             `Arc<dyn Interface>`",
        )?;
        let kind = Self::kind(&anonymous(&typed.ty, lifetimes))?;
        if let (ParameterKind::Context { .. }, Some(_)) = (&kind, &marks.default) {
            return Err(Error::new_spanned(&typed.ty, "the context is no argument, which could be left out"));
        }
        let name = pattern.ident.unraw().to_string();
        // Of the generated code alone: no name in what the user wrote is mistaken for it.
        let taken = format_ident!("taken_{name}", span = Span::mixed_site());
        let conditions = conditions(&typed.attrs);
        Ok(Self { name, taken, ident: pattern.ident.clone(), conditions, kind, default: marks.default })
    }

    fn kind(declared: &Type) -> Result<ParameterKind> {
        let declared = bare(declared);
        let is_context = |at: &Type| last_segment(at).is_some_and(|segment| segment.ident == "CallContext");
        let Type::Reference(reference) = declared else {
            return Ok(if is_context(declared) {
                ParameterKind::Context { by_reference: false }
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
        let owned: Type = match bare(&reference.elem) {
            at if is_context(at) => return Ok(ParameterKind::Context { by_reference: true }),
            Type::Path(path) if path.path.is_ident("str") => syn::parse_quote!(::std::string::String),
            Type::Slice(slice) => {
                let element = &slice.elem;
                // The place of an error is this type.
                let whole = quote_spanned!(slice.span()=> ::std::vec::Vec<#element>);
                syn::parse_quote!(#whole)
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
            ParameterKind::Context { .. } => None,
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
        let (name, made, conditions) = (&self.name, self.made(), &self.conditions);
        let told = quote_spanned!(made.span()=> <#made as ::wherever::FromValue>::type_text());
        let default = match &self.default {
            Some(Some(value)) => value.to_token_stream().to_string(),
            Some(None) => "...".to_owned(),
            None if self.is_option() => "None".to_owned(),
            None => return quote!(#(#conditions)* ::wherever::typed::code::Parameter::required(#name, #told)),
        };
        quote!(#(#conditions)* ::wherever::typed::code::Parameter::optional(#name, #told, #default))
    }
}
