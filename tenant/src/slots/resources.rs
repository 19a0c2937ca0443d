//! When resources are taken, unit by unit.

use jiff::Timestamp;

use super::{
    Move, Occupation,
    clock::Clock,
    open::Days,
    stretch::{Seconds, Set},
    units::{Item, assign},
};
use crate::profile::Resource;

/// One resource that some part of a visit needs.
pub(super) struct Pool<'a> {
    pub id: &'a str,
    capacity: u32,
    /// When it can be used; none where that is whenever the business is open.
    pub open: Option<Set>,
    /// By start; a session of a class is one item.
    items: Vec<Taken<'a>>,
    /// When every unit is taken, wherever the bookings lie.
    full: Set,
    /// Groups of bookings that hang together by overlapping, and whether one of each must stay where it is. Where
    /// none does, units can always be found when fewer than all are taken at each instant.
    groups: Vec<(Seconds, bool)>,
    any_pinned: bool,
}

#[derive(Clone, Debug)]
struct Taken<'a> {
    item: Item,
    booking: &'a str,
    /// `share`, where it is a class's.
    class: Option<&'a str>,
}

/// A part of a visit that needs a unit.
#[derive(Clone, Debug)]
pub(super) struct Need<'s> {
    pub at: Seconds,
    /// What stands in `share` of a class's rows.
    pub class: Option<&'s str>,
}

/// Units for the needs of a visit, and what moves for them.
pub(super) struct Assigned {
    /// Lanes in the order of the needs.
    pub lanes: Vec<String>,
    pub moves: Vec<Move>,
}

impl<'a> Pool<'a> {
    /// `id` as a service requires it; what is not in the profile has no unit.
    pub fn new(days: &Days<'a>, clock: &Clock, id: &'a str) -> Self {
        let resource: Option<&Resource> = days.profile().resource(id);
        Self {
            id,
            capacity: resource.map_or(0, |resource| resource.capacity),
            open: resource.and_then(|resource| days.resource(clock, resource)),
            items: Vec::new(),
            full: Set::default(),
            groups: Vec::new(),
            any_pinned: false,
        }
    }

    /// A row of this resource, with its unit as it stands in the lane. What has begun by `now` stays where it is.
    pub fn add(&mut self, row: &'a Occupation, (from, to): Seconds, unit: u32, now: i64) {
        // Rows of classes are always pinned; of the many others the text need not be looked at.
        let class = row.pinned && row.share.starts_with("class:");
        let item = Item { from, to, unit: unit.checked_sub(1), pinned: row.pinned || from <= now };
        self.items.push(Taken { item, booking: &row.booking, class: class.then_some(&row.share) });
    }

    /// Makes it ready after its last row.
    pub fn finish(&mut self) {
        self.items.sort_unstable_by_key(|taken| (taken.item.from, taken.item.to));
        // A session's rows lie on one unit for the same time: they are one.
        let mut sessions: Vec<Taken<'a>> = Vec::new();
        self.items.retain(|taken| {
            if taken.class.is_none() {
                return true;
            }
            let same = |s: &&mut Taken<'_>| s.class == taken.class && s.item.unit == taken.item.unit;
            match sessions.iter_mut().find(same) {
                Some(session) => session.item.to = session.item.to.max(taken.item.to),
                None => sessions.push(taken.clone()),
            }
            false
        });
        self.items.extend(sessions);
        self.items.sort_unstable_by_key(|taken| (taken.item.from, taken.item.to));
        self.any_pinned = self.items.iter().any(|taken| self.stays(&taken.item));
        self.full = self.when_full();
        let mut groups: Vec<(Seconds, bool)> = Vec::new();
        for taken in &self.items {
            let (from, to, stays) = (taken.item.from, taken.item.to, self.stays(&taken.item));
            match groups.last_mut() {
                Some(((_, until), pinned)) if from < *until => {
                    *until = to.max(*until);
                    *pinned |= stays;
                }
                _ => groups.push(((from, to), stays)),
            }
        }
        self.groups = groups;
    }

    /// Whether units are not free to be given anew.
    fn stays(&self, item: &Item) -> bool {
        item.pinned || item.unit.is_none_or(|unit| unit >= self.capacity)
    }

    fn when_full(&self) -> Set {
        let mut ends: Vec<i64> = self.items.iter().map(|taken| taken.item.to).collect();
        ends.sort_unstable();
        let capacity = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        let (mut full, mut over) = (Vec::new(), 0);
        for (begun, taken) in (1_usize..).zip(&self.items) {
            while ends.get(over).is_some_and(|end| *end <= taken.item.from) {
                over += 1;
            }
            // From here all units are taken, until enough of those under way end.
            if let Some(under_way) = (begun - over).checked_sub(capacity)
                && let Some(end) = ends.get(over + under_way)
            {
                full.push((taken.item.from, *end));
            }
        }
        Set::union(full)
    }

    /// The unit a session of a class has already, with its whole time.
    fn session(&self, share: &str) -> Option<&Taken<'a>> {
        self.items.iter().find(|taken| taken.class == Some(share))
    }

    /// Whether units can be found for all these parts of a visit.
    pub fn has_room(&self, needs: &[Need<'_>]) -> bool {
        let joins = |need: &Need<'_>| need.class.and_then(|share| self.session(share));
        let exact = self.any_pinned && needs.len() > 1
            || needs.iter().any(|need| {
                joins(need)
                    .is_some_and(|session| need.at.0 < session.item.from || session.item.to < need.at.1)
            });
        if exact {
            return self.assign(needs).is_some();
        }
        needs.iter().all(|need| {
            if joins(need).is_some() {
                return true;
            }
            if self.capacity == 0 || self.full.meets(need.at.0, need.at.1) {
                return false;
            }
            let first = self.groups.partition_point(|group| group.0.1 <= need.at.0);
            let near = self.groups.iter().skip(first).take_while(|group| group.0.0 < need.at.1);
            !near.into_iter().any(|group| group.1) || self.assign(std::slice::from_ref(need)).is_some()
        })
    }

    /// Units for these parts of a visit; nothing where they do not fit.
    pub fn assign(&self, needs: &[Need<'_>]) -> Option<Assigned> {
        // Joining a session takes its unit, for the time of both.
        let mut items: Vec<(Item, Option<&Taken<'a>>)> = Vec::new();
        let mut at = Vec::with_capacity(needs.len());
        for need in needs {
            let session = need.class.and_then(|share| self.session(share));
            let known = items.iter().position(|(_, taken)| {
                session.is_some()
                    && taken.map(|t| (t.class, t.item.unit)) == session.map(|s| (s.class, s.item.unit))
            });
            at.push(known.unwrap_or(items.len()));
            if known.is_none() {
                let mut item = Item { from: need.at.0, to: need.at.1, unit: None, pinned: false };
                if let Some(session) = session {
                    item = session.item.clone();
                    (item.from, item.to) = (item.from.min(need.at.0), item.to.max(need.at.1));
                }
                items.push((item, session));
            }
        }
        // With everything that hangs together with them.
        let added = items.len();
        let mut reach: Vec<Seconds> = items.iter().map(|(item, _)| (item.from, item.to)).collect();
        reach.extend(
            self.groups
                .iter()
                .map(|group| group.0)
                .filter(|group| items.iter().any(|(item, _)| item.from < group.1 && group.0 < item.to)),
        );
        let reach = Set::union(reach);
        for taken in &self.items {
            let joined = items.iter().take(added).any(|(_, t)| t.is_some_and(|t| std::ptr::eq(t, taken)));
            if !joined && reach.meets(taken.item.from, taken.item.to) {
                items.push((taken.item.clone(), Some(taken)));
            }
        }
        let plain: Vec<Item> = items.iter().map(|(item, _)| item.clone()).collect();
        let units = assign(&plain, self.capacity)?;
        let lane = |unit: u32| format!("resource:{}/{}", self.id, unit.saturating_add(1));
        let lanes = at.iter().filter_map(|n| {
            // Whose unit no longer exists stays there with all who join.
            let stays = items.get(*n).and_then(|(item, _)| item.unit.filter(|_| item.pinned));
            stays.or_else(|| units.get(*n).copied()).map(lane)
        });
        let moves = items.iter().zip(&units).filter_map(|((item, taken), unit)| {
            let (taken, has) = ((*taken)?, item.unit?);
            let moves = !item.pinned && has != *unit;
            moves.then(|| {
                Some(Move {
                    booking: taken.booking.to_owned(),
                    from: lane(has),
                    to: lane(*unit),
                    stretch: super::Stretch {
                        from: Timestamp::from_second(item.from).ok()?,
                        to: Timestamp::from_second(item.to).ok()?,
                    },
                })
            })?
        });
        Some(Assigned { lanes: lanes.collect(), moves: moves.collect() })
    }
}
