//! All calendars in use, as one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mcp_store::{Store, StoreError, booking::BookingRow};
use mcp_tenant::{Profile, slots::Stretch};

use super::{
    CalendarError, OutsideCalendar,
    event::event_id,
    google::{GoogleCalendar, not_there},
    sync::{Ground, Sync, UsedCalendar},
};
use crate::{
    clock::SharedClock,
    look,
    profile_file::ProfileWatch,
    status::{Dependency, Seen, State, StatusBoard},
};

/// How long a read before a booking may take.
const READ_LIMIT: Duration = Duration::from_secs(2);
/// How old a mirror may be where the calendar cannot be read at once.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// The business's calendar, and those of the staff.
pub struct Calendars {
    /// Google.
    pub google: Arc<GoogleCalendar>,
    /// Brings the mirror up to date.
    pub sync: Sync,
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The business, for its staff.
    pub profile: ProfileWatch,
    /// The business's calendar.
    pub business: String,
    /// The service account, for whoever is to share a calendar with it.
    pub account: String,
    /// Time.
    pub clock: SharedClock,
    /// What is known of the calendars.
    pub board: Arc<StatusBoard>,
    /// What does not work now.
    pub failing: Mutex<Failing>,
}

/// What does not work now: one thing that works says nothing about another.
#[derive(Debug, Default)]
pub struct Failing {
    /// Calendars that could not be read last: how often in a row, and why.
    reading: BTreeMap<String, (u32, Seen)>,
    /// Why the last event could not be written.
    writing: Option<Seen>,
    /// What keeps the service account from writing into the business's calendar.
    access: Option<Seen>,
}

impl Failing {
    /// The first that counts. One reading that failed by what passes counts for nothing yet: the mirror is good for
    /// five minutes.
    fn first(&self) -> Seen {
        let reading = self.reading.values().find(|(times, seen)| *times > 1 || !seen.reason.passes());
        let reading = reading.map(|(_, seen)| seen);
        reading.or(self.access.as_ref()).or(self.writing.as_ref()).cloned().unwrap_or_else(Seen::works)
    }
}

/// The calendars in use: the business's, which blocks everybody, and those of staff members.
pub fn used(profile: &Profile, business: &str) -> Vec<UsedCalendar> {
    let mut all = vec![UsedCalendar { id: business.to_owned(), staff: Vec::new() }];
    for person in &profile.staff {
        let Some(own) = person.calendar_id.as_deref().filter(|own| *own != business) else { continue };
        match all.iter_mut().find(|used| used.id == own) {
            Some(shared) => shared.staff.push(person.id.clone()),
            None => all.push(UsedCalendar { id: own.to_owned(), staff: vec![person.id.clone()] }),
        }
    }
    all
}

impl Calendars {
    /// The calendars in use now.
    pub fn used(&self) -> Vec<UsedCalendar> {
        used(&self.profile.borrow().profile, &self.business)
    }

    fn ground(&self) -> Ground {
        let loaded = Arc::clone(&self.profile.borrow());
        let zone = TimeZone::get(&loaded.profile.business.time_zone).unwrap_or(TimeZone::UTC);
        Ground { zone, horizon: loaded.profile.rules.horizon.as_duration() }
    }

    /// Brings the mirrors of these calendars up to date, all at once, and says what failed.
    async fn read(&self, used: &[UsedCalendar]) -> Vec<Result<(), CalendarError>> {
        let ground = self.ground();
        let reads = used.iter().map(|one| self.sync.run(one, &ground));
        let outcomes = join_all(reads).await;
        self.report(|failing| {
            for (outcome, one) in outcomes.iter().zip(used) {
                match outcome {
                    Ok(()) => drop(failing.reading.remove(&one.id)),
                    Err(error) => {
                        let times = failing.reading.get(&one.id).map_or(0, |(times, _)| *times);
                        failing.reading.insert(one.id.clone(), (times + 1, self.seen(error, &one.id)));
                    }
                }
            }
        });
        outcomes
    }

    fn report(&self, change: impl FnOnce(&mut Failing)) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut failing);
        self.board.used(Dependency::Calendar, self.clock.now(), failing.first());
    }

    fn seen(&self, error: &CalendarError, calendar: &str) -> Seen {
        look::calendar::of_error(error, calendar, &self.account)
    }

    /// Looks whether the service account may write into the business's calendar; says how all calendars are.
    pub async fn look(&self) -> Seen {
        let seen = look::calendar::look(&self.google, &self.business, &self.account).await;
        if seen.reason.passes() {
            // The readings say by themselves whether it lasts.
            return seen;
        }
        let access = (seen.reason.state() == State::Failing).then_some(seen);
        self.report(|failing| failing.access = access);
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).first()
    }

    fn written(&self, outcome: Result<(), CalendarError>) -> Result<(), CalendarError> {
        let seen = outcome.as_ref().err().map(|error| self.seen(error, &self.business));
        self.report(|failing| failing.writing = seen);
        outcome
    }

    /// Brings everything up to date, without hurry, and forgets calendars that are not used any more.
    pub async fn refresh(&self) -> Result<(), CalendarError> {
        let used = self.used();
        let outcomes = self.read(&used).await;
        self.report(|failing| failing.reading.retain(|id, _| used.iter().any(|one| one.id == *id)));
        for state in self.store.calendars().await? {
            if used.iter().all(|one| one.id != state.calendar) {
                self.store.forget_calendar(&state.calendar).await?;
            }
        }
        outcomes.into_iter().collect()
    }

    /// Busy times of everybody and of these staff members as the mirror has them, where none of the calendars they
    /// come from was read before `since`.
    pub async fn known(
        &self,
        staff: Option<&[String]>,
        (from, to): (Timestamp, Timestamp),
        since: Timestamp,
    ) -> Result<Option<Vec<(Option<String>, Stretch)>>, StoreError> {
        let states = self.store.calendars().await?;
        let fresh = |one: &UsedCalendar| {
            states
                .iter()
                .any(|state| state.calendar == one.id && state.fresh_at.is_some_and(|at| at >= since))
        };
        if !concerning(&self.used(), staff).iter().all(fresh) {
            return Ok(None);
        }
        let events = self.store.mirrored(from, to).await?.into_iter();
        let blocks =
            |of: &Option<String>| of.as_ref().is_none_or(|one| staff.is_none_or(|staff| staff.contains(one)));
        let known = events
            .filter(|event| blocks(&event.staff_id))
            .map(|event| (event.staff_id, Stretch { from: event.from, to: event.to }));
        Ok(Some(known.collect()))
    }

    async fn busy_within_limits(
        &self,
        staff: Option<&[String]>,
        span: (Timestamp, Timestamp),
    ) -> Result<Vec<(Option<String>, Stretch)>, CalendarError> {
        let used = concerning(&self.used(), staff);
        let read = tokio::time::timeout(READ_LIMIT, self.read(&used)).await;
        let why = match read {
            Ok(outcomes) => outcomes.into_iter().find_map(Result::err),
            Err(_) => Some(CalendarError::NotNow("no answer in time".into())),
        };
        // What was read just now is fresh; what was not has to be fresh enough.
        let since = self.clock.now().saturating_sub(FRESH).unwrap_or(Timestamp::MIN);
        match self.known(staff, span, since).await? {
            Some(known) => Ok(known),
            None => Err(why.unwrap_or_else(|| CalendarError::NotNow("it was not read lately".into()))),
        }
    }

    /// Where the events of a booking belong: into the calendars of those who do it, else into the business's.
    fn of(&self, row: &BookingRow) -> Vec<String> {
        let loaded = Arc::clone(&self.profile.borrow());
        let mut all: Vec<String> = Vec::new();
        for item in &row.booking.items {
            let person = loaded.profile.staff.iter().find(|person| person.id == item.staff_id);
            let own = person.and_then(|person| person.calendar_id.clone());
            let id = own.unwrap_or_else(|| self.business.clone());
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }
}

fn concerning(used: &[UsedCalendar], staff: Option<&[String]>) -> Vec<UsedCalendar> {
    let concerns = |one: &&UsedCalendar| {
        staff.is_none_or(|staff| one.staff.is_empty() || one.staff.iter().any(|of| staff.contains(of)))
    };
    used.iter().filter(concerns).cloned().collect()
}

#[async_trait]
impl OutsideCalendar for Calendars {
    async fn busy(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Stretch>, CalendarError> {
        let known = self.busy_within_limits(None, (from, to)).await?;
        Ok(known.into_iter().filter(|(of, _)| of.is_none()).map(|(_, stretch)| stretch).collect())
    }

    async fn busy_of(
        &self,
        staff: &[String],
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Stretch>, CalendarError> {
        let known = self.busy_within_limits(Some(staff), (from, to)).await?;
        Ok(known.into_iter().map(|(_, stretch)| stretch).collect())
    }

    async fn put(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        self.written(self.put_all(row, time_zone).await)
    }

    async fn remove(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError> {
        self.written(self.remove_all(row, revision).await)
    }

    async fn restore(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        self.written(self.restore_all(row, time_zone).await)
    }
}

impl Calendars {
    async fn put_all(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        for calendar in self.of(row) {
            match self.google.insert(&calendar, row, time_zone).await {
                // A person who shares only their free and busy times: the business still sees the booking.
                Err(CalendarError::Forbidden(_)) if calendar != self.business => {
                    self.google.insert(&self.business, row, time_zone).await?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    async fn remove_all(&self, row: &BookingRow, revision: i64) -> Result<(), CalendarError> {
        let (mine, id) = (self.of(row), event_id(&row.booking.id, revision));
        // An earlier revision may have been somebody else's.
        for used in self.used() {
            let removed = match self.google.delete(&used.id, &id).await {
                Err(CalendarError::Forbidden(_)) if used.id != self.business => continue,
                other => other?,
            };
            if !removed && mine.contains(&used.id) && !self.google.is_there(&used.id).await? {
                return Err(not_there(&used.id));
            }
        }
        Ok(())
    }

    async fn restore_all(&self, row: &BookingRow, time_zone: &str) -> Result<(), CalendarError> {
        for calendar in self.of(row) {
            match self.google.restore(&calendar, row, time_zone).await {
                Err(CalendarError::Forbidden(_)) if calendar != self.business => {
                    self.google.restore(&self.business, row, time_zone).await?;
                }
                other => other?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_calendar_blocks_that_person_and_the_businesss_everybody() {
        let mut profile = crate::profile_file::read(&crate::test_bed::profile(""), crate::test_bed::MONDAY)
            .unwrap()
            .profile;
        let mut person = profile.staff[0].clone();
        profile.staff.clear();
        for (id, calendar) in [("a", Some("own")), ("b", None), ("c", Some("own")), ("d", Some("all"))] {
            person.id = id.into();
            person.calendar_id = calendar.map(Into::into);
            profile.staff.push(person.clone());
        }
        let everybody = UsedCalendar { id: "all".into(), staff: vec![] };
        let shared = UsedCalendar { id: "own".into(), staff: vec!["a".into(), "c".into()] };
        let used = used(&profile, "all");
        assert_eq!(used, [everybody.clone(), shared]);
        assert_eq!(concerning(&used, Some(&["b".to_owned()])), [everybody]);
        assert_eq!(concerning(&used, None).len(), 2);
    }
}
