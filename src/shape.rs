//! Shapes: what one side tells the other about a type, so that a stand-in can be made there.
//!
//! A shape is plain data. Its name proves nothing and is never looked up; it is for people, and for checks that the
//! receiver decides to make.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use crate::host::Operation;

/// The identity of a type on its own side: alike for all revisions of one type, unlike for any two types.
#[derive(Clone)]
pub struct TypeTag(Arc<u8>);

impl TypeTag {
    fn new() -> Self {
        // Not a zero-sized content: its address must tell it from every other tag alive.
        Self(Arc::new(0))
    }

    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0) as usize
    }
}

/// A description of a type: name, bases, members, what its instances can do.
#[derive(Clone)]
pub struct Shape {
    tag: TypeTag,
    revision: u32,
    pub(crate) name: Arc<str>,
    pub(crate) doc: Arc<str>,
    pub(crate) category: Category,
    pub(crate) closed: bool,
    bases: Vec<Arc<Shape>>,
    /// All ancestors, each once, every one after all that derive from it. Kept flat: a peer can describe a lattice of
    /// bases whose paths cannot be counted.
    lineage: Vec<Arc<Shape>>,
    pub(crate) interfaces: Vec<Arc<str>>,
    pub(crate) members: Vec<Member>,
    pub(crate) operations: Operations,
    /// Whether a member may be marked concurrent, of its own or of an ancestor: if not, none need be looked for.
    concurrent: bool,
}

/// What kind of thing the instances of a type are; it decides what passing one grants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Category {
    /// An instance of a user's type: passing it grants its exposed members.
    Instance,
    /// A function, method or closure: passing it grants its call.
    Function,
    /// A class: passing it grants nothing but being recognised.
    Class,
    /// A list: passing it grants its operations, as for the other builtin containers.
    List,
    /// A dict.
    Dict,
    /// A set.
    Set,
    /// A byte array.
    ByteArray,
    /// An iterator with effects: passing it grants stepping it.
    Iterator,
    /// A result that has not arrived yet, offered to someone who does not owe it.
    Promise,
}

impl Category {
    /// All categories, in the order of their codes.
    const ALL: [Category; 9] = [
        Category::Instance,
        Category::Function,
        Category::Class,
        Category::List,
        Category::Dict,
        Category::Set,
        Category::ByteArray,
        Category::Iterator,
        Category::Promise,
    ];

    /// The category's code in the protocol.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The category with this code, if there is one.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether it is one of the builtin containers.
    pub fn is_container(self) -> bool {
        matches!(self, Category::List | Category::Dict | Category::Set | Category::ByteArray)
    }
}

/// One member of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub kind: MemberKind,
    /// Its parameters and its result, for people and for checks: `(steps: int, speed: float = 1.0) -> None`, in Python's
    /// notation and words. Empty if not known.
    pub signature: Arc<str>,
    /// Its documentation; empty if there is none.
    pub doc: Arc<str>,
    /// Marked for use by peers: what the closed policy lets through.
    pub exposed: bool,
    /// May be written. Only attributes can be.
    pub writable: bool,
    /// Calls of it do not hold up later calls of the same lane.
    pub concurrent: bool,
    /// Its calls are one-way unless the caller says otherwise.
    pub one_way: bool,
    /// Its calls change nothing: a read-only reference lets them through.
    pub reads: bool,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemberKind {
    /// Called on an instance.
    Method,
    /// Read, and perhaps written, on an instance.
    Attribute,
    /// Called on the class.
    ClassMethod,
    /// Called on the class, without it.
    StaticMethod,
}

/// A set of operations that the instances of a type can do beside what their members are for.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Operations(u32);

impl Operations {
    /// No operation.
    pub const NONE: Self = Self(0);

    /// The set that holds these operations.
    pub fn of(operations: &[Operation]) -> Self {
        operations.iter().fold(Self(0), |set, operation| set.with(*operation))
    }

    /// The set with one more operation.
    #[must_use]
    pub fn with(self, operation: Operation) -> Self {
        Self(self.0 | 1 << operation as u8)
    }

    /// Whether the operation is in the set.
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u8) != 0
    }

    /// The set with the operations of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set as bits: bit `n` stands for the operation with code `n`.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits; bits that no operation has are kept and mean nothing.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Operation::ALL.iter().filter(|operation| self.contains(**operation))).finish()
    }
}

impl Member {
    /// An exposed method without documentation.
    pub fn method(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            kind: MemberKind::Method,
            signature: "".into(),
            doc: "".into(),
            exposed: true,
            writable: false,
            concurrent: false,
            one_way: false,
            reads: false,
        }
    }

    /// An exposed attribute that cannot be written.
    pub fn attribute(name: impl Into<Arc<str>>) -> Self {
        Self { kind: MemberKind::Attribute, ..Self::method(name) }
    }

    /// The member, of another kind.
    #[must_use]
    pub fn of_kind(self, kind: MemberKind) -> Self {
        Self { kind, ..self }
    }

    /// The member, open to writing.
    #[must_use]
    pub fn writable(self) -> Self {
        Self { writable: true, ..self }
    }

    /// The member, not marked for use by peers.
    #[must_use]
    pub fn hidden(self) -> Self {
        Self { exposed: false, ..self }
    }

    /// The member, its calls not holding up later ones.
    #[must_use]
    pub fn concurrent(self) -> Self {
        Self { concurrent: true, ..self }
    }

    /// The member, its calls one-way unless the caller says otherwise.
    #[must_use]
    pub fn one_way(self) -> Self {
        Self { one_way: true, ..self }
    }

    /// The member, its calls changing nothing, so that a read-only reference lets them through.
    #[must_use]
    pub fn reads(self) -> Self {
        Self { reads: true, ..self }
    }

    /// The member with its documentation.
    #[must_use]
    pub fn doc(self, doc: impl Into<Arc<str>>) -> Self {
        Self { doc: doc.into(), ..self }
    }

    /// The member with its parameters, as its runtime writes them.
    #[must_use]
    pub fn signature(self, signature: impl Into<Arc<str>>) -> Self {
        Self { signature: signature.into(), ..self }
    }
}

impl Shape {
    /// A closed shape of a new type, without bases, members or operations; the builder methods add them.
    pub fn new(name: impl Into<Arc<str>>, category: Category) -> Self {
        Self {
            tag: TypeTag::new(),
            revision: 0,
            name: name.into(),
            doc: "".into(),
            category,
            closed: true,
            bases: Vec::new(),
            lineage: Vec::new(),
            interfaces: Vec::new(),
            members: Vec::new(),
            operations: Operations::NONE,
            concurrent: false,
        }
    }

    /// A later description of the same type: it is sent again before the next reference to an instance.
    #[must_use]
    pub fn revised(&self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self.clone() }
    }

    pub(crate) fn with_revision(self, revision: u32) -> Self {
        Self { revision, ..self }
    }

    /// The shape with documentation.
    #[must_use]
    pub fn doc_text(self, doc: impl Into<Arc<str>>) -> Self {
        Self { doc: doc.into(), ..self }
    }

    /// The shape of a type whose instances may have attributes of their own.
    #[must_use]
    pub fn open(self) -> Self {
        Self { closed: false, ..self }
    }

    /// The shape with one more base, after those it has.
    #[must_use]
    pub fn base(mut self, base: Arc<Shape>) -> Self {
        for ancestor in std::iter::once(&base).chain(&base.lineage) {
            self.lineage.retain(|known| known.tag.address() != ancestor.tag.address());
            self.lineage.push(ancestor.clone());
        }
        self.concurrent |= base.concurrent;
        self.bases.push(base);
        self
    }

    /// The shape without bases: for a later description of a type whose bases changed.
    #[must_use]
    pub fn without_bases(self) -> Self {
        Self { bases: Vec::new(), lineage: Vec::new(), ..self }
    }

    /// The shape with one more interface that it claims, such as `org.example.Motor/1`.
    #[must_use]
    pub fn interface(mut self, name: impl Into<Arc<str>>) -> Self {
        self.interfaces.push(name.into());
        self
    }

    /// The shape with one more member.
    #[must_use]
    pub fn member(mut self, member: Member) -> Self {
        self.add(member);
        self
    }

    pub(crate) fn add(&mut self, member: Member) {
        self.concurrent |= member.concurrent;
        self.members.push(member);
    }

    /// The shape without a member of this name of its own.
    #[must_use]
    pub fn without_member(mut self, name: &str) -> Self {
        self.members.retain(|member| &*member.name != name);
        self
    }

    /// The shape with these operations beside those it has.
    #[must_use]
    pub fn operations(mut self, operations: &[Operation]) -> Self {
        self.operations = self.operations.union(Operations::of(operations));
        self
    }

    /// Whether both describe one type, perhaps at different times. Names say nothing about that.
    pub fn is_same_type(&self, other: &Self) -> bool {
        self.tag.address() == other.tag.address()
    }

    /// The shape as a later description of the type that `former` described.
    pub(crate) fn succeeding(self, former: &Self) -> Self {
        Self { tag: former.tag.clone(), ..self }
    }

    /// The identity of the type on its own side.
    pub(crate) fn tag(&self) -> &TypeTag {
        &self.tag
    }

    /// Which description of its type this is, counted from 0.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// The type's name, `runtime:module.path`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The type's documentation.
    pub fn doc(&self) -> &str {
        &self.doc
    }

    /// What kind of thing its instances are.
    pub fn category(&self) -> Category {
        self.category
    }

    /// Whether its instances have no attributes but the members told here.
    pub fn is_closed(&self) -> bool {
        self.closed && self.lineage.iter().all(|base| base.closed)
    }

    /// Its bases, in the order of its runtime.
    pub fn bases(&self) -> &[Arc<Shape>] {
        &self.bases
    }

    /// The interfaces that it claims itself.
    pub fn interfaces(&self) -> &[Arc<str>] {
        &self.interfaces
    }

    /// Its own members, without those of its bases.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The operations that its instances can do, those of its bases among them.
    pub fn all_operations(&self) -> Operations {
        self.lineage.iter().fold(self.operations, |all, base| all.union(base.operations))
    }

    /// All its ancestors, each once, every one after all that derive from it.
    pub fn lineage(&self) -> &[Arc<Shape>] {
        &self.lineage
    }

    /// The member of this name, its own or the first that an ancestor has, in the order of [`Self::lineage`].
    pub fn find(&self, name: &str) -> Option<&Member> {
        self.all_members().find(|member| &*member.name == name)
    }

    /// Whether calls of this member do not hold up later ones.
    pub(crate) fn is_concurrent(&self, name: &str) -> bool {
        self.concurrent && self.find(name).is_some_and(|member| member.concurrent)
    }

    /// Names of all members, its own first, then those of its ancestors, each once.
    pub fn member_names(&self) -> Vec<Arc<str>> {
        let mut met = HashSet::new();
        self.all_members().map(|member| member.name.clone()).filter(|name| met.insert(name.clone())).collect()
    }

    pub(crate) fn all_members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(self.lineage.iter().flat_map(|base| &base.members))
    }

    /// Whether the type, a base, or an interface that one of them claims has this name. A claim, never a proof.
    pub fn is_a(&self, name: &str) -> bool {
        std::iter::once(self)
            .chain(self.lineage.iter().map(|base| &**base))
            .any(|shape| &*shape.name == name || shape.interfaces.iter().any(|interface| &**interface == name))
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({}", self.name)?;
        if self.revision > 0 {
            write!(f, " r{}", self.revision)?;
        }
        f.write_str(if self.closed { ", closed)" } else { ", open)" })
    }
}

#[cfg(test)]
mod tests;
