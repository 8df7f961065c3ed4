//! A map that has its newest entry at hand.

use std::collections::BTreeMap;

/// A map whose newest entry stands apart from the others.
///
/// Most tables of a session hold one entry at a time, call after call: that one is put in, found and taken out without a
/// search and without memory of the table's own. The others are in a tree: no choice of keys makes it slow, whoever chose.
pub(crate) struct Recent<K, V> {
    newest: Option<(K, V)>,
    others: BTreeMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { newest: None, others: BTreeMap::new() }
    }
}

impl<K: Ord + Copy, V> Recent<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match &self.newest {
            Some((newest, value)) if newest == key => Some(value),
            _ => self.others.get(key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.newest {
            Some((newest, value)) if newest == key => Some(value),
            _ => self.others.get_mut(key),
        }
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// Puts in an entry under a key that has none.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some((former, value)) = self.newest.replace((key, value)) {
            self.others.insert(former, value);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        match self.newest.take_if(|(newest, _)| newest == key) {
            Some((_, value)) => Some(value),
            None => self.others.remove(key),
        }
    }

    /// All keys, in their order.
    pub(crate) fn keys(&self) -> Vec<K> {
        let newest = self.newest.iter().map(|(key, _)| key);
        let mut keys: Vec<K> = self.others.keys().chain(newest).copied().collect();
        keys.sort_unstable();
        keys
    }

    /// All values, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.newest.iter().map(|(_, value)| value).chain(self.others.values())
    }

    pub(crate) fn len(&self) -> usize {
        self.others.len() + usize::from(self.newest.is_some())
    }

    pub(crate) fn clear(&mut self) {
        self.newest = None;
        self.others.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_and_taken_out_wherever_they_stand() {
        let mut table = Recent::default();
        for key in [5, 9, 1] {
            table.insert(key, key * 10);
        }
        assert_eq!(table.keys(), [1, 5, 9]);
        assert_eq!((table.get(&1), table.get(&5), table.get(&2)), (Some(&10), Some(&50), None));
        if let Some(value) = table.get_mut(&9) {
            *value = 91;
        }
        assert_eq!((table.remove(&1), table.remove(&1)), (Some(10), None), "the newest");
        assert_eq!((table.remove(&9), table.contains_key(&9)), (Some(91), false), "an older one");
        table.insert(3, 30);
        assert_eq!((table.len(), table.values().sum::<i32>()), (2, 80));
        table.clear();
        assert_eq!((table.len(), table.keys()), (0, Vec::new()));
    }
}
