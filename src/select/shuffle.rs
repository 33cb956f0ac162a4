//! A random order that a seed repeats.

use std::collections::HashMap;
use std::hash::Hash;

use fastrand::Rng;

/// Shuffles; items of one `group` keep their order among themselves. The same seed gives the same order to as many items.
pub(crate) fn shuffle<T, K: Eq + Hash>(items: Vec<T>, seed: u64, group: impl Fn(&T) -> Option<K>) -> Vec<T> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    Rng::with_seed(seed).shuffle(&mut order);
    let mut places: HashMap<K, Vec<usize>> = HashMap::new();
    for (place, item) in order.iter().enumerate() {
        if let Some(key) = group(&items[*item]) {
            places.entry(key).or_default().push(place);
        }
    }
    for places in places.into_values() {
        let mut members: Vec<usize> = places.iter().map(|place| order[*place]).collect();
        members.sort_unstable();
        for (place, member) in places.into_iter().zip(members) {
            order[place] = member;
        }
    }
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order.into_iter().filter_map(|item| items[item].take()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn groups_keep_their_order_and_nothing_is_lost(count in 0_usize..60, seed in any::<u64>()) {
            let group = |item: &usize| item.is_multiple_of(3).then_some(item % 2);
            let shuffled = shuffle((0..count).collect(), seed, group);
            prop_assert_eq!(&shuffled, &shuffle((0..count).collect(), seed, group));
            for key in 0..2 {
                prop_assert!(shuffled.iter().filter(|item| group(item) == Some(key)).is_sorted());
            }
            let mut sorted = shuffled;
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeds_differ() {
        let order = |seed| shuffle((0..20).collect(), seed, |_| None::<()>);
        assert_ne!(order(1), order(2));
        assert!(!order(1).is_sorted());
    }
}
