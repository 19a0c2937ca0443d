//! Brings every booking into the calendar, once.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{Store, StoreError, calendar::MirrorJob};
use tokio_util::sync::CancellationToken;

use super::{CalendarError, OutsideCalendar};
use crate::{
    clock::{SharedClock, until},
    failpoint::{Point, reached},
    profile_file::ProfileWatch,
    telemetry,
    wake::Wake,
};

/// A try that died is repeated after this long. Longer than its requests may last.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
const IDLE: Duration = Duration::from_mins(1);

/// What the mirror works with.
pub struct MirrorLoop {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The calendar.
    pub calendar: Arc<dyn OutsideCalendar>,
    /// The business, for its zone.
    pub profile: ProfileWatch,
    /// Time.
    pub clock: SharedClock,
    /// Rings when a booking changed.
    pub wake: Arc<Wake>,
}

impl MirrorLoop {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.store.claim_mirror(LEASE, self.clock.now()).await {
                Ok(Some(job)) => self.mirror(job).await,
                Ok(None) => self.rest(&stop).await,
                Err(error) => {
                    tracing::error!(
                        error = telemetry::chain(&error),
                        "the bookings to mirror could not be read"
                    );
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn rest(&self, stop: &CancellationToken) {
        let due = self.store.next_mirror_at().await.ok().flatten();
        let nap = due.map_or(IDLE, |at| until(&*self.clock, at).min(IDLE));
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.mirror.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    async fn mirror(&self, job: MirrorJob) {
        let zone = self.profile.borrow().profile.business.time_zone.clone();
        let id = job.row.booking.id.as_str();
        reached(Point::MirrorClaimed);
        let put = self.bring(&job, &zone).await;
        reached(Point::MirrorPut);
        let now = self.clock.now();
        let recorded = match put {
            Ok(()) => self.store.mirror_done(&job).await,
            Err(error) => {
                let why = error.to_string();
                let wait = SignedDuration::from_secs(1_i64 << job.attempt.min(8));
                self.store.mirror_failed(&job, &why, later(now, wait)).await
            }
        };
        match recorded {
            // Whoever took the job since does it again, which is harmless.
            Ok(()) | Err(StoreError::Stale) => reached(Point::MirrorRecorded),
            Err(error) => tracing::error!(
                booking.id = id,
                error = telemetry::chain(&error),
                "a mirrored booking could not be recorded"
            ),
        }
    }

    /// The event of the present revision, unless none is to be there; then those of earlier revisions are removed.
    /// A revision that was claimed and never recorded may have left one.
    async fn bring(&self, job: &MirrorJob, zone: &str) -> Result<(), CalendarError> {
        if !job.removes() {
            self.calendar.put(&job.row, zone).await?;
        }
        let last = if job.removes() { job.row.revision } else { job.row.revision - 1 };
        for revision in job.mirrored_revision.max(1)..=last {
            self.calendar.remove(&job.row, revision).await?;
        }
        Ok(())
    }
}

fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.saturating_add(by).unwrap_or(now)
}
