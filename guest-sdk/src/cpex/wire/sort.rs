//! A small sort for keys.

/// Sorts by heap: never slow, and a tenth of the code of the standard library's sort.
pub(crate) fn sort<T>(items: &mut [T], less: fn(&T, &T) -> bool) {
    for start in (0..items.len() / 2).rev() {
        sift(items, start, less);
    }
    for end in (1..items.len()).rev() {
        items.swap(0, end);
        if let Some(heap) = items.get_mut(..end) {
            sift(heap, 0, less);
        }
    }
}

/// Lets the item at `at` sink to where no child of it is larger.
fn sift<T>(heap: &mut [T], mut at: usize, less: fn(&T, &T) -> bool) {
    loop {
        let left = at.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let Some(first) = heap.get(left) else { return };
        let child = match heap.get(right) {
            Some(second) if less(first, second) => right,
            _ => left,
        };
        match (heap.get(at), heap.get(child)) {
            (Some(parent), Some(larger)) if less(parent, larger) => heap.swap(at, child),
            _ => return,
        }
        at = child;
    }
}

#[cfg(test)]
mod tests {
    use super::sort;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_sorts(mut items in prop::collection::vec(0_u8..40, 0..50)) {
            let mut expected = items.clone();
            expected.sort_unstable();
            sort(&mut items, |a, b| a < b);
            prop_assert_eq!(items, expected);
        }
    }
}
