//! Which unit of a resource each booking has, and how they change places so that one more fits.

/// Something that takes one unit of a resource for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// First second.
    pub from: i64,
    /// First second after it.
    pub to: i64,
    /// The unit it has now, counted from 0; none for what is to be booked. One at or above the capacity (the profile
    /// had more units once) is a unit that no longer exists: its booking needs another.
    pub unit: Option<u32>,
    /// Whether it must keep its unit.
    pub pinned: bool,
}

impl Item {
    fn overlaps(&self, other: &Self) -> bool {
        self.from < other.to && other.from < self.to
    }

    fn fixed(&self, capacity: u32) -> Option<u32> {
        self.unit.filter(|unit| self.pinned && *unit < capacity)
    }
}

/// Steps after which the search for a place among pinned items is given up; the resource then counts as taken.
/// Without pinned items no search is needed.
const MOST_STEPS: usize = 20_000;

/// A unit for each item, so that no two on one unit overlap; items keep theirs where they can. Nothing where there is
/// none (or none was found in [`MOST_STEPS`]).
pub(super) fn assign(items: &[Item], capacity: u32) -> Option<Vec<u32>> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|n| (items[*n].from, items[*n].unit.is_none(), *n));
    in_place(items, capacity)
        .or_else(|| to_the_right(items, &order, capacity))
        .or_else(|| search(items, &order, capacity))
}

/// Everything stays where it is and the new ones find a unit that is free all the time.
fn in_place(items: &[Item], capacity: u32) -> Option<Vec<u32>> {
    let mut units: Vec<Option<u32>> = items.iter().map(|item| item.unit.filter(|u| *u < capacity)).collect();
    for (n, item) in items.iter().enumerate() {
        let shared =
            |(m, other): (usize, &Item)| units[m].is_some() && units[m] == units[n] && other.overlaps(item);
        if items.iter().enumerate().take(n).any(shared) {
            return None;
        }
        if units[n].is_none() {
            let free = |unit: &u32| {
                !items.iter().zip(&units).any(|(other, has)| *has == Some(*unit) && other.overlaps(item))
            };
            units[n] = Some((0..capacity).find(free)?);
        }
    }
    units.into_iter().collect()
}

/// Goes through the items by start; each keeps its unit if that is free by then, else takes one that is. What began
/// before the first new one stays. Finds a place whenever there is one and nothing later is pinned: at each start
/// fewer than `capacity` others are under way.
fn to_the_right(items: &[Item], order: &[usize], capacity: u32) -> Option<Vec<u32>> {
    let mut units = vec![None; items.len()];
    for &n in order {
        let item = &items[n];
        let free = |unit: u32| {
            let collides = |(m, other): (usize, &Item)| {
                let theirs = units[m].or(other.fixed(capacity));
                m != n && theirs == Some(unit) && other.overlaps(item)
            };
            !items.iter().enumerate().any(collides)
        };
        // How long the unit's present holder of the time after lets it be.
        let room = |unit: &u32| {
            let next = items.iter().filter(|other| other.unit == Some(*unit) && other.from >= item.from);
            next.map(|other| other.from).min().unwrap_or(i64::MAX)
        };
        let keeps = item.unit.filter(|unit| *unit < capacity && free(*unit));
        let takes =
            || (0..capacity).filter(|unit| free(*unit)).max_by_key(|unit| (room(unit), u32::MAX - unit));
        let unit = match item.fixed(capacity) {
            Some(fixed) => free(fixed).then_some(fixed),
            None => keeps.or_else(takes),
        };
        units[n] = Some(unit?);
    }
    units.into_iter().collect()
}

/// Tries everything, by start, present units first.
fn search(items: &[Item], order: &[usize], capacity: u32) -> Option<Vec<u32>> {
    let choices = |n: usize| -> Vec<u32> {
        let item = &items[n];
        match (item.fixed(capacity), item.unit) {
            (Some(fixed), _) => vec![fixed],
            (None, Some(unit)) if unit < capacity => {
                std::iter::once(unit).chain((0..capacity).filter(|u| *u != unit)).collect()
            }
            _ => (0..capacity).collect(),
        }
    };
    // Pinned items go first: every later choice is then held against them.
    let (pinned, free): (Vec<usize>, Vec<usize>) =
        order.iter().copied().partition(|n| items[*n].fixed(capacity).is_some());
    let order: Vec<usize> = pinned.into_iter().chain(free).collect();
    let mut units: Vec<Option<u32>> = vec![None; items.len()];
    let mut stack: Vec<(Vec<u32>, usize)> = Vec::with_capacity(items.len());
    for _ in 0..MOST_STEPS {
        let depth = stack.len();
        let Some(&n) = order.get(depth) else { return units.into_iter().collect() };
        stack.push((choices(n), 0));
        // Takes the next choice of the deepest item that has one left.
        loop {
            let at = stack.len() - 1;
            let &n = order.get(at)?;
            let (choices, tried) = stack.last_mut()?;
            units[n] = None;
            let next = choices.iter().enumerate().skip(*tried).find(|(_, unit)| {
                !items.iter().zip(&units).any(|(o, has)| *has == Some(**unit) && o.overlaps(&items[n]))
            });
            if let Some((choice, unit)) = next {
                (*tried, units[n]) = (choice + 1, Some(*unit));
                break;
            }
            stack.pop();
            if stack.is_empty() {
                return None;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(from: i64, to: i64, unit: u32) -> Item {
        Item { from, to, unit: Some(unit), pinned: false }
    }

    fn new(from: i64, to: i64) -> Item {
        Item { from, to, unit: None, pinned: false }
    }

    fn valid(items: &[Item], units: &[u32], capacity: u32) -> bool {
        (0..items.len()).all(|a| {
            units[a] < capacity
                && items[a].fixed(capacity).is_none_or(|unit| unit == units[a])
                && (0..a).all(|b| units[a] != units[b] || !items[a].overlaps(&items[b]))
        })
    }

    #[test]
    fn two_that_follow_each_other_on_two_units_make_room_for_one_across_both() {
        let items = [item(9, 10, 0), item(10, 11, 1), new(9, 11)];
        let units = assign(&items, 2).unwrap();
        assert!(valid(&items, &units, 2), "{units:?}");
        assert_eq!(units[0], 0, "what began before stays");
    }

    #[test]
    fn what_is_pinned_stays_and_may_close_the_time() {
        let mut items = [item(9, 10, 0), item(10, 11, 1), new(9, 11)];
        items[0].pinned = true;
        items[1].pinned = true;
        assert_eq!(assign(&items, 2), None);
        items[1].pinned = false;
        assert!(valid(&items, &assign(&items, 2).unwrap(), 2));
    }

    #[test]
    fn a_place_between_pinned_ones_is_searched_for() {
        // Greedy choices put the first on the unit the pinned one needs later.
        let mut items = [item(0, 4, 0), item(2, 8, 1), item(6, 9, 0), new(4, 6)];
        items[2].pinned = true;
        let units = assign(&items, 2).unwrap();
        assert!(valid(&items, &units, 2), "{units:?}");
    }

    #[test]
    fn a_unit_that_no_longer_exists_still_counts() {
        let items = [item(9, 10, 0), item(9, 10, 1), item(9, 10, 2), new(9, 10)];
        assert_eq!(assign(&items, 3), None);
        assert_eq!(assign(&items[..3], 2), None);
        let fewer = [item(9, 10, 0), item(9, 10, 2)];
        assert!(valid(&fewer, &assign(&fewer, 2).unwrap(), 2));
    }

    fn exhaustive(items: &[Item], capacity: u32, units: &mut Vec<u32>) -> bool {
        if units.len() == items.len() {
            return valid(items, units, capacity);
        }
        (0..capacity).any(|unit| {
            units.push(unit);
            let found = exhaustive(items, capacity, units);
            units.pop();
            found
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn a_place_is_found_exactly_where_there_is_one(
            raw in prop::collection::vec((0..12_i64, 1..5_i64, prop::option::weighted(0.8, 0..3_u32), any::<bool>()), 1..7),
            capacity in 1..4_u32,
        ) {
            let items: Vec<Item> = raw
                .into_iter()
                .map(|(from, len, unit, pinned)| Item { from, to: from + len, unit, pinned: pinned && unit.is_some() })
                .collect();
            let found = assign(&items, capacity);
            if let Some(units) = &found {
                prop_assert!(valid(&items, units, capacity));
            }
            prop_assert_eq!(found.is_some(), exhaustive(&items, capacity, &mut Vec::new()));
        }
    }
}
