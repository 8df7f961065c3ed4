//! The typed proxy of an interface.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{FnArg, Path, TraitItemFn};

use crate::described::allowed;
use crate::interface::{Interface, builder, future, sent};
use crate::method::{Method, Role};

pub(crate) fn write(interface: &Interface) -> TokenStream {
    let definition = definition(interface);
    let wearing = wearing(interface);
    let conversions = conversions(interface);
    let implementation = implementation(interface);
    let promising = promising(interface);
    quote!(#definition #wearing #conversions #implementation #promising)
}

/// The struct.
fn definition(interface: &Interface) -> TokenStream {
    let Interface { declared, proxy, docs, .. } = interface;
    let (generics, _, bounds) = declared.generics.split_for_impl();
    let (visibility, ident) = (&declared.vis, declared.ident.unraw().to_string());
    let parameters = declared.generics.type_params().map(|parameter| &parameter.ident);
    let summary =
        format!("The typed proxy of [`{ident}`]: an object of any side and any language that has its members.");
    let docs = (!docs.is_empty()).then(|| quote!(#[doc = ""] #[doc = #docs]));
    let allowed = allowed();
    quote! {
        #[doc = #summary]
        #docs
        #allowed
        #visibility struct #proxy #generics (
            ::wherever::typed::code::Worn,
            ::std::marker::PhantomData<fn() -> (#(#parameters,)*)>,
        ) #bounds;
    }
}

/// What makes it a typed proxy.
fn wearing(interface: &Interface) -> TokenStream {
    let Interface { declared, name, members, bases, proxy, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let base_proxies: Vec<Path> = bases.iter().map(of_base).collect();
    let (extends, describes) = (extends(interface, &base_proxies), describes(interface));
    let (allowed, span) = (allowed(), Span::mixed_site());
    let own = members.all().map(|member| {
        let (made, conditions) = (member.member(), member.conditions());
        quote_spanned!(span=> #conditions members.push(#made);)
    });
    quote_spanned! {span=>
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::TypedProxy for #proxy #arguments #bounds {
            const INTERFACE: &'static str = #name;

            fn members() -> ::std::vec::Vec<::wherever::shape::Member> {
                let mut members = ::std::vec::Vec::new();
                #(#own)*
                #(members.extend(<#base_proxies as ::wherever::typed::TypedProxy>::members());)*
                members
            }

            fn wear(worn: ::wherever::typed::code::Worn) -> Self {
                Self(worn, ::std::marker::PhantomData)
            }

            fn worn(&self) -> &::wherever::typed::code::Worn {
                &self.0
            }
        }

        #extends
        #describes
    }
}

/// What describes the members where an interface that extends this one is described: what the builder must be able to do
/// is known here.
fn describes(interface: &Interface) -> TokenStream {
    let Interface { declared, members, bases, proxy, .. } = interface;
    let (ident, (_, arguments, _)) = (&declared.ident, declared.generics.split_for_impl());
    let (builder, bases, allowed) = (builder(members), bases.iter().map(of_base), allowed());
    let mut generics = declared.generics.clone();
    generics.params.push(syn::parse_quote!(__Object: #ident #arguments));
    generics.params.push(syn::parse_quote!(__Builder: #builder<__Object>));
    for base in bases {
        let bound = syn::parse_quote!(#base: ::wherever::typed::code::Describes<__Object, __Builder>);
        generics.make_where_clause().predicates.push(bound);
    }
    let (generics, _, bounds) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::code::Describes<__Object, __Builder> for #proxy #arguments #bounds {
            fn describe(builder: __Builder) -> __Builder {
                <__Object as #ident #arguments>::__describe(builder)
            }
        }
    }
}

/// Which traits the proxy implements: its own, and those of its bases.
fn extends(interface: &Interface, bases: &[Path]) -> TokenStream {
    let Interface { declared, proxy, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let allowed = allowed();
    let own = quote! {
        #[automatically_derived]
        #allowed
        impl #generics ::wherever::typed::Extends<#proxy #arguments> for #proxy #arguments #bounds {}
    };
    let above = match bases {
        // Those that its base extends are not known here, but said in one line.
        [base] => {
            let mut through = declared.generics.clone();
            through.params.push(syn::parse_quote!(__Above));
            through.make_where_clause().predicates.push(syn::parse_quote!(#base: ::wherever::typed::Extends<__Above>));
            let (generics, _, bounds) = through.split_for_impl();
            quote! {
                #[automatically_derived]
                #allowed
                impl #generics ::wherever::typed::Extends<__Above> for #proxy #arguments #bounds {}
            }
        }
        // That line would stand there twice.
        _ => quote! {#(
            #[automatically_derived]
            #allowed
            impl #generics ::wherever::typed::Extends<#bases> for #proxy #arguments #bounds {}
        )*},
    };
    quote!(#own #above)
}

/// The proxy of a base: beside its trait, with `Proxy` behind the name.
pub(crate) fn of_base(base: &Path) -> Path {
    let mut path = base.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = format_ident!("{}Proxy", last.ident);
    }
    path
}

fn conversions(interface: &Interface) -> TokenStream {
    let Interface { declared, proxy, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let allowed = allowed();
    let name = proxy.to_string();
    let told = quote! {
        fn type_text() -> ::wherever::convert::TypeText {
            ::std::convert::Into::into(<#proxy #arguments as ::wherever::typed::TypedProxy>::INTERFACE)
        }
    };
    let mut by_reference = declared.generics.clone();
    by_reference.params.insert(0, syn::parse_quote!('proxy));
    let (reference_generics, ..) = by_reference.split_for_impl();
    quote! {
        #[automatically_derived]
        #allowed
        impl #generics ::std::clone::Clone for #proxy #arguments #bounds {
            fn clone(&self) -> Self {
                Self(::std::clone::Clone::clone(&self.0), ::std::marker::PhantomData)
            }
        }

        #[automatically_derived]
        #allowed
        impl #generics ::std::fmt::Debug for #proxy #arguments #bounds {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(#name).field(&self.0).finish()
            }
        }

        #[automatically_derived]
        #allowed
        impl #generics ::wherever::FromValue for #proxy #arguments #bounds {
            fn from_value(value: ::wherever::Value) -> ::std::result::Result<Self, ::wherever::Error> {
                ::wherever::typed::code::Worn::from_value::<Self>(value).map(::wherever::typed::TypedProxy::wear)
            }

            #told
        }

        #[automatically_derived]
        #allowed
        impl #generics ::wherever::IntoValue for #proxy #arguments #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::wherever::IntoValue::into_value(::wherever::typed::TypedProxy::proxy(&self))
            }

            #told
        }

        #[automatically_derived]
        #allowed
        impl #reference_generics ::wherever::IntoValue for &'proxy #proxy #arguments #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::wherever::IntoValue::into_value(::wherever::typed::TypedProxy::proxy(self))
            }

            #told
        }
    }
}

/// The methods of the proxy that give promises, beside those that wait. One that wants no answer, or is awaited, has
/// none; nor has one beside which the interface has a method of that name.
fn promising(interface: &Interface) -> TokenStream {
    let Interface { declared, proxy, members, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let (visibility, ident, allowed) = (&declared.vis, &declared.ident, allowed());
    let written = interface.functions().filter_map(|(function, method)| {
        let promised = format_ident!("promise_{}", method.ident);
        let is_taken = members.methods.iter().any(|method| method.ident == promised);
        if method.is_async || method.marks.one_way.is_some() || is_taken {
            return None;
        }
        let (name, values, whole) = (&method.name, sent(method), &method.output.whole);
        let body = match method.role {
            Role::Called => quote!(::wherever::typed::code::promise(self, #name, #values)),
            Role::Getter => quote!(::wherever::typed::code::promise_get(self, #name)),
            Role::Setter | Role::Constructor | Role::Skipped => return None,
        };
        let taken = function.sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_)));
        let doc = format!("As [`{ident}::{}`], without waiting: the result is promised.", method.ident.unraw());
        let (conditions, lifetimes) = (&method.conditions, &function.sig.generics);
        Some(quote! {
            #(#conditions)*
            #[doc = #doc]
            #visibility fn #promised #lifetimes(&self, #(#taken),*) -> ::wherever::typed::Promised<#whole> {
                #body
            }
        })
    });
    quote! {
        #[automatically_derived]
        #[allow(dead_code, reason = "what a promise is wanted of is the user's choice")]
        #allowed
        impl #generics #proxy #arguments #bounds {
            #(#written)*
        }
    }
}

/// The trait, for every typed proxy that has the interface.
fn implementation(interface: &Interface) -> TokenStream {
    let Interface { declared, supertraits, proxy, .. } = interface;
    let (ident, (_, arguments, _)) = (&declared.ident, declared.generics.split_for_impl());
    let mut generics = declared.generics.clone();
    // Bases are implemented for it too, being interfaces of its own.
    let above = supertraits.iter();
    generics.params.push(syn::parse_quote!(__Wearing: ::wherever::typed::Extends<#proxy #arguments> #(+ #above)*));
    let (generics, _, all_bounds) = generics.split_for_impl();
    let members = interface.functions().filter(|(_, method)| method.role != Role::Skipped);
    let written = members.map(|(function, method)| calling(function, method));
    let reference = crate::trait_object::is_possible(interface).then(|| {
        quote! {
            fn __reference(&self) -> ::std::option::Option<&::wherever::Proxy> {
                ::std::option::Option::Some(::wherever::typed::TypedProxy::proxy(self))
            }
        }
    });
    let allowed = allowed();
    quote! {
        #[automatically_derived]
        #allowed
        impl #generics #ident #arguments for __Wearing #all_bounds {
            #(#written)*
            #reference
        }
    }
}

/// A method of the proxy.
fn calling(function: &TraitItemFn, method: &Method) -> TokenStream {
    let mut signature = function.sig.clone();
    let (name, values) = (&method.name, sent(method));
    if method.is_async {
        let output = &method.output.whole;
        signature.output = future(&syn::parse_quote!(-> #output));
    }
    let conditions = &method.conditions;
    let later = |now: &str| if method.is_async { format_ident!("{now}_later") } else { format_ident!("{now}") };
    // The `self` of whoever wrote the signature, which may be a macro; and the place of an error that cannot come back.
    let this = function.sig.receiver().map(|receiver| receiver.self_token);
    let span = Span::mixed_site().located_at(method.output.whole.span());
    let body = match method.role {
        Role::Getter => {
            let get = later("get");
            quote_spanned!(span=> ::wherever::typed::code::#get(#this, #name))
        }
        Role::Setter => {
            let set = later("set");
            let value = quote!(#values.map(|mut values| values.remove(0)));
            quote_spanned!(span=> ::wherever::typed::code::#set(#this, #name, #value))
        }
        _ => {
            let call = later(if method.marks.one_way.is_some() { "one_way" } else { "call" });
            quote_spanned!(span=> ::wherever::typed::code::#call(#this, #name, #values))
        }
    };
    quote! {
        #(#conditions)*
        #signature {
            #body
        }
    }
}
