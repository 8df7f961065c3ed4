//! The words of `#[wherever(...)]`.

use proc_macro2::{Span, TokenStream};
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Expr, LitInt, LitStr, Result};

use crate::method::Role;

/// What is written above a method, a parameter, a field or a type.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) attribute: Option<Span>,
    pub(crate) constructor: Option<Span>,
    pub(crate) hidden: Option<Span>,
    pub(crate) skip: Option<Span>,
    pub(crate) concurrent: Option<Span>,
    pub(crate) one_way: Option<Span>,
    pub(crate) reads: Option<Span>,
    pub(crate) remote: Option<Span>,
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<LitInt>,
    /// Left out: the default of its type, or this.
    pub(crate) default: Option<Option<Expr>>,
}

/// Where a word may stand.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Method,
    Parameter,
    Type,
    Field,
    Variant,
}

impl Place {
    fn words(self) -> &'static [&'static str] {
        match self {
            Place::Method => &["attribute", "constructor", "name", "hidden", "skip", "concurrent", "one_way", "reads"],
            Place::Parameter | Place::Field => &["default"],
            Place::Type => &["name", "version"],
            Place::Variant => &["remote"],
        }
    }

    fn text(self) -> &'static str {
        match self {
            Place::Method => "above a method",
            Place::Parameter => "before a parameter",
            Place::Type => "above a type",
            Place::Field => "above a field",
            Place::Variant => "above a variant",
        }
    }
}

impl Marks {
    /// Reads the words of the attributes, and takes those attributes away.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, place: Place) -> Result<Self> {
        let marks = Self::read(attributes, place)?;
        attributes.retain(|attribute| !attribute.path().is_ident("wherever"));
        Ok(marks)
    }

    /// Reads the words of the attributes.
    pub(crate) fn read(attributes: &[Attribute], place: Place) -> Result<Self> {
        let mut marks = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wherever")) {
            attribute.parse_nested_meta(|word| marks.add(&word, place))?;
        }
        Ok(marks)
    }

    /// A word that is written, but says nothing of a method with this role.
    pub(crate) fn without_meaning(&self, role: Role) -> Option<(&'static str, Span)> {
        let words = [
            ("name", self.name.as_ref().map(LitStr::span), [false, false, true, true]),
            ("hidden", self.hidden, [false, false, true, false]),
            ("reads", self.reads, [false, false, true, false]),
            ("concurrent", self.concurrent, [false; 4]),
            ("one_way", self.one_way, [false; 4]),
        ];
        let at = match role {
            Role::Called => return None,
            Role::Skipped => 0,
            Role::Constructor => 1,
            Role::Getter => 2,
            Role::Setter => 3,
        };
        words.into_iter().find_map(|(word, span, fits)| span.filter(|_| !fits[at]).map(|span| (word, span)))
    }

    fn add(&mut self, word: &ParseNestedMeta<'_>, place: Place) -> Result<()> {
        let name = word.path.get_ident().map(ToString::to_string).unwrap_or_default();
        if !place.words().contains(&name.as_str()) {
            let words = place.words().join("`, `");
            return Err(word.error(format!("{} may stand `{words}`", place.text())));
        }
        let span = Some(word.path.segments[0].ident.span());
        match name.as_str() {
            "attribute" => self.attribute = span,
            "constructor" => self.constructor = span,
            "hidden" => self.hidden = span,
            "skip" => self.skip = span,
            "concurrent" => self.concurrent = span,
            "one_way" => self.one_way = span,
            "reads" => self.reads = span,
            "remote" => self.remote = span,
            "name" => {
                let name: LitStr = word.value()?.parse()?;
                if name.value().is_empty() {
                    return Err(Error::new(name.span(), "a name has at least one character"));
                }
                self.name = Some(name);
            }
            "version" => {
                let version: LitInt = word.value()?.parse()?;
                if version.base10_parse::<u32>().is_err() {
                    return Err(Error::new(version.span(), "a version is a number from 0 to 4294967295"));
                }
                self.version = Some(version);
            }
            _ => self.default = Some(if word.input.peek(syn::Token![=]) { Some(word.value()?.parse()?) } else { None }),
        }
        Ok(())
    }
}

/// The `#[cfg(...)]` among the attributes.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

/// What stands within the parentheses of each `#[cfg(...)]`.
pub(crate) fn predicates(conditions: &[Attribute]) -> Vec<TokenStream> {
    conditions.iter().filter_map(|condition| Some(condition.meta.require_list().ok()?.tokens.clone())).collect()
}

/// The text of the documentation comments.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let docs = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lines = docs.filter_map(|attribute| literal(&attribute.meta.require_name_value().ok()?.value));
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned());
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The text, if it is one that is written there.
fn literal(of: &Expr) -> Option<String> {
    match of {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}
