//! The words of `#[wherever(...)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, LitInt, LitStr, Result};

/// What is written above a method, a parameter, a field or a type.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) attribute: Option<Span>,
    pub(crate) constructor: Option<Span>,
    pub(crate) hidden: bool,
    pub(crate) skip: Option<Span>,
    pub(crate) concurrent: bool,
    pub(crate) one_way: Option<Span>,
    pub(crate) reads: bool,
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
            "hidden" => self.hidden = true,
            "skip" => self.skip = span,
            "concurrent" => self.concurrent = true,
            "one_way" => self.one_way = span,
            "reads" => self.reads = true,
            "remote" => self.remote = span,
            "name" => self.name = Some(word.value()?.parse()?),
            "version" => self.version = Some(word.value()?.parse()?),
            _ => self.default = Some(if word.input.peek(syn::Token![=]) { Some(word.value()?.parse()?) } else { None }),
        }
        Ok(())
    }
}

/// The text of the documentation comments.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).filter_map(|attribute| match &attribute
            .meta
            .require_name_value()
            .ok()?
            .value
        {
            Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        });
    lines
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned())
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}
