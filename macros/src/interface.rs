//! `#[interface]` above a `trait`: the declaration that both sides share.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Error, FnArg, GenericParam, Ident, ItemTrait, LitStr, Path, Result, ReturnType, TraitItem, TypeParamBound,
    WherePredicate,
};

use crate::described::{Members, allowed, imports};
use crate::marks::docs;
use crate::method::{Method, ParameterKind, Role};
use crate::{proxy, trait_object};

/// An interface, read.
pub(crate) struct Interface {
    /// The trait, as it is written out.
    pub(crate) declared: ItemTrait,
    /// The expression of its name.
    pub(crate) name: TokenStream,
    pub(crate) docs: String,
    pub(crate) members: Members,
    /// Interfaces that it extends.
    pub(crate) bases: Vec<Path>,
    /// The typed proxy.
    pub(crate) proxy: Ident,
}

/// Writes the trait, its typed proxy, and what describes its members.
pub(crate) fn interface(words: TokenStream, mut declared: ItemTrait) -> Result<TokenStream> {
    let name = match words.is_empty() {
        true => {
            let ident = declared.ident.to_string();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #ident))
        }
        false => match syn::parse2::<LitStr>(words.clone()) {
            Ok(name) => quote!(#name),
            Err(_) => {
                let text = "the interface's name is a text, such as \"org.example.Motor/1\"";
                return Err(Error::new_spanned(words, text));
            }
        },
    };
    refuse_what_no_proxy_has(&declared)?;
    let members = members(&mut declared)?;
    let bases = bases(&declared);
    bind(&mut declared);
    let proxy = format_ident!("{}Proxy", declared.ident);
    let docs = docs(&declared.attrs);
    let mut interface = Interface { declared, name, docs, members, bases, proxy };
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
            "who calls through an interface has no context to give: ask `wherever::context` for it within the method";
        return Err(Error::new(span, text));
    }
    Ok(method)
}

/// Traits before the colon that are interfaces: all but those of the standard library that are about Rust itself.
fn bases(declared: &ItemTrait) -> Vec<Path> {
    const OF_RUST: [&str; 8] = ["Send", "Sync", "Sized", "Unpin", "Debug", "Display", "UnwindSafe", "RefUnwindSafe"];
    let bounds = declared.supertraits.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(bound.path.clone()),
        _ => None,
    });
    let is_of_rust =
        |path: &Path| path.segments.last().is_some_and(|segment| OF_RUST.contains(&segment.ident.to_string().as_str()));
    bounds.filter(|path| !is_of_rust(path)).collect()
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

/// The hidden function of the trait that describes its members to a builder.
fn describing(interface: &Interface) -> TraitItem {
    let Interface { declared, name, members, bases, proxy, .. } = interface;
    let (ident, (_, generics, _), imports) = (&declared.ident, declared.generics.split_for_impl(), imports());
    let builder = match members.need_turns() {
        true => quote!(::wherever::hosts::DescribeMut<Self>),
        false => quote!(::wherever::hosts::Describe<Self>),
    };
    let all: Vec<_> = members.all().collect();
    let idents: Vec<_> = all.iter().map(|member| member.method().member_ident()).collect();
    let this = quote!(<Self as #ident #generics>);
    let steps = all.iter().zip(&idents).map(|(member, ident)| member.step(&quote!(#ident), &this));
    let turbofish = generics.as_turbofish();
    let base = bases.iter().map(|path| quote!(let builder = <Self as #path>::__describe(builder);));
    let described_bounds = bases_need(bases);
    let allowed = allowed();
    syn::parse_quote! {
        #[doc(hidden)]
        #allowed
        fn __describe<Builder: #builder #described_bounds>(builder: Builder) -> Builder
        where
            Self: ::std::marker::Sized,
        {
            #imports
            let builder = ::wherever::hosts::Describe::claiming(builder, #name);
            #(#base)*
            let [#(#idents),*] = #proxy #turbofish::own_members();
            #(#steps)*
            builder
        }
    }
}

/// What the bases ask of the builder is not known here; one for turns fits them all.
fn bases_need(bases: &[Path]) -> TokenStream {
    if bases.is_empty() { TokenStream::new() } else { quote!(+ ::wherever::hosts::DescribeMut<Self>) }
}

/// The arguments of a method as the values that a proxy sends.
pub(crate) fn sent(method: &Method) -> TokenStream {
    let values = method.arguments().map(|parameter| {
        let ident = &parameter.ident;
        match &parameter.kind {
            ParameterKind::Borrowed(_) => {
                quote!(::wherever::IntoValue::into_value(::std::borrow::ToOwned::to_owned(#ident)))
            }
            _ => quote!(::wherever::IntoValue::into_value(#ident)),
        }
    });
    quote!((|| ::std::result::Result::Ok(::std::vec![#(#values?),*]))())
}

/// The arguments of a method by name, to pass on.
pub(crate) fn names(function: &syn::TraitItemFn) -> Vec<TokenStream> {
    let names = function.sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pattern) => {
                let ident = &pattern.ident;
                Some(quote!(#ident))
            }
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    names.collect()
}
