//! A map that remembers a limited number of entries and forgets the oldest.

use std::collections::{HashMap, VecDeque};

/// The most entries a [`Recent`] keeps; beyond it the oldest is forgotten, as if its sender had never called.
pub const MAX_ENTRIES: usize = 100_000;

/// Entries by name, in the order they were first made.
#[derive(Debug)]
pub struct Recent<V> {
    entries: HashMap<String, V>,
    order: VecDeque<String>,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new() }
    }
}

impl<V> Recent<V> {
    /// The entry of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.entries.get(name)
    }

    /// The entry of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        self.entries.get_mut(name)
    }

    /// The entry of this name, made first if there is none.
    pub fn get_or_insert_with(&mut self, name: &str, value: impl FnOnce() -> V) -> &mut V {
        self.line_up(name);
        self.entries.entry(name.to_owned()).or_insert_with(value)
    }

    /// Makes or replaces an entry and returns what was there before.
    pub fn insert(&mut self, name: &str, value: V) -> Option<V> {
        self.line_up(name);
        self.entries.insert(name.to_owned(), value)
    }

    /// Puts a new name last in line; if the line is too long then, its first is forgotten.
    fn line_up(&mut self, name: &str) {
        if self.entries.contains_key(name) {
            return;
        }
        self.order.push_back(name.to_owned());
        if self.order.len() > MAX_ENTRIES
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    /// All entries, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &V> {
        self.order.iter().filter_map(|name| self.entries.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entry_makes_room_for_the_newest() {
        let mut recent = Recent::default();
        for number in 0..=MAX_ENTRIES {
            assert_eq!(recent.insert(&number.to_string(), number), None);
        }
        assert_eq!((recent.get("0"), recent.get("1")), (None, Some(&1)));
        assert_eq!(recent.insert("1", 7), Some(1));
        assert_eq!(*recent.get_or_insert_with("1", || 8), 7);
        assert_eq!(recent.iter().count(), MAX_ENTRIES);
    }
}
