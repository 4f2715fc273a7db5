//! Sorting and sorted maps in little code.
//!
//! Each type that the standard library sorts is 4 KB of wasm, and collecting into a sorted map
//! sorts too. What the core sorts is short: here all of it shares one sort, of places.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Sorts by a key. It is stable: what has equal keys stays in order.
pub fn sort_by_key<T, K: Ord>(items: &mut Vec<T>, key: impl Fn(&T) -> K) {
    let order = {
        let at = |place: usize| items.get(place).map(&key);
        places(items.len(), &|a, b| at(a).cmp(&at(b)))
    };
    let mut taken: Vec<Option<T>> = items.drain(..).map(Some).collect();
    items.extend(order.into_iter().filter_map(|place| taken.get_mut(place)?.take()));
}

fn places(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by(|a, b| compare(*a, *b));
    places
}

/// A map of entries; of those with one key the last stays.
pub fn map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_equal_keys_stays_in_order() {
        let mut items: Vec<(u32, usize)> = (0..100).map(|n| (n * 7 % 10, n as usize)).collect();
        let mut expected = items.clone();
        expected.sort_by_key(|item| item.0);
        sort_by_key(&mut items, |item| item.0);
        assert_eq!(items, expected);
        sort_by_key(&mut Vec::<u32>::new(), |item| *item);
    }

    #[test]
    fn the_last_of_one_key_stays() {
        let map = map([("b", 1), ("a", 2), ("b", 3)]);
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("a", 2), ("b", 3)]);
    }
}
