//! Asks the owner about requests, where the business approves each booking.

use std::{sync::Arc, time::Duration};

use mcp_store::{StoreError, booking::BookingRow};
use mcp_tenant::profile::Confirmation;
use tokio_util::sync::CancellationToken;

use super::{Step, again, ask, late};
use crate::{
    booking::{Desk, pages},
    telemetry,
    wake::Wake,
    words::{
        owner::{Line, Title, line},
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
}

impl ApprovalLoop {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.round().await {
                Ok(0) => {}
                Ok(_) => self.wake.outbox.notify_one(),
                Err(error) => tracing::error!(
                    error = telemetry::chain(&error),
                    "requests could not be read, or the owner not asked"
                ),
            }
            match again::round(&self.desk).await {
                Ok(0) => {}
                Ok(_) => self.wake.outbox.notify_one(),
                Err(error) => tracing::error!(
                    error = telemetry::chain(&error),
                    "what did not reach the owner could not be read, or not be said again"
                ),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Asks about every request to come; each revision is asked about once, however often this runs and wherever. A
    /// customer whose request waits long is told so, once. Returns how many there are.
    pub async fn round(&self) -> Result<usize, StoreError> {
        let (desk, now) = (&self.desk, self.desk.clock.now());
        let loaded = desk.profile();
        let profile = &loaded.profile;
        if profile.rules.confirmation != Confirmation::OwnerApproves || profile.business.owners.is_empty() {
            return Ok(0);
        }
        let rows = pages::requested(&*desk.store, now).await?;
        let mut asked = 0;
        for row in &rows {
            self.ask(row).await?;
            late::tell(desk, row, now).await?;
            asked += 1;
        }
        Ok(asked)
    }

    async fn ask(&self, row: &BookingRow) -> Result<(), StoreError> {
        let loaded = self.desk.profile();
        let booking = &row.booking;
        let decide = |yes| Step::Decide(booking.id.clone(), row.revision, yes);
        let buttons = [(decide(true), Title::Approve), (decide(false), Title::Decline)];
        let text = |language| {
            let details = details(&loaded.profile, language, row);
            format!("{}\n{}\n{details}", line(language, Line::Requested), booking.customer_name)
        };
        let key = format!("approve:{}:{}", booking.id, row.revision);
        ask::owner(&self.desk, key, text, &buttons).await?;
        Ok(())
    }
}
