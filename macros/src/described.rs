//! The code that describes members to a builder: the same for the members of a type and those of an interface.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Error, Result};

use crate::method::{Method, ParameterKind, Receiver, Role};

/// The members of one block or trait, in order.
pub(crate) struct Members {
    pub(crate) methods: Vec<Method>,
}

/// An attribute, or a method that is called.
pub(crate) enum MemberOf<'a> {
    Called(&'a Method),
    Attribute(&'a Method, Option<&'a Method>),
}

impl Members {
    /// Sees that the names are all different, and that each setter has its getter.
    pub(crate) fn checked(methods: Vec<Method>) -> Result<Self> {
        let members = Self { methods };
        let roles = [Role::Called, Role::Getter, Role::Setter];
        for (at, method) in members.methods.iter().enumerate().filter(|(_, method)| roles.contains(&method.role)) {
            let pairs = |other: &Method| {
                matches!((method.role, other.role), (Role::Getter, Role::Setter) | (Role::Setter, Role::Getter))
            };
            let before = &members.methods[..at];
            let clash = |other: &&Method| roles.contains(&other.role) && other.name == method.name && !pairs(other);
            if before.iter().any(|other| clash(&other)) {
                let text = format!("two members have the name `{}` for peers", method.name);
                return Err(Error::new(method.ident.span(), text));
            }
            let has_getter = |other: &Method| other.role == Role::Getter && other.name == method.name;
            if method.role == Role::Setter && !members.methods.iter().any(has_getter) {
                let text = format!("an attribute that is written is also read: write a getter `{}`", method.name);
                return Err(Error::new(method.ident.span(), text));
            }
        }
        Ok(members)
    }

    /// What peers see.
    pub(crate) fn all(&self) -> impl Iterator<Item = MemberOf<'_>> {
        self.methods.iter().filter_map(|method| match method.role {
            Role::Called => Some(MemberOf::Called(method)),
            Role::Getter => {
                let is_setter = |other: &&Method| other.role == Role::Setter && other.name == method.name;
                Some(MemberOf::Attribute(method, self.methods.iter().find(is_setter)))
            }
            Role::Setter | Role::Constructor | Role::Skipped => None,
        })
    }

    /// Whether one needs the object alone.
    pub(crate) fn need_turns(&self) -> bool {
        let exclusive = |method: &Method| method.role != Role::Skipped && method.receiver == Some(Receiver::Exclusive);
        self.methods.iter().any(exclusive)
    }
}

impl MemberOf<'_> {
    pub(crate) fn method(&self) -> &Method {
        match self {
            MemberOf::Called(method) | MemberOf::Attribute(method, _) => method,
        }
    }

    /// The expression that makes its `Member`.
    pub(crate) fn member(&self) -> TokenStream {
        let method = self.method();
        let (name, signature) = (&method.name, method.signature());
        let made = match self {
            MemberOf::Called(_) => quote!(::wherever::shape::Member::method(#name)),
            MemberOf::Attribute(_, None) => quote!(::wherever::shape::Member::attribute(#name)),
            MemberOf::Attribute(_, Some(_)) => quote!(::wherever::shape::Member::attribute(#name).writable()),
        };
        let docs = (!method.docs.is_empty()).then(|| {
            let docs = &method.docs;
            quote!(.doc(#docs))
        });
        let marks = &method.marks;
        let concurrent = marks.concurrent.then(|| quote!(.concurrent()));
        let one_way = marks.one_way.map(|_| quote!(.one_way()));
        let reads = marks.reads.then(|| quote!(.reads()));
        let hidden = marks.hidden.then(|| quote!(.hidden()));
        quote!(#made.signature(#signature) #docs #concurrent #one_way #reads #hidden)
    }

    /// The step of the builder that describes it. `member` is an expression of its `Member`, `this` names the type or the
    /// trait of which it is a method.
    pub(crate) fn step(&self, member: &TokenStream, this: &TokenStream) -> TokenStream {
        match self {
            MemberOf::Called(method) if method.is_async => asynchronous(method, member, this),
            MemberOf::Called(method) => called(method, member, this),
            MemberOf::Attribute(getter, setter) => attribute(getter, *setter, member, this),
        }
    }
}

fn called(method: &Method, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let (taken, call) = (taken(method, false), call(method, this, &quote!(this)));
    let (step, receiver) = match method.receiver {
        Some(Receiver::Exclusive) => (quote!(::wherever::hosts::DescribeMut::exclusive), quote!(&mut Self)),
        _ => (quote!(::wherever::hosts::Describe::shared), quote!(&Self)),
    };
    quote! {
        let builder = #step(
            builder,
            #member,
            |this: #receiver, mut arguments: ::wherever::Arguments, context: &::wherever::context::CallContext| {
                #taken
                #call
            },
        );
    }
}

fn asynchronous(method: &Method, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let taken = taken(method, true);
    let (step, held, receiver) = match method.receiver {
        Some(Receiver::Exclusive) => {
            let step = quote!(::wherever::hosts::DescribeMut::exclusive_async);
            (step, quote!(mut this), quote!(&mut *this))
        }
        _ => (quote!(::wherever::hosts::Describe::shared_async), quote!(this), quote!(&*this)),
    };
    let call = call(method, this, &receiver);
    quote! {
        let builder = #step(
            builder,
            #member,
            |#held, mut arguments: ::wherever::Arguments, context: ::wherever::context::CallContext| async move {
                #taken
                #call
            },
        );
    }
}

fn attribute(getter: &Method, setter: Option<&Method>, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let get = call(getter, this, &quote!(this));
    let Some(setter) = setter else {
        return quote! {
            let builder = ::wherever::hosts::Describe::readable(builder, #member, |this: &Self| #get);
        };
    };
    let (step, receiver) = match setter.receiver {
        Some(Receiver::Exclusive) => (quote!(::wherever::hosts::DescribeMut::writable_exclusive), quote!(&mut Self)),
        _ => (quote!(::wherever::hosts::Describe::writable_shared), quote!(&Self)),
    };
    let set = call(setter, this, &quote!(this));
    let parameter = setter.parameters.iter().map(|parameter| {
        let (ident, made) = (&parameter.ident, parameter.made());
        quote!(let #ident = <#made as ::wherever::FromValue>::from_value(value)?;)
    });
    quote! {
        let builder = #step(builder, #member, |this: &Self| #get, |this: #receiver, value: ::wherever::Value| {
            #(#parameter)*
            #set.map(|_| ())
        });
    }
}

/// The statements that make the parameters of the arguments.
pub(crate) fn taken(method: &Method, later: bool) -> TokenStream {
    let mut count = 0_usize;
    let mut statements = TokenStream::new();
    for parameter in method.arguments() {
        let (ident, name, made) = (&parameter.ident, parameter.ident.to_string(), parameter.made());
        if later {
            statements.extend(quote! {
                let levels = <#made as ::wherever::FromValue>::WHOLE_LEVELS;
                arguments.fetch_whole(#count, #name, levels).await?;
            });
        }
        statements.extend(match parameter.fallback() {
            Some(value) => quote!(let #ident = arguments.take_or::<#made>(#count, #name, || #value)?;),
            None => quote!(let #ident = arguments.take::<#made>(#count, #name)?;),
        });
        count += 1;
    }
    quote! {
        #statements
        arguments.finish(#count)?;
    }
}

/// The call of the method itself, and what is made of its result.
fn call(method: &Method, this: &TokenStream, receiver: &TokenStream) -> TokenStream {
    let arguments = passed(method);
    let ident = &method.ident;
    returned(method, &quote!(#this::#ident(#receiver, #(#arguments),*)))
}

/// The parameters as they are passed to the method.
pub(crate) fn passed(method: &Method) -> Vec<TokenStream> {
    let pass = |parameter: &crate::method::Parameter| {
        let ident = &parameter.ident;
        match parameter.kind {
            ParameterKind::Owned(_) => quote!(#ident),
            ParameterKind::Borrowed(_) => quote!(&#ident),
            ParameterKind::Context if method.is_async => quote!(context.clone()),
            ParameterKind::Context => quote!(context),
        }
    };
    method.parameters.iter().map(pass).collect()
}

/// What the caller gets of what the call gives.
pub(crate) fn returned(method: &Method, call: &TokenStream) -> TokenStream {
    let wait = method.is_async.then(|| quote!(.await));
    let span = method.ident.span();
    if method.output.is_result {
        quote_spanned! {span=>
            #call #wait
                .map_err(|error| (&&&&::wherever::typed::Crossing::new(error)).cross())
                .and_then(::wherever::IntoValue::into_value)
        }
    } else {
        quote_spanned!(span=> ::wherever::IntoValue::into_value(#call #wait))
    }
}

/// What lets `cross` find the conversion that fits.
pub(crate) fn imports() -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use ::wherever::typed::{ViaDeref as _, ViaDisplay as _, ViaError as _, ViaInto as _};
    }
}

/// Lints that are about code as it is written by hand.
pub(crate) fn allowed() -> TokenStream {
    quote!(#[allow(clippy::all, clippy::pedantic, unused_mut, unused_variables)])
}
