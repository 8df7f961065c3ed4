//! What of a value a type wants whole: how deep what came by reference is copied, before a task makes one of it.

/// What is copied before [`FromValue::from_value`](super::FromValue::from_value), which in a task must not wait.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Whole {
    /// Nothing: references stay what they are.
    AsItIs,
    /// A container, and of each of its elements (of a dict, its values) what this says. A function, so that a type may
    /// hold itself.
    Each(fn() -> Whole),
    /// A container, and of its elements in turn what these say.
    Parts(fn() -> Vec<Whole>),
    /// So many levels of containers, whatever they hold.
    Levels(usize),
    /// As [`Whole::Levels`], and values of value types that came as references to their data.
    Values(usize),
}
