//! `#[interface]` above a `trait`: the declaration that both sides share.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericParam, Ident, ItemTrait, LitStr, Path, Result, ReturnType, Token, TraitItem, TraitItemFn,
    TypeParamBound, WherePredicate,
};

use crate::described::{Members, allowed, imports, later};
use crate::marks::{conditions, docs};
use crate::method::{Method, ParameterKind, Role};
use crate::proxy::{self, of_base};
use crate::trait_object;

/// An interface, read.
pub(crate) struct Interface {
    /// The trait, as it is written out.
    pub(crate) declared: ItemTrait,
    /// What stands before its `:`.
    pub(crate) supertraits: Punctuated<TypeParamBound, Token![+]>,
    /// The expression of its name.
    pub(crate) name: TokenStream,
    pub(crate) docs: String,
    pub(crate) members: Members,
    /// Interfaces that it extends.
    pub(crate) bases: Vec<Path>,
    /// The typed proxy.
    pub(crate) proxy: Ident,
}

impl Interface {
    /// The methods, as they are written and as they were read.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&TraitItemFn, &Method)> {
        let functions = self.declared.items.iter().filter_map(|item| match item {
            TraitItem::Fn(function) => Some(function),
            _ => None,
        });
        functions.zip(&self.members.methods)
    }
}

/// Writes the trait, its typed proxy, and what describes its members.
pub(crate) fn interface(words: TokenStream, mut declared: ItemTrait) -> Result<TokenStream> {
    if let Some(above) = later(&quote!(interface), &words, &mut declared.attrs) {
        return Ok(quote!(#above #declared));
    }
    let name = match words.is_empty() {
        true => {
            let ident = declared.ident.unraw().to_string();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #ident))
        }
        false => match syn::parse2::<LitStr>(words.clone()) {
            Ok(name) if !name.value().is_empty() => quote!(#name),
            _ => {
                let text = "the interface's name is a text, such as \"org.example.Motor/1\"";
                return Err(Error::new_spanned(words, text));
            }
        },
    };
    refuse_what_no_proxy_has(&declared)?;
    let members = members(&mut declared)?;
    let bases = bases(&declared)?;
    let supertraits = declared.supertraits.clone();
    bind(&mut declared);
    let proxy = format_ident!("{}Proxy", declared.ident);
    let docs = docs(&declared.attrs);
    let mut interface = Interface { declared, supertraits, name, docs, members, bases, proxy };
    futures(&mut interface.declared);
    let describing = describing(&interface);
    interface.declared.items.push(describing);
    if trait_object::is_possible(&interface) {
        interface.declared.items.push(trait_object::reference());
    }
    let (declared, proxy) = (&interface.declared, proxy::write(&interface));
    let object = trait_object::is_possible(&interface).then(|| trait_object::write(&interface));
    Ok(quote!(#declared #proxy #object))
}

fn refuse_what_no_proxy_has(declared: &ItemTrait) -> Result<()> {
    if let Some(unsafety) = &declared.unsafety {
        return Err(Error::new_spanned(unsafety, "a remote object cannot keep what an `unsafe` trait promises"));
    }
    for parameter in &declared.generics.params {
        if !matches!(parameter, GenericParam::Type(_)) {
            return Err(Error::new_spanned(parameter, "an interface may be generic over types alone"));
        }
    }
    for item in &declared.items {
        match item {
            TraitItem::Fn(_) => {}
            TraitItem::Type(item) => {
                let text = "an interface has no associated types: make it a parameter of the trait, `trait Store<T>`";
                return Err(Error::new_spanned(item, text));
            }
            other => return Err(Error::new_spanned(other, "an interface has methods, and nothing else")),
        }
    }
    Ok(())
}

fn members(declared: &mut ItemTrait) -> Result<Members> {
    let mut methods = Vec::new();
    let mut wrong: Option<Error> = None;
    for item in &mut declared.items {
        let TraitItem::Fn(function) = item else { continue };
        let has_body = function.default.is_some();
        let method = Method::read(&mut function.sig, &mut function.attrs).and_then(|method| fits(method, has_body));
        let method = method.map(|method| match &function.default {
            Some(body) => method.with_body(&function.sig, body),
            None => method,
        });
        match (method, &mut wrong) {
            (Ok(method), _) => methods.push(method),
            (Err(error), Some(wrong)) => wrong.combine(error),
            (Err(error), None) => wrong = Some(error),
        }
    }
    wrong.map_or_else(|| Members::checked(methods), Err)
}

/// Refuses what a method of a type may be, but not one of an interface.
fn fits(method: Method, has_body: bool) -> Result<Method> {
    let span = method.ident.span();
    match method.role {
        Role::Constructor => {
            let text = "an interface is of objects that are there: give a new one by a method of another";
            return Err(Error::new(span, text));
        }
        Role::Skipped if !has_body => {
            let text = "what is no member has a body: a proxy would not know what to do";
            return Err(Error::new(span, text));
        }
        Role::Skipped => return Ok(method),
        _ => {}
    }
    if !method.output.is_result {
        let whole = &method.output.whole;
        let text = format!(
            "any call to another process can fail: give a `Result<{}, wherever::Error>`",
            quote!(#whole).to_string().replace(' ', "")
        );
        return Err(Error::new(span, text));
    }
    if method.parameters.len() != method.arguments().count() {
        let text =
            "who calls through an interface has no context to give: only a method of an exported type asks for one";
        return Err(Error::new(span, text));
    }
    Ok(method)
}

/// Traits before the colon that are interfaces: all but those of the standard library.
fn bases(declared: &ItemTrait) -> Result<Vec<Path>> {
    /// What every typed proxy is anyway.
    const HELD: [&str; 7] = ["Send", "Sync", "Sized", "Unpin", "Debug", "Clone", "Any"];
    /// What is no interface, and does not hold of an object whose calls can fail, or of which the type is not known.
    const NOT_HELD: [&str; 19] = [
        "Display",
        "Error",
        "Copy",
        "Default",
        "Drop",
        "PartialEq",
        "Eq",
        "PartialOrd",
        "Ord",
        "Hash",
        "Iterator",
        "Deref",
        "DerefMut",
        "From",
        "Into",
        "AsRef",
        "UnwindSafe",
        "RefUnwindSafe",
        "Future",
    ];
    let mut bases = Vec::new();
    for bound in &declared.supertraits {
        let TypeParamBound::Trait(bound) = bound else { continue };
        let name = bound.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if NOT_HELD.contains(&name.as_str()) {
            let text = format!("a typed proxy is not `{name}`: what stands here is another interface");
            return Err(Error::new_spanned(bound, text));
        }
        if !HELD.contains(&name.as_str()) {
            bases.push(bound.path.clone());
        }
    }
    Ok(bases)
}

/// Adds what an object must be anyway.
fn bind(declared: &mut ItemTrait) {
    declared.colon_token.get_or_insert_default();
    declared.supertraits.push(syn::parse_quote!(::std::marker::Send));
    declared.supertraits.push(syn::parse_quote!(::std::marker::Sync));
    declared.supertraits.push(syn::parse_quote!('static));
    for parameter in declared.generics.type_params().map(|parameter| parameter.ident.clone()).collect::<Vec<_>>() {
        let bound: WherePredicate = syn::parse_quote! {
            #parameter: ::wherever::FromValue + ::wherever::IntoValue + ::std::marker::Send + ::std::marker::Sync + 'static
        };
        declared.generics.make_where_clause().predicates.push(bound);
    }
}

/// Writes `async fn` as what it stands for, so that the future is `Send`.
fn futures(declared: &mut ItemTrait) {
    for item in &mut declared.items {
        let TraitItem::Fn(function) = item else { continue };
        if function.sig.asyncness.take().is_none() {
            continue;
        }
        function.sig.output = future(&function.sig.output);
        if let Some(body) = &mut function.default {
            let inner = &body;
            *body = syn::parse_quote!({ async move #inner });
        }
    }
}

/// The type of the future of an `async fn` with this output.
pub(crate) fn future(output: &ReturnType) -> ReturnType {
    match output {
        ReturnType::Default => {
            syn::parse_quote!(-> impl ::std::future::Future<Output = ()> + ::std::marker::Send)
        }
        ReturnType::Type(_, of) => {
            syn::parse_quote!(-> impl ::std::future::Future<Output = #of> + ::std::marker::Send)
        }
    }
}

/// The trait of the builders that can describe these members.
pub(crate) fn builder(members: &Members) -> TokenStream {
    match members.need_turns() {
        true => quote!(::wherever::typed::code::DescribeMut),
        false => quote!(::wherever::typed::code::Describe),
    }
}

/// The hidden function of the trait that describes its members to a builder.
fn describing(interface: &Interface) -> TraitItem {
    let Interface { declared, name, members, bases, .. } = interface;
    let (ident, (_, generics, _), imports) = (&declared.ident, declared.generics.split_for_impl(), imports());
    let builder = builder(members);
    let this = quote!(<Self as #ident #generics>);
    let steps = members.all().map(|member| member.step(&this));
    let bases: Vec<Path> = bases.iter().map(of_base).collect();
    let base = bases.iter().map(|proxy| {
        let span = Span::mixed_site().located_at(proxy.span());
        quote_spanned!(span=> let builder = <#proxy as ::wherever::typed::code::Describes<Self, __Builder>>::describe(builder);)
    });
    let allowed = allowed();
    let written = quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        #allowed
        fn __describe<__Builder: #builder<Self>>(builder: __Builder) -> __Builder
        where
            Self: ::std::marker::Sized,
            #(#bases: ::wherever::typed::code::Describes<Self, __Builder>,)*
        {
            #imports
            let builder = ::wherever::typed::code::Describe::claiming(builder, #name);
            #(#base)*
            #(#steps)*
            builder
        }
    };
    syn::parse_quote!(#written)
}

/// The arguments of a method as the values that a proxy sends.
pub(crate) fn sent(method: &Method) -> TokenStream {
    let values = method.arguments().map(|parameter| {
        let (ident, conditions) = (&parameter.ident, &parameter.conditions);
        let value = match &parameter.kind {
            ParameterKind::Borrowed(_) => quote!(::std::borrow::ToOwned::to_owned(#ident)),
            _ => quote!(#ident),
        };
        quote!(#(#conditions)* ::wherever::IntoValue::into_value(#value)?)
    });
    let all = quote!(::std::vec::Vec<::wherever::Value>);
    quote! {
        (|| -> ::std::result::Result<#all, ::wherever::Error> {
            ::std::result::Result::Ok(<#all as ::std::convert::From<_>>::from([#(#values),*]))
        })()
    }
}

/// The arguments of a method by name, to pass on.
pub(crate) fn passed_on(function: &TraitItemFn) -> Vec<TokenStream> {
    let names = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pattern) => {
                let (ident, conditions) = (&pattern.ident, conditions(&typed.attrs));
                Some(quote!(#(#conditions)* #ident))
            }
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    names.collect()
}
