//! The typed proxy of an interface.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Path, TraitItem, TraitItemFn};

use crate::described::{MemberOf, allowed};
use crate::interface::{Interface, future, sent};
use crate::method::{Method, Role};

pub(crate) fn write(interface: &Interface) -> TokenStream {
    let definition = definition(interface);
    let wearing = wearing(interface);
    let conversions = conversions(interface);
    let implementation = implementation(interface);
    quote!(#definition #wearing #conversions #implementation)
}

/// The struct, and its members.
fn definition(interface: &Interface) -> TokenStream {
    let Interface { declared, members, proxy, docs, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let (visibility, ident) = (&declared.vis, declared.ident.to_string());
    let parameters = declared.generics.type_params().map(|parameter| &parameter.ident);
    let all: Vec<_> = members.all().collect();
    let (count, made) = (all.len(), all.iter().map(MemberOf::member));
    let summary =
        format!("The typed proxy of [`{ident}`]: an object of any side and any language that has its members.");
    let docs = (!docs.is_empty()).then(|| quote!(#[doc = ""] #[doc = #docs]));
    let allowed = allowed();
    quote! {
        #[doc = #summary]
        #docs
        #visibility struct #proxy #generics (
            ::wherever::typed::Worn,
            ::std::marker::PhantomData<fn() -> (#(#parameters,)*)>,
        ) #bounds;

        #[automatically_derived]
        #allowed
        impl #generics #proxy #arguments #bounds {
            fn own_members() -> [::wherever::shape::Member; #count] {
                [#(#made),*]
            }
        }
    }
}

/// What makes it a typed proxy.
fn wearing(interface: &Interface) -> TokenStream {
    let Interface { declared, name, bases, proxy, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let base_proxies: Vec<Path> = bases.iter().map(of_base).collect();
    let extends = base_proxies.iter().map(|base| {
        quote! {
            #[automatically_derived]
            impl #generics ::wherever::typed::Extends<#base> for #proxy #arguments #bounds {}
        }
    });
    quote! {
        #[automatically_derived]
        impl #generics ::wherever::typed::TypedProxy for #proxy #arguments #bounds {
            const INTERFACE: &'static str = #name;

            fn members() -> ::std::vec::Vec<::wherever::shape::Member> {
                let mut members = ::std::vec::Vec::from(Self::own_members());
                #(members.extend(<#base_proxies as ::wherever::typed::TypedProxy>::members());)*
                members
            }

            fn wear(worn: ::wherever::typed::Worn) -> Self {
                Self(worn, ::std::marker::PhantomData)
            }

            fn worn(&self) -> &::wherever::typed::Worn {
                &self.0
            }
        }

        #[automatically_derived]
        impl #generics ::wherever::typed::Extends<#proxy #arguments> for #proxy #arguments #bounds {}
        #(#extends)*
    }
}

/// The proxy of a base: beside its trait, with `Proxy` behind the name.
fn of_base(base: &Path) -> Path {
    let mut path = base.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = format_ident!("{}Proxy", last.ident);
    }
    path
}

fn conversions(interface: &Interface) -> TokenStream {
    let Interface { declared, proxy, .. } = interface;
    let (generics, arguments, bounds) = declared.generics.split_for_impl();
    let name = proxy.to_string();
    let told = quote! {
        fn type_text() -> ::wherever::convert::TypeText {
            <#proxy #arguments as ::wherever::typed::TypedProxy>::INTERFACE.into()
        }
    };
    let mut by_reference = declared.generics.clone();
    by_reference.params.insert(0, syn::parse_quote!('proxy));
    let (reference_generics, ..) = by_reference.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #generics ::std::clone::Clone for #proxy #arguments #bounds {
            fn clone(&self) -> Self {
                Self(self.0.clone(), ::std::marker::PhantomData)
            }
        }

        #[automatically_derived]
        impl #generics ::std::fmt::Debug for #proxy #arguments #bounds {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_tuple(#name).field(&self.0).finish()
            }
        }

        #[automatically_derived]
        impl #generics ::wherever::FromValue for #proxy #arguments #bounds {
            fn from_value(value: ::wherever::Value) -> ::std::result::Result<Self, ::wherever::Error> {
                ::wherever::typed::Worn::from_value::<Self>(value).map(::wherever::typed::TypedProxy::wear)
            }

            #told
        }

        #[automatically_derived]
        impl #generics ::wherever::IntoValue for #proxy #arguments #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::std::result::Result::Ok(::wherever::typed::TypedProxy::proxy(&self).into())
            }

            #told
        }

        #[automatically_derived]
        impl #reference_generics ::wherever::IntoValue for &'proxy #proxy #arguments #bounds {
            fn into_value(self) -> ::std::result::Result<::wherever::Value, ::wherever::Error> {
                ::std::result::Result::Ok(::wherever::typed::TypedProxy::proxy(self).into())
            }

            #told
        }
    }
}

/// The trait, for every typed proxy that has the interface.
fn implementation(interface: &Interface) -> TokenStream {
    let Interface { declared, proxy, members, .. } = interface;
    let (ident, (_, arguments, bounds)) = (&declared.ident, declared.generics.split_for_impl());
    let mut generics = declared.generics.clone();
    generics.params.push(syn::parse_quote!(Wearing: ::wherever::typed::Extends<#proxy #arguments>));
    // Bases are implemented for it too, being interfaces of its own.
    for base in &interface.bases {
        let base = of_base(base);
        generics.make_where_clause().predicates.push(syn::parse_quote!(Wearing: ::wherever::typed::Extends<#base>));
    }
    let (generics, _, all_bounds) = generics.split_for_impl();
    let _ = bounds;
    let functions = declared.items.iter().filter_map(|item| match item {
        TraitItem::Fn(function) => Some(function),
        _ => None,
    });
    let written = functions.filter_map(|function| {
        let method = members.methods.iter().find(|method| method.ident == function.sig.ident)?;
        (method.role != Role::Skipped).then(|| calling(function, method))
    });
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
        impl #generics #ident #arguments for Wearing #all_bounds {
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
    let later = |now: &str| if method.is_async { format_ident!("{now}_later") } else { format_ident!("{now}") };
    let body = match method.role {
        Role::Getter => {
            let get = later("get");
            quote!(::wherever::typed::#get(self, #name))
        }
        Role::Setter => {
            let set = later("set");
            quote!(::wherever::typed::#set(self, #name, #values.map(|mut values: ::std::vec::Vec<_>| values.remove(0))))
        }
        _ => {
            let call = later(if method.marks.one_way.is_some() { "one_way" } else { "call" });
            quote!(::wherever::typed::#call(self, #name, #values))
        }
    };
    quote! {
        #signature {
            #body
        }
    }
}
