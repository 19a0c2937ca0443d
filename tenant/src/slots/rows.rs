//! Reading the rows of what is taken, once per query.

use super::{
    Busy,
    people::Person,
    resources::Pool,
    stretch::{Seconds, Set},
};

/// Sorts what is taken between two instants to people and resources. `now` is what decides which units may change.
pub(super) fn read<'a>(
    people: &mut [Person<'a>],
    pools: &mut [Pool<'a>],
    busy: &'a Busy,
    range: Seconds,
    now: i64,
    with_classes: bool,
) {
    let ids: Vec<&str> = people.iter().map(|person| person.staff.id.as_str()).collect();
    let find = by_id(ids.into_iter());
    let mut taken: Vec<Vec<Seconds>> = vec![Vec::new(); people.len()];
    let mut alone = taken.clone();
    let mut add = |n: usize, at: Seconds, alone_too: bool| {
        taken.get_mut(n).into_iter().for_each(|taken| taken.push(at));
        if alone_too {
            alone.get_mut(n).into_iter().for_each(|alone| alone.push(at));
        }
    };
    for row in &busy.occupations {
        let Some(at) = row.stretch.seconds_in(range) else { continue };
        if let Some(id) = row.lane.strip_prefix("staff:") {
            let Some(n) = find(id) else { continue };
            let class = with_classes && row.share.starts_with("class:");
            add(n, at, with_classes && !class);
            if class && let Some(person) = people.get_mut(n) {
                person.classes.push((at, &row.share));
            }
        } else if !pools.is_empty()
            && let Some((id, unit)) =
                row.lane.strip_prefix("resource:").and_then(|lane| lane.rsplit_once('/'))
            && let Some(pool) = pools.iter_mut().find(|pool| pool.id == id)
            && let Ok(unit) = unit.parse()
        {
            pool.add(row, at, unit, now);
        }
    }
    for event in &busy.mirrored {
        let Some(at) = event.stretch.seconds_in(range) else { continue };
        for (n, person) in people.iter().enumerate() {
            if event.staff.as_ref().is_none_or(|id| *id == person.staff.id) {
                add(n, at, with_classes);
            }
        }
    }
    for ((person, taken), alone) in people.iter_mut().zip(taken).zip(alone) {
        (person.taken, person.taken_alone) = (Set::union(taken), Set::union(alone));
        person.classes.sort_unstable();
        person.classes.dedup();
    }
    for pool in pools {
        pool.finish();
    }
}

/// Finds the place of an id in a list; of thousands of rows each is looked up, so numbers are compared before texts.
pub(super) fn by_id<'i>(ids: impl Iterator<Item = &'i str>) -> impl Fn(&str) -> Option<usize> {
    let key = |id: &str| {
        id.bytes()
            .fold(0xcbf2_9ce4_8422_2325, |key: u64, b| (key ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
    };
    let mut sorted: Vec<(u64, &str, usize)> = ids.zip(0..).map(|(id, n)| (key(id), id, n)).collect();
    sorted.sort_unstable();
    move |id| {
        let wanted = key(id);
        let from = sorted.partition_point(|entry| entry.0 < wanted);
        let same = sorted.iter().skip(from).take_while(|entry| entry.0 == wanted);
        same.into_iter().find(|entry| entry.1 == id).map(|entry| entry.2)
    }
}
