//! Which days have a free slot.

use jiff::{ToSpan, civil::Date};
use mcp_tenant::{
    slots::{Calendar, Query, Stretch, Visit, free_slots},
    when::Window,
};

use super::{Desk, FindError, Principal, busy::busy, desk::around};

/// Longest way ahead that is looked for a free day.
const FARTHEST: i64 = 120;

impl Desk {
    /// The first local days from `from` on that have a free slot for a visit, in order, at most `most`; the booking
    /// `without` does not stand in the way.
    pub async fn free_days(
        &self,
        principal: &Principal,
        services: &[(&str, Option<&str>)],
        without: Option<&str>,
        from: Date,
        most: usize,
    ) -> Result<Vec<Date>, FindError> {
        let loaded = self.business(principal);
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile)?;
        let now = self.clock.now();
        let visit = Visit::new(profile, services).map_err(FindError::Unknown)?;
        let first = from.max(calendar.local(now).date());
        let ahead = profile.services.iter().filter_map(|service| service.horizon).max();
        let ahead = ahead.map_or(profile.rules.horizon, |longest| longest.max(profile.rules.horizon));
        let ahead = (ahead.as_duration().as_hours() / 24 + 1).min(FARTHEST);
        let last = calendar.local(now).date().saturating_add(ahead.days());
        if first > last {
            return Ok(Vec::new());
        }
        let stretch: Stretch = calendar.stretch(&Window::days(first, last));
        let (begin, end) = around(stretch);
        let agenda = self.store.agenda(begin, end, now).await?;
        let outside = self.outside_busy(begin, end).await.and_then(Result::ok).unwrap_or_default();
        let busy = busy(&agenda, &outside);
        let busy = without.map_or(busy.clone(), |booking| busy.without(booking));
        let mut days = Vec::new();
        let mut day = first;
        while day <= last && days.len() < most {
            let query = Query { visit: visit.clone(), window: Window::days(day, day), now, limit: 1 };
            if !free_slots(&calendar, &busy, &query).is_empty() {
                days.push(day);
            }
            day = day.saturating_add(1.day());
        }
        Ok(days)
    }
}
