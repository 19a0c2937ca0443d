//! Stretches of exact time, and sets of them in whole seconds.

use std::cell::Cell;

use jiff::Timestamp;

/// A half-open stretch of exact time, `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

impl Stretch {
    /// Whether two stretches share an instant.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    /// Whether `other` lies wholly in this one.
    pub fn covers(&self, other: &Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// In whole seconds, rounded outward. Everything it is compared with lies on whole seconds, so nothing is lost.
    pub(super) fn seconds(&self) -> Seconds {
        (self.from.as_second() - i64::from(self.from.subsec_nanosecond() < 0), ceil(self.to))
    }

    /// In whole seconds, if any of it lies in the range.
    pub(super) fn seconds_in(&self, (from, to): Seconds) -> Option<Seconds> {
        let at = self.seconds();
        (self.from < self.to && at.0 < to && from < at.1).then_some(at)
    }
}

/// The first whole second that is not before an instant.
pub(super) fn ceil(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

/// `[from, to)` in seconds since the epoch.
pub(super) type Seconds = (i64, i64);

/// Disjoint, sorted stretches that do not touch. Looking up ascending times costs a step or none.
#[derive(Clone, Debug, Default)]
pub(super) struct Set {
    items: Vec<Seconds>,
    /// Where the last look-up ended; it changes no answer.
    hint: Cell<usize>,
}

impl Set {
    /// The union of any stretches; empty ones count for nothing.
    pub fn union(mut all: Vec<Seconds>) -> Self {
        all.retain(|(from, to)| from < to);
        all.sort_unstable();
        let mut items: Vec<Seconds> = Vec::with_capacity(all.len());
        for (from, to) in all {
            match items.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => items.push((from, to)),
            }
        }
        Self { items, hint: Cell::new(0) }
    }

    /// What lies in both.
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b, mut items) = (self.items.iter().peekable(), other.items.iter().peekable(), vec![]);
        while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
            let (from, to) = (x.0.max(y.0), x.1.min(y.1));
            if from < to {
                items.push((from, to));
            }
            if x.1 < y.1 {
                a.next()
            } else {
                b.next()
            };
        }
        Self { items, hint: Cell::new(0) }
    }

    /// The stretches in order.
    pub fn items(&self) -> &[Seconds] {
        &self.items
    }

    /// Whether `[from, to)` lies wholly inside.
    pub fn covers(&self, from: i64, to: i64) -> bool {
        self.first_ending_after(from).is_some_and(|item| item.0 <= from && to <= item.1)
    }

    /// Whether `[from, to)` shares an instant with it.
    pub fn meets(&self, from: i64, to: i64) -> bool {
        from < to && self.first_ending_after(from).is_some_and(|item| item.0 < to)
    }

    fn first_ending_after(&self, at: i64) -> Option<Seconds> {
        let ended = |n: usize| self.items.get(n).is_some_and(|item| item.1 <= at);
        let mut n = self.hint.get();
        if n == 0 || ended(n - 1) {
            // A few steps ahead is the usual case.
            for _ in 0..4 {
                n += usize::from(ended(n));
            }
        }
        if ended(n) || (n > 0 && !ended(n - 1)) {
            n = self.items.partition_point(|item| item.1 <= at);
        }
        self.hint.set(n);
        self.items.get(n).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_merges_what_touches_and_forgets_what_is_empty() {
        let set = Set::union(vec![(5, 7), (1, 3), (3, 4), (9, 9), (6, 8), (12, 10)]);
        assert_eq!(set.items(), [(1, 4), (5, 8)]);
        assert!(set.covers(1, 4) && set.covers(5, 6) && !set.covers(3, 6) && !set.covers(0, 2));
        assert!(set.meets(0, 2) && set.meets(7, 20) && !set.meets(4, 5) && !set.meets(8, 9));
    }

    #[test]
    fn an_answer_does_not_depend_on_what_was_asked_before() {
        let set = Set::union((0..50).map(|n| (n * 10, n * 10 + 4)).collect());
        let asked: Vec<i64> = (0..500).map(|n| (n * 7919) % 520 - 10).collect();
        for at in asked {
            let fresh = Set::union(set.items().to_vec());
            assert_eq!(set.covers(at, at + 2), fresh.covers(at, at + 2), "{at}");
            assert_eq!(set.meets(at, at + 2), fresh.meets(at, at + 2), "{at}");
        }
    }

    #[test]
    fn an_intersection_holds_what_lies_in_both() {
        let (a, b) = (Set::union(vec![(0, 10), (20, 30)]), Set::union(vec![(5, 25), (28, 40)]));
        assert_eq!(a.intersection(&b).items(), [(5, 10), (20, 25), (28, 30)]);
        assert_eq!(b.intersection(&a).items(), [(5, 10), (20, 25), (28, 30)]);
    }

    #[test]
    fn parts_of_seconds_are_rounded_outward() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let of = |from, to| Stretch { from: at(from), to: at(to) }.seconds();
        assert_eq!(of("1970-01-01T00:00:01.5Z", "1970-01-01T00:00:02.1Z"), (1, 3));
        assert_eq!(of("1969-12-31T23:59:58.5Z", "1969-12-31T23:59:59.5Z"), (-2, 0));
    }
}
