//! The code of a class's members, found by name.

use std::sync::Arc;

/// Things by name, sorted by the names' lengths first: most names are told apart without looking at their bytes.
pub(super) struct ByName<V>(Vec<(Arc<str>, V)>);

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> ByName<V> {
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts a thing in, in place of one that had its name.
    pub(super) fn insert(&mut self, name: Arc<str>, thing: V) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = thing,
            Err(place) => self.0.insert(place, (name, thing)),
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if let Ok(place) = self.place(name) {
            self.0.remove(place);
        }
    }

    /// Where the name stands, or would stand.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (other.len(), &**other).cmp(&(name.len(), name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_last_is_found_by_its_name_alone() {
        let mut table = ByName::default();
        for (count, name) in ["b", "a", "", "ab", "aa", "b", "abc"].into_iter().enumerate() {
            table.insert(name.into(), count);
        }
        let found = ["", "a", "b", "aa", "ab", "abc", "c", "ac", "abcd"].map(|name| table.get(name).copied());
        assert_eq!(found, [Some(2), Some(1), Some(5), Some(4), Some(3), Some(6), None, None, None]);
        table.remove("a");
        table.remove("ac");
        assert_eq!((table.contains("a"), table.contains("b"), table.contains("aa")), (false, true, true));
    }
}
