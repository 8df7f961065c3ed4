//! The code that describes members to a builder: the same for the members of a type and those of an interface.
//!
//! It is written with the spans of `Span::mixed_site()`, so that its variables and those of the user are never mistaken
//! for each other, whatever they are called.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Result};

use crate::marks::predicates;
use crate::method::{Method, ParameterKind, Receiver, Role};

/// The members of one block or trait, in order.
pub(crate) struct Members {
    pub(crate) methods: Vec<Method>,
}

/// What peers see of a method or two.
pub(crate) struct MemberOf<'a> {
    what: What<'a>,
    /// The `#[cfg(...)]` under which it is there.
    conditions: TokenStream,
}

/// An attribute, or a method that is called.
enum What<'a> {
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
            // Of two under a `#[cfg(...)]`, only one may be there.
            let both = |other: &Method| method.conditions.is_empty() || other.conditions.is_empty();
            let clash = |other: &Method| {
                roles.contains(&other.role) && other.name == method.name && !pairs(other) && both(other)
            };
            if members.methods[..at].iter().any(clash) {
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
        self.methods.iter().flat_map(|method| {
            let under = &method.conditions;
            match method.role {
                Role::Called => vec![MemberOf { what: What::Called(method), conditions: quote!(#(#under)*) }],
                Role::Getter => self.attribute(method),
                Role::Setter | Role::Constructor | Role::Skipped => Vec::new(),
            }
        })
    }

    /// The attribute with each of its setters, and where these are there under a `#[cfg(...)]` alone, without.
    fn attribute<'a>(&'a self, getter: &'a Method) -> Vec<MemberOf<'a>> {
        let setters = self.methods.iter().filter(|other| other.role == Role::Setter && other.name == getter.name);
        let under = &getter.conditions;
        let mut found = Vec::new();
        let mut others: Vec<TokenStream> = Vec::new();
        for setter in setters {
            let also = &setter.conditions;
            let what = What::Attribute(getter, Some(setter));
            found.push(MemberOf { what, conditions: quote!(#(#under)* #(#also)*) });
            let also = predicates(also);
            others.push(quote!(all(#(#also),*)));
        }
        if found.is_empty() || others.iter().all(|other| other.to_string() != "all ()") {
            let without = (!others.is_empty()).then(|| quote!(#[cfg(not(any(#(#others),*)))]));
            found.push(MemberOf { what: What::Attribute(getter, None), conditions: quote!(#(#under)* #without) });
        }
        found
    }

    /// Whether one needs the object alone.
    pub(crate) fn need_turns(&self) -> bool {
        let exclusive = |method: &Method| method.role != Role::Skipped && method.receiver == Some(Receiver::Exclusive);
        self.methods.iter().any(exclusive)
    }
}

impl MemberOf<'_> {
    fn method(&self) -> &Method {
        match self.what {
            What::Called(method) | What::Attribute(method, _) => method,
        }
    }

    /// The `#[cfg(...)]` under which it is there.
    pub(crate) fn conditions(&self) -> &TokenStream {
        &self.conditions
    }

    /// The expression that makes its `Member`.
    pub(crate) fn member(&self) -> TokenStream {
        let method = self.method();
        let (name, signature) = (&method.name, method.signature());
        let made = match self.what {
            What::Called(_) => quote!(::wherever::shape::Member::method(#name)),
            What::Attribute(_, None) => quote!(::wherever::shape::Member::attribute(#name)),
            What::Attribute(_, Some(_)) => quote!(::wherever::shape::Member::attribute(#name).writable()),
        };
        let docs = (!method.docs.is_empty()).then(|| {
            let docs = &method.docs;
            quote!(.doc(#docs))
        });
        let marks = &method.marks;
        let concurrent = marks.concurrent.map(|_| quote!(.concurrent()));
        let one_way = marks.one_way.map(|_| quote!(.one_way()));
        let reads = marks.reads.map(|_| quote!(.reads()));
        let hidden = marks.hidden.map(|_| quote!(.hidden()));
        quote!(#made.signature(#signature) #docs #concurrent #one_way #reads #hidden)
    }

    /// The steps of the builder that say what errors tell of it.
    fn known(&self) -> TokenStream {
        let methods = match self.what {
            What::Called(method) | What::Attribute(method, None) => vec![method],
            What::Attribute(getter, Some(setter)) => vec![getter, setter],
        };
        let known = methods.into_iter().map(known);
        quote!(#(#known)*)
    }

    /// The step of the builder that describes it. `this` names the type or the trait of which it is a method.
    pub(crate) fn step(&self, this: &TokenStream) -> TokenStream {
        let member = self.member();
        let described = match self.what {
            What::Called(method) if method.is_async => asynchronous(method, &member, this),
            What::Called(method) => called(method, &member, this),
            What::Attribute(getter, setter) => attribute(getter, setter, &member, this),
        };
        let (conditions, known) = (&self.conditions, self.known());
        quote_spanned!(Span::mixed_site()=> #conditions let builder = #described #known;)
    }
}

/// The steps of the builder that say what errors tell of a function.
pub(crate) fn known(method: &Method) -> TokenStream {
    let (ident, name) = method.known();
    let code = method.code.as_ref().map(|code| quote!(.placed(#ident, #code)));
    let known = (ident != name).then(|| quote!(.known_as(#ident, #name)));
    quote!(#code #known)
}

fn called(method: &Method, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let (span, taken) = (Span::mixed_site(), taken(method, false));
    let call = call(method, this, &quote_spanned!(span=> this));
    let (step, receiver) = match method.receiver {
        Some(Receiver::Exclusive) => {
            (quote!(::wherever::typed::code::DescribeMut::<Self>::exclusive), quote!(&mut Self))
        }
        _ => (quote!(::wherever::typed::code::Describe::<Self>::shared), quote!(&Self)),
    };
    quote_spanned! {span=>
        #step(
            builder,
            #member,
            |this: #receiver, mut arguments: ::wherever::Arguments, context: &::wherever::context::CallContext| {
                #taken
                #call
            },
        )
    }
}

fn asynchronous(method: &Method, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let (span, taken) = (Span::mixed_site(), taken(method, true));
    let (step, held, receiver) = match method.receiver {
        Some(Receiver::Exclusive) => {
            let step = quote!(::wherever::typed::code::DescribeMut::<Self>::exclusive_async);
            (step, quote_spanned!(span=> mut this), quote_spanned!(span=> &mut *this))
        }
        _ => {
            let step = quote!(::wherever::typed::code::Describe::<Self>::shared_async);
            (step, quote_spanned!(span=> this), quote_spanned!(span=> &*this))
        }
    };
    let call = call(method, this, &receiver);
    quote_spanned! {span=>
        #step(
            builder,
            #member,
            |#held, mut arguments: ::wherever::Arguments, context: ::wherever::context::CallContext| async move {
                #taken
                #call
            },
        )
    }
}

fn attribute(getter: &Method, setter: Option<&Method>, member: &TokenStream, this: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let get = call(getter, this, &quote_spanned!(span=> this));
    let Some(setter) = setter else {
        return quote_spanned! {span=>
            ::wherever::typed::code::Describe::<Self>::readable(builder, #member, |this: &Self| #get)
        };
    };
    let (step, receiver) = match setter.receiver {
        Some(Receiver::Exclusive) => {
            (quote!(::wherever::typed::code::DescribeMut::<Self>::writable_exclusive), quote!(&mut Self))
        }
        _ => (quote!(::wherever::typed::code::Describe::<Self>::writable_shared), quote!(&Self)),
    };
    let set = call(setter, this, &quote_spanned!(span=> this));
    let parameter = setter.parameters.iter().map(|parameter| {
        let (taken, made) = (&parameter.taken, parameter.made());
        quote_spanned!(span=> let #taken = <#made as ::wherever::FromValue>::from_value(value)?;)
    });
    quote_spanned! {span=>
        #step(builder, #member, |this: &Self| #get, |this: #receiver, value: ::wherever::Value| {
            #(#parameter)*
            #set.map(|_| ())
        })
    }
}

/// The statements that make the parameters of the arguments.
pub(crate) fn taken(method: &Method, later: bool) -> TokenStream {
    let span = Span::mixed_site();
    // Counted while this is written, but for those of which the compiler knows whether they are there.
    let (mut count, mut perhaps) = (0_usize, TokenStream::new());
    let mut statements = TokenStream::new();
    for parameter in method.arguments() {
        let (ident, name, made) = (&parameter.taken, &parameter.name, parameter.made());
        let conditions = &parameter.conditions;
        if later {
            statements.extend(quote_spanned! {span=>
                #(#conditions)*
                let wanted = <#made as ::wherever::FromValue>::whole();
                #(#conditions)*
                arguments.fetch_whole(#count #perhaps, #name, wanted).await?;
            });
        }
        let value = match parameter.fallback() {
            Some(value) => quote_spanned!(span=> arguments.take_or::<#made>(#count #perhaps, #name, || #value)?),
            None => quote_spanned!(span=> arguments.take::<#made>(#count #perhaps, #name)?),
        };
        statements.extend(quote!(#(#conditions)* let #ident = #value;));
        match predicates(conditions) {
            always if always.is_empty() => count += 1,
            conditions => perhaps.extend(quote!(+ ::std::cfg!(all(#(#conditions),*)) as ::std::primitive::usize)),
        }
    }
    quote_spanned! {span=>
        #statements
        arguments.finish(#count #perhaps)?;
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
    let span = Span::mixed_site();
    let pass = |parameter: &crate::method::Parameter| {
        let (ident, conditions) = (&parameter.taken, &parameter.conditions);
        let passed = match parameter.kind {
            ParameterKind::Owned(_) => quote!(#ident),
            ParameterKind::Borrowed(_) => quote!(&#ident),
            ParameterKind::Context { by_reference: true } if method.is_async => quote_spanned!(span=> &context),
            ParameterKind::Context { by_reference: true } => quote_spanned!(span=> context),
            ParameterKind::Context { by_reference: false } if method.is_async => {
                quote_spanned!(span=> ::std::clone::Clone::clone(&context))
            }
            ParameterKind::Context { by_reference: false } => {
                quote_spanned!(span=> ::std::clone::Clone::clone(context))
            }
        };
        quote!(#(#conditions)* #passed)
    };
    method.parameters.iter().map(pass).collect()
}

/// What the caller gets of what the call gives.
pub(crate) fn returned(method: &Method, call: &TokenStream) -> TokenStream {
    let made = made(method, call);
    let place = Span::mixed_site().located_at(method.output.whole.span());
    quote_spanned!(place=> #made.and_then(::wherever::IntoValue::into_value))
}

/// A `Result` of what the call gives, or of the error as the caller gets it.
pub(crate) fn made(method: &Method, call: &TokenStream) -> TokenStream {
    let wait = method.is_async.then(|| quote!(.await));
    // The place of an error is what the method gives, and not the attribute above all of them.
    let place = Span::mixed_site().located_at(method.output.whole.span());
    // Told to the caller as the place where the error became one of ours: the line is the method's own.
    let cross = quote_spanned!(method.output.whole.span()=> .cross());
    let cross = quote_spanned!(place=> (&&&&&::wherever::typed::code::Crossing::new(error)) #cross);
    let call = at(quote!(#call #wait), place);
    quote_spanned!(place=> ::wherever::typed::code::Returned::returned(#call).map_err(|error| #cross))
}

/// The same tokens at a place of which errors in them are told; the names in them mean what they meant.
fn at(tokens: TokenStream, place: Span) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
}

/// What lets `cross` find the conversion that fits.
pub(crate) fn imports() -> TokenStream {
    quote! {
        #[allow(unused_imports)]
        use ::wherever::typed::code::{ViaDeref as _, ViaDisplay as _, ViaError as _, ViaInto as _, ViaNothing as _};
    }
}

/// Lints that are about code as it is written by hand.
pub(crate) fn allowed() -> TokenStream {
    quote!(#[allow(clippy::all, clippy::pedantic, deprecated, unused_mut, unused_variables)])
}

/// An item under a `#[cfg(...)]` that stands below the attribute: the same with the attribute below, which is read once
/// the compiler knows whether the item is there at all. What is written beside it depends on that.
pub(crate) fn later(
    attribute: &TokenStream,
    words: &TokenStream,
    attributes: &mut Vec<Attribute>,
) -> Option<TokenStream> {
    let is_condition = |attribute: &Attribute| ["cfg", "cfg_attr"].iter().any(|name| attribute.path().is_ident(name));
    let conditions: Vec<Attribute> = attributes.extract_if(.., |attribute| is_condition(attribute)).collect();
    (!conditions.is_empty()).then(|| quote!(#(#conditions)* #[::wherever::#attribute(#words)]))
}
