//! Which expected element goes with which actual one: a maximum matching, so that an early, greedy choice never makes
//! a list fail that could be matched.

use std::collections::VecDeque;

/// Who goes with whom.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    /// For each expected element the index of its partner.
    pub(super) partners: Vec<Option<usize>>,
    /// Actual elements without a partner, in order.
    pub(super) left_over: Vec<usize>,
}

/// The largest assignment of `expected` elements to `actual` ones for which `matches(expected, actual)` holds. Asks at
/// most once for each pair.
pub(super) fn assign(expected: usize, actual: usize, mut matches: impl FnMut(usize, usize) -> bool) -> Assignment {
    let mut partners: Vec<Option<usize>> = vec![None; expected];
    let mut owners: Vec<Option<usize>> = vec![None; actual];
    let mut candidates: Vec<Option<Vec<usize>>> = vec![None; expected];
    for start in 0..expected {
        // from `start`, by steps expected → candidate → its owner, to a candidate that nobody owns
        let mut reached_from: Vec<Option<usize>> = vec![None; actual];
        let mut queue = VecDeque::from([start]);
        let mut free = None;
        while let (Some(row), None) = (queue.pop_front(), free) {
            let row_candidates =
                candidates[row].get_or_insert_with(|| (0..actual).filter(|&column| matches(row, column)).collect());
            for &column in &*row_candidates {
                if reached_from[column].is_some() {
                    continue;
                }
                reached_from[column] = Some(row);
                let Some(owner) = owners[column] else {
                    free = Some(column);
                    break;
                };
                queue.push_back(owner);
            }
        }
        // back along the path, each row takes the candidate it was reached by
        while let Some(column) = free {
            let Some(row) = reached_from[column] else { break };
            owners[column] = Some(row);
            free = partners[row].replace(column);
        }
    }
    let left_over = (0..actual).filter(|&column| owners[column].is_none()).collect();
    Assignment { partners, left_over }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_greedy_choice_is_taken_back() {
        // the first takes either, the second only the first
        let found = assign(2, 2, |expected, actual| expected == 0 || actual == 0);
        assert_eq!(found, Assignment { partners: vec![Some(1), Some(0)], left_over: vec![] });
    }

    #[test]
    fn what_has_no_partner_is_named() {
        let found = assign(2, 3, |expected, actual| expected == 0 && actual == 1);
        assert_eq!(found, Assignment { partners: vec![Some(1), None], left_over: vec![0, 2] });
    }

    /// By trying everything.
    fn largest(rows: &[Vec<bool>], taken: &mut Vec<bool>) -> usize {
        let Some((row, rest)) = rows.split_first() else { return 0 };
        let mut best = largest(rest, taken);
        for column in 0..row.len() {
            if row[column] && !taken[column] {
                taken[column] = true;
                best = best.max(1 + largest(rest, taken));
                taken[column] = false;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_assignment_is_larger(
            rows in (0..6_usize).prop_flat_map(|width| proptest::collection::vec(proptest::collection::vec(any::<bool>(), width), 0..6))
        ) {
            let width = rows.first().map_or(0, Vec::len);
            let found = assign(rows.len(), width, |row, column| rows[row][column]);
            let pairs: Vec<(usize, usize)> =
                found.partners.iter().enumerate().filter_map(|(row, column)| Some((row, (*column)?))).collect();
            for &(row, column) in &pairs {
                prop_assert!(rows[row][column]);
            }
            let mut columns: Vec<usize> = pairs.iter().map(|(_, column)| *column).collect();
            columns.extend(&found.left_over);
            columns.sort_unstable();
            prop_assert_eq!(columns, (0..width).collect::<Vec<_>>());
            prop_assert_eq!(pairs.len(), largest(&rows, &mut vec![false; width]));
        }
    }
}
