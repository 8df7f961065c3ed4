//! `#[export]` above an `impl` block: the type as a class.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Error, ImplItem, ItemImpl, LitStr, Path, Result, Token, Type, Visibility};

use crate::described::{Members, allowed, imports, taken};
use crate::marks::docs;
use crate::method::{Method, Role};

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
    let mut words = Words::read(words)?;
    if let Some(unsafety) = &block.unsafety {
        return Err(Error::new_spanned(unsafety, "an `unsafe impl` cannot be exported"));
    }
    let members = match block.trait_.clone() {
        Some((path, _)) => {
            words.turns |= takes_mut(&block);
            words.implements.push(path);
            Members { methods: Vec::new() }
        }
        None => members(&mut block)?,
    };
    let constructor = constructor(&members)?;
    let turns = words.turns || members.need_turns();
    let class = class(&words, &block, &members, constructor, turns);
    Ok(quote!(#block #class))
}

/// Whether a method of the block takes `&mut self`.
fn takes_mut(block: &ItemImpl) -> bool {
    block.items.iter().any(|item| match item {
        ImplItem::Fn(function) => {
            function.sig.receiver().is_some_and(|receiver| quote!(#receiver).to_string().replace(' ', "") == "&mutself")
        }
        _ => false,
    })
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
            Ok(method) => methods.push(method),
            Err(error) => match &mut wrong {
                Some(wrong) => wrong.combine(error),
                None => wrong = Some(error),
            },
        }
    }
    wrong.map_or_else(|| Members::checked(methods), Err)
}

/// The builder's step for the constructor, if there is one.
fn constructor(members: &Members) -> Result<Option<TokenStream>> {
    let mut constructors = members.methods.iter().filter(|method| method.role == Role::Constructor);
    let Some(method) = constructors.next() else { return Ok(None) };
    if let Some(second) = constructors.next() {
        return Err(Error::new(second.ident.span(), "a class is called to make an instance: it has one constructor"));
    }
    if method.is_async {
        return Err(Error::new(
            method.ident.span(),
            "a constructor is not `async`; give the instance by an `async` function",
        ));
    }
    let (taken, arguments, ident) = (taken(method, false), crate::described::passed(method), &method.ident);
    let made = quote!(Self::#ident(#(#arguments),*));
    let made = if method.output.is_result {
        quote!(#made.map_err(|error| (&&&&::wherever::typed::Crossing::new(error)).cross())?)
    } else {
        made
    };
    Ok(Some(quote! {
        let builder = builder.exposed_constructor(
            |mut arguments: ::wherever::Arguments, context: &::wherever::context::CallContext| {
                #taken
                ::std::result::Result::Ok(::wherever::typed::Exported::hold(#made))
            },
        );
    }))
}

fn class(
    words: &Words,
    block: &ItemImpl,
    members: &Members,
    constructor: Option<TokenStream>,
    turns: bool,
) -> TokenStream {
    let (this, allowed, imports) = (&block.self_ty, allowed(), imports());
    let (generics, _, bounds) = block.generics.split_for_impl();
    let name = name(words, this);
    let (held, hold) = match turns {
        true => (quote!(::wherever::hosts::Turned<Self>), quote!(::wherever::hosts::Turned::new(self))),
        false => (quote!(Self), quote!(self)),
    };
    let docs = docs(&block.attrs);
    let docs = (!docs.is_empty()).then(|| quote!(.doc(#docs)));
    let interfaces = words.interfaces.iter().map(|name| quote!(.interface(#name)));
    let implemented = words.implements.iter().map(|path| quote!(let builder = <Self as #path>::__describe(builder);));
    let steps = members.all().map(|member| member.step(&member.member(), &quote!(Self)));
    quote! {
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::Exported for #this #bounds {
            type Held = #held;
            const NAME: &'static str = #name;

            fn describe() -> ::wherever::hosts::Class<Self::Held> {
                #imports
                let builder = ::wherever::hosts::Class::<Self::Held>::builder(Self::NAME) #docs #(#interfaces)*;
                #(#implemented)*
                #(#steps)*
                #constructor
                builder.build()
            }

            fn hold(self) -> Self::Held {
                #hold
            }
        }

        #[automatically_derived]
        impl #generics ::std::convert::From<#this> for ::wherever::Own #bounds {
            fn from(value: #this) -> Self {
                ::wherever::typed::Exported::into_object(value)
            }
        }

        #[automatically_derived]
        impl #generics ::std::convert::From<#this> for ::wherever::Value #bounds {
            fn from(value: #this) -> Self {
                ::wherever::typed::Exported::into_object(value).into()
            }
        }

        #[automatically_derived]
        impl #generics ::wherever::IntoValue for #this #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::std::result::Result::Ok(::wherever::typed::Exported::into_object(self).into())
            }

            fn type_text() -> ::wherever::convert::TypeText {
                <Self as ::wherever::typed::Exported>::NAME.into()
            }
        }
    }
}

/// The expression of the type's name for peers.
fn name(words: &Words, this: &Type) -> TokenStream {
    match (&words.name, this) {
        (Some(name), _) => quote!(#name),
        (None, Type::Path(path)) => {
            let last = path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #last))
        }
        (None, other) => {
            let text = quote!(#other).to_string();
            quote!(::std::concat!("rust:", ::std::module_path!(), "::", #text))
        }
    }
}
