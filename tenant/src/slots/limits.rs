//! How many bookings begin on each local day.
//!
//! The business's limit counts bookings by the start of the visit. A service's or a person's counts those that have a
//! part of that service or by that person, by the part's start; a booking counts once a day.

use super::{
    Busy, Standing,
    clock::{Clock, DAY},
    rows::by_id,
};

/// The limits that matter to a visit; none where the profile sets none.
pub(super) struct Limits {
    pub business: Option<Limit>,
    /// By part of the visit.
    pub services: Vec<Option<Limit>>,
    /// By the agenda's people.
    pub people: Vec<Option<Limit>>,
}

/// A limit of bookings that begin on one local day, with how many do.
pub(super) struct Limit {
    most: u32,
    first: i64,
    counts: Vec<u32>,
}

impl Limit {
    fn at(&self, day: i64) -> Option<usize> {
        usize::try_from(day - self.first).ok()
    }

    fn count(&mut self, day: i64) {
        if let Some(count) = self.at(day).and_then(|at| self.counts.get_mut(at)) {
            *count += 1;
        }
    }

    /// Whether no more may begin on a day.
    pub fn is_reached(&self, day: i64) -> bool {
        self.at(day).and_then(|at| self.counts.get(at)).is_some_and(|count| *count >= self.most)
    }
}

impl Limits {
    /// Counts over `days` (epoch days). Services and people come with their ids and most bookings a day.
    pub fn new(
        business: Option<u32>,
        services: &[(&str, Option<u32>)],
        people: &[(&str, Option<u32>)],
        (busy, clock): (&Busy, &Clock),
        days: &std::ops::Range<i64>,
    ) -> Self {
        let length = usize::try_from(days.end - days.start).unwrap_or_default();
        let limit =
            |most: Option<u32>| most.map(|most| Limit { most, first: days.start, counts: vec![0; length] });
        let mut limits = Self {
            business: limit(business),
            services: services.iter().map(|(_, most)| limit(*most)).collect(),
            people: people.iter().map(|(_, most)| limit(*most)).collect(),
        };
        let of_services = services.iter().any(|(_, most)| most.is_some());
        let of_people = people.iter().any(|(_, most)| most.is_some());
        if !of_services && !of_people && business.is_none() {
            return limits;
        }
        let find = by_id(people.iter().map(|(id, _)| *id));
        let day = |n: usize, booking: &Standing| -> Option<i64> {
            Some(clock.local(booking.parts.get(n)?.start.as_second()).div_euclid(DAY))
        };
        for booking in &busy.bookings {
            let mut earliest: Option<i64> = None;
            for (n, part) in booking.parts.iter().enumerate() {
                let Some(on) = day(n, booking) else { continue };
                earliest = Some(earliest.map_or(on, |earliest| earliest.min(on)));
                let before = booking.parts.iter().enumerate().take(n);
                let mut same_day = before.filter(|(m, _)| day(*m, booking) == Some(on));
                if of_services && !same_day.clone().any(|(_, other)| other.service == part.service) {
                    let known = limits.services.iter_mut().zip(services);
                    let of_it = known.filter(|(_, (id, _))| *id == part.service);
                    of_it.filter_map(|(limit, _)| limit.as_mut()).for_each(|limit| limit.count(on));
                }
                if of_people && !same_day.any(|(_, other)| other.staff == part.staff) {
                    let limit = find(&part.staff).and_then(|n| limits.people.get_mut(n));
                    limit.into_iter().flatten().for_each(|limit| limit.count(on));
                }
            }
            if let (Some(limit), Some(on)) = (&mut limits.business, earliest) {
                limit.count(on);
            }
        }
        limits
    }
}
