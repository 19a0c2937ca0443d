//! Asks the owner about requests, where the business approves each booking, and ends those that nothing confirmed in time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use mcp_store::{
    StoreError,
    booking::{BookingRow, BookingState},
};
use mcp_tenant::profile::Confirmation;
use tokio_util::sync::CancellationToken;

use super::{
    Step, again, ask,
    lapse::{self, Tidings},
    late,
};
use crate::{
    booking::{Desk, pages, waits},
    wake::Wake,
    words::{
        owner::{Line, line},
        receipt::details,
    },
};

/// How often it is looked for requests.
const PAUSE: Duration = Duration::from_secs(5);

/// What the loop works with.
#[derive(Clone)]
pub struct ApprovalLoop {
    /// Bookings, and the business as it is.
    pub desk: Arc<Desk>,
    /// Rung when there is something to say.
    pub wake: Arc<Wake>,
    /// Who was told of what lapsed.
    tidings: Arc<Tidings>,
    /// Whether everybody was told of what lapsed before.
    settled: Arc<AtomicBool>,
}

impl ApprovalLoop {
    /// For a tenant.
    pub fn new(desk: Arc<Desk>, wake: Arc<Wake>) -> Self {
        Self { desk, wake, tidings: Arc::default(), settled: Arc::default() }
    }

    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.wake.after(self.round().await, "requests could not be read, or the owner not asked");
            self.wake.after(
                again::round(&self.desk).await,
                "what did not reach the owner could not be read, or not be said again",
            );
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Asks about every request to come; each revision is asked about once, however often this runs and wherever. Where
    /// nobody decides, its customer is told so and the owner reminded, and in the end it lapses. Where bookings are
    /// confirmed automatically, requests wait for a calendar, nobody is asked, and they lapse as well. Returns how many
    /// there are.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let (desk, now) = (&self.desk, self.desk.clock.now());
        let approves = desk.profile().profile.rules.confirmation == Confirmation::OwnerApproves;
        let from = now.saturating_sub(lapse::LOOK_BACK).unwrap_or(now);
        // What lapsed is among many rows: where nobody is asked, it is looked for only until everybody was told.
        let mut rows = if approves || !self.settled.load(Ordering::Acquire) {
            pages::all(&*desk.store, from, Timestamp::MAX).await?
        } else {
            pages::requested(&*desk.store, from).await?
        };
        let mut found = 0;
        for row in &mut rows {
            if row.booking.state != BookingState::Requested {
                continue;
            }
            if now < waits::until(row) {
                if approves {
                    self.waits(row, now).await?;
                }
            } else {
                self.settled.store(false, Ordering::Release);
                let Some(over) = lapse::lapse(desk, row, now).await? else { continue };
                tracing::info!(
                    booking.id = over.booking.id,
                    "a request lapsed: nothing confirmed it in time"
                );
                *row = over;
                self.wake.bookings();
            }
            found += 1;
        }
        let lapsed: Vec<&BookingRow> = rows.iter().filter(|row| lapse::has_lapsed(row)).collect();
        let told = self.tidings.tell(desk, &lapsed).await?;
        self.settled.store(true, Ordering::Release);
        Ok(found + told)
    }

    /// A request that can still be decided about.
    async fn waits(&self, row: &BookingRow, now: Timestamp) -> Result<(), StoreError> {
        let loaded = self.desk.profile();
        let booking = &row.booking;
        let text = |language| {
            let details = details(&loaded.profile, language, row);
            format!("{}\n{}\n{details}", line(language, Line::Requested), booking.customer_name)
        };
        let key = format!("approve:{}:{}", booking.id, row.revision);
        let asked = ask::owner(&self.desk, key, text, &Step::decisions(row)).await?;
        late::tell(&self.desk, row, now).await?;
        if let Some(asked) = asked {
            late::remind(&self.desk, row, &asked, now).await?;
        }
        Ok(())
    }
}
