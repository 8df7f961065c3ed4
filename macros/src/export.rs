//! `#[export]` above an `impl` block: the type as a class.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, FnArg, ImplItem, ItemImpl, LitStr, Path, Result, Token, Type, Visibility};

use crate::described::{Members, allowed, imports, known, later, made, passed, taken};
use crate::marks::{conditions, docs};
use crate::method::{Method, Receiver, Role, code_place};
use crate::types::bare;

/// The words within the attribute's parentheses.
#[derive(Default)]
struct Words {
    name: Option<LitStr>,
    interfaces: Vec<LitStr>,
    implements: Vec<Path>,
    turns: bool,
}

impl Words {
    fn read(words: TokenStream) -> Result<Self> {
        let mut read = Self::default();
        let parser = syn::meta::parser(|word| {
            if word.path.is_ident("name") {
                read.name = Some(word.value()?.parse()?);
            } else if word.path.is_ident("interface") {
                read.interfaces.push(word.value()?.parse()?);
            } else if word.path.is_ident("turns") {
                read.turns = true;
            } else if word.path.is_ident("implements") {
                let content;
                syn::parenthesized!(content in word.input);
                read.implements.extend(Punctuated::<Path, Token![,]>::parse_terminated(&content)?);
            } else {
                return Err(
                    word.error("here may stand `name = \"...\"`, `interface = \"...\"`, `implements(...)`, `turns`")
                );
            }
            Ok(())
        });
        parser.parse2(words)?;
        Ok(read)
    }
}

/// Writes the block as it was, and the class beside it.
pub(crate) fn export(words: TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    if let Some(above) = later(&quote!(export), &words, &mut block.attrs) {
        return Ok(quote!(#above #block));
    }
    let mut words = Words::read(words)?;
    refuse_what_is_no_class(&block)?;
    let members = match block.trait_.clone() {
        Some((path, _)) => {
            refuse_words_of_members(&block)?;
            words.turns |= takes_mut(&block);
            words.implements.push(path);
            Members { methods: Vec::new() }
        }
        None => members(&mut block)?,
    };
    let constructor = constructors(&members)?;
    let turns = words.turns || members.need_turns();
    let class = class(&words, &block, &members, constructor, turns);
    Ok(quote!(#block #class))
}

/// Whether a method of the block takes `&mut self`.
fn takes_mut(block: &ItemImpl) -> bool {
    block.items.iter().any(|item| match item {
        ImplItem::Fn(function) => function.sig.receiver().and_then(Receiver::read) == Some(Receiver::Exclusive),
        _ => false,
    })
}

fn refuse_what_is_no_class(block: &ItemImpl) -> Result<()> {
    if let Some(unsafety) = &block.unsafety {
        return Err(Error::new_spanned(unsafety, "an `unsafe impl` cannot be exported"));
    }
    if let Some(lifetime) = block.generics.lifetimes().next() {
        return Err(Error::new_spanned(
            lifetime,
            "an object lives for as long as peers hold it, and borrows from nothing: write `'static` in its type",
        ));
    }
    for item in &block.items {
        if let ImplItem::Macro(item) = item {
            return Err(Error::new_spanned(
                item,
                "what a macro writes here is not seen, and no member: let it write the whole block, with the attribute",
            ));
        }
    }
    Ok(())
}

/// In the block of a trait: what the members are is said where the trait is declared.
fn refuse_words_of_members(block: &ItemImpl) -> Result<()> {
    for item in &block.items {
        let ImplItem::Fn(function) = item else { continue };
        let parameters = function.sig.inputs.iter().flat_map(|input| match input {
            FnArg::Typed(typed) => &typed.attrs,
            FnArg::Receiver(receiver) => &receiver.attrs,
        });
        let mut attributes = function.attrs.iter().chain(parameters);
        if let Some(mark) = attributes.find(|attribute| attribute.path().is_ident("wherever")) {
            return Err(Error::new_spanned(
                mark,
                "what a member is to peers stands where the interface is declared, above the methods of the `trait`",
            ));
        }
    }
    Ok(())
}

/// The `pub` methods, read.
fn members(block: &mut ItemImpl) -> Result<Members> {
    let mut methods = Vec::new();
    let mut wrong: Option<Error> = None;
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        if matches!(function.vis, Visibility::Inherited) {
            if let Some(mark) = function.attrs.iter().find(|attribute| attribute.path().is_ident("wherever")) {
                return Err(Error::new_spanned(mark, "what is private is no member: make the method `pub`"));
            }
            continue;
        }
        match Method::read(&mut function.sig, &mut function.attrs) {
            Ok(method) => methods.push(method.with_body(&function.sig, &function.block)),
            Err(error) => match &mut wrong {
                Some(wrong) => wrong.combine(error),
                None => wrong = Some(error),
            },
        }
    }
    wrong.map_or_else(|| Members::checked(methods), Err)
}

/// The builder's step for the constructor, if there is one; under a `#[cfg(...)]` each, there may be several.
fn constructors(members: &Members) -> Result<TokenStream> {
    let constructors = members.methods.iter().filter(|method| method.role == Role::Constructor);
    let mut certain = false;
    let mut steps = TokenStream::new();
    for method in constructors {
        if certain && method.conditions.is_empty() {
            let text = "a class is called to make an instance: it has one constructor";
            return Err(Error::new(method.ident.span(), text));
        }
        if method.is_async {
            return Err(Error::new(
                method.ident.span(),
                "a constructor is not `async`; give the instance by an `async` function",
            ));
        }
        certain |= method.conditions.is_empty();
        steps.extend(constructor(method));
    }
    Ok(steps)
}

fn constructor(method: &Method) -> TokenStream {
    let (span, conditions) = (Span::mixed_site(), &method.conditions);
    let (taken, arguments, ident) = (taken(method, false), passed(method), &method.ident);
    let made = made(method, &quote!(Self::#ident(#(#arguments),*)));
    let known = known(method);
    quote_spanned! {span=>
        #(#conditions)*
        let builder = builder.exposed_constructor(
            |mut arguments: ::wherever::Arguments, context: &::wherever::context::CallContext| {
                #taken
                #made.map(<Self as ::wherever::typed::Exported>::hold)
            },
        ) #known;
    }
}

fn class(words: &Words, block: &ItemImpl, members: &Members, constructor: TokenStream, turns: bool) -> TokenStream {
    let (this, allowed, imports) = (&block.self_ty, allowed(), imports());
    let (generics, _, bounds) = block.generics.split_for_impl();
    let name = name(words, this);
    let span = Span::mixed_site();
    let (held, hold) = match turns {
        true => (quote!(::wherever::hosts::Turned<Self>), quote_spanned!(span=> ::wherever::hosts::Turned::new(self))),
        false => (quote!(Self), quote_spanned!(span=> self)),
    };
    let docs = docs(&block.attrs);
    let docs = (!docs.is_empty()).then(|| quote!(.doc(#docs)));
    let interfaces = words.interfaces.iter().map(|name| quote!(.interface(#name)));
    let implemented = words.implements.iter().map(|path| {
        let span = path.span().resolved_at(span);
        quote_spanned!(span=> let builder = <Self as #path>::__describe(builder);)
    });
    let steps = members.all().map(|member| member.step(&quote!(Self)));
    let placed = block.trait_.is_some().then(|| placed(block));
    quote_spanned! {span=>
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::Exported for #this #bounds {
            type Held = #held;
            const NAME: &'static str = #name;

            fn describe() -> ::wherever::hosts::Class<Self::Held> {
                #imports
                let builder = ::wherever::hosts::Class::<Self::Held>::builder(
                    <Self as ::wherever::typed::Exported>::NAME,
                ) #docs #(#interfaces)*;
                #(#implemented)*
                #placed
                #(#steps)*
                #constructor
                builder.build()
            }

            fn hold(self) -> Self::Held {
                #hold
            }
        }

        #[automatically_derived]
        #allowed
        impl #generics ::std::convert::From<#this> for ::wherever::Own #bounds {
            fn from(value: #this) -> Self {
                ::wherever::typed::Exported::into_object(value)
            }
        }

        #[automatically_derived]
        #allowed
        impl #generics ::std::convert::From<#this> for ::wherever::Value #bounds {
            fn from(value: #this) -> Self {
                ::std::convert::Into::into(::wherever::typed::Exported::into_object(value))
            }
        }

        #[automatically_derived]
        #allowed
        impl #generics ::wherever::IntoValue for #this #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::std::result::Result::Ok(::std::convert::Into::into(::wherever::typed::Exported::into_object(self)))
            }

            fn type_text() -> ::wherever::convert::TypeText {
                ::std::convert::Into::into(<Self as ::wherever::typed::Exported>::NAME)
            }
        }
    }
}

/// The steps that say where the functions of a trait's block stand.
fn placed(block: &ItemImpl) -> TokenStream {
    let functions = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Some(function),
        _ => None,
    });
    let steps = functions.map(|function| {
        let (name, under) = (function.sig.ident.unraw().to_string(), conditions(&function.attrs));
        let place = code_place(&function.sig, &function.block);
        quote_spanned!(Span::mixed_site()=> #(#under)* let builder = builder.placed(#name, #place);)
    });
    steps.collect()
}

/// The expression of the type's name for peers.
fn name(words: &Words, this: &Type) -> TokenStream {
    match (&words.name, bare(this)) {
        (Some(name), _) => quote!(#name),
        (None, Type::Path(path)) => {
            let last = path.path.segments.last().map(|segment| segment.ident.unraw().to_string()).unwrap_or_default();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #last))
        }
        (None, other) => {
            let text = quote!(#other).to_string();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #text))
        }
    }
}
