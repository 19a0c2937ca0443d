//! Outside calendars: their busy times mirrored here, and our bookings mirrored there.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::{StoreError, booking::BookingRow};

/// A busy time of an outside calendar. No booking: outside the constraint, inside the check of every booking
/// transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredBusy {
    /// The calendar.
    pub calendar: String,
    /// The event's id in it.
    pub event_id: String,
    /// From.
    pub from: Timestamp,
    /// To, exclusive.
    pub to: Timestamp,
    /// Whom it blocks; `None` for the business's calendar, which blocks everyone.
    pub staff_id: Option<String>,
}

/// An event as a synchronisation brought it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirroredEvent {
    /// The event's id.
    pub event_id: String,
    /// From.
    pub from: Timestamp,
    /// To, exclusive; not before `from`.
    pub to: Timestamp,
    /// Whom it blocks; `None` for everyone.
    pub staff_id: Option<String>,
}

/// What one synchronisation brought, written as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncPage {
    /// Whether this is the whole calendar: everything else in it is removed first.
    pub replace: bool,
    /// New and changed events, by id; the last one of an id counts.
    pub upserts: Vec<MirroredEvent>,
    /// Events that are gone or no longer block; unknown ids do no harm.
    pub deletes: Vec<String>,
    /// The token for the next synchronisation. `None` keeps the one there is, or with `replace` forgets it.
    pub sync_token: Option<String>,
    /// Whether the calendar is up to date with this page (the last page of a synchronisation).
    pub fresh: bool,
}

/// How fresh the mirror of one calendar is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarState {
    /// The calendar.
    pub calendar: String,
    /// The token for the next synchronisation.
    pub sync_token: Option<String>,
    /// When it was up to date last.
    pub fresh_at: Option<Timestamp>,
    /// How many events it has here.
    pub events: u64,
}

/// Busy times of outside calendars.
#[async_trait]
pub trait CalendarStore: Send + Sync {
    /// Writes what a synchronisation brought, in one transaction, conditional on the token the caller began with:
    /// [`StoreError::Stale`] where the calendar has another one by now (somebody else synchronised it).
    async fn sync(
        &self,
        calendar: &str,
        began_with: Option<&str>,
        page: &SyncPage,
        now: Timestamp,
    ) -> Result<CalendarState, StoreError>;

    /// All calendars that were ever synchronised, by name.
    async fn calendars(&self) -> Result<Vec<CalendarState>, StoreError>;

    /// Removes a calendar that is no longer used, with its events.
    async fn forget_calendar(&self, calendar: &str) -> Result<(), StoreError>;

    /// Busy times that share an instant with a span, in order of (calendar, from, event).
    async fn mirrored(&self, from: Timestamp, to: Timestamp) -> Result<Vec<MirroredBusy>, StoreError>;
}

/// A booking whose outside event is behind, claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorJob {
    /// The booking as it is at the claim.
    pub row: BookingRow,
    /// The revision that is mirrored, 0 for none: its event is the one to change or remove.
    pub mirrored_revision: i64,
    /// Number of this claim.
    pub epoch: i64,
    /// How often this revision was claimed, this time included.
    pub attempt: u32,
}

impl MirrorJob {
    /// Whether no event is to be there: the booking is cancelled, or its customer was erased.
    pub fn removes(&self) -> bool {
        self.row.erased_at.is_some() || self.row.booking.state == crate::booking::BookingState::Cancelled
    }
}

/// Work of mirroring our bookings into an outside calendar.
///
/// A booking is behind when its revision is above the mirrored one and it is not merely held, or it was erased with
/// an event outside; a booking that is cancelled before any revision of it was mirrored is not behind. A change makes
/// it due at once, attempts counted anew; a claim that stands is not disturbed.
#[async_trait]
pub trait MirrorStore: Send + Sync {
    /// Claims the booking that is behind and due the longest.
    async fn claim_mirror(
        &self,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<MirrorJob>, StoreError>;

    /// Records that the job's revision is mirrored, conditional on the epoch. What changed since stays behind.
    async fn mirror_done(&self, job: &MirrorJob) -> Result<(), StoreError>;

    /// Records why a try failed and when the next one is due, conditional on the epoch.
    async fn mirror_failed(&self, job: &MirrorJob, why: &str, retry_at: Timestamp) -> Result<(), StoreError>;

    /// When the next job may be due; may be too early, never too late.
    async fn next_mirror_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// How many bookings are behind.
    async fn mirror_behind(&self) -> Result<u64, StoreError>;
}
