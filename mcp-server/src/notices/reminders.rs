//! Reminds customers of their bookings.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    outbox::{NewOutgoing, OutgoingKind},
    reminder::{ClaimedReminder, ReminderEnd, ReminderState},
};
use mcp_tenant::slots::Calendar;
use tokio_util::sync::CancellationToken;

use super::{
    NoticeTap,
    message::{Approved, Notice},
    quiet::allowed_from,
};
use crate::{
    booking::Desk,
    clock::until,
    telemetry,
    wake::Wake,
    words::{formal, held_in, notice},
};

/// How long a claim stands.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A reminder that would come later than this before the start helps nobody.
const TOO_LATE: SignedDuration = SignedDuration::from_mins(30);
/// How long the loop sleeps where nothing is due.
const IDLE: Duration = Duration::from_mins(1);

/// What the loop works with.
#[derive(Clone)]
pub struct ReminderLoop {
    /// Bookings, and the business as it is.
    pub desk: Arc<Desk>,
    /// What may be sent outside of the customer service window.
    pub approved: Approved,
    /// Rings when a booking changed; rung when there is something to say.
    pub wake: Arc<Wake>,
}

impl ReminderLoop {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.step().await {
                Ok(true) => self.wake.outbox.notify_one(),
                Ok(false) => self.rest(&stop).await,
                Err(error) => {
                    tracing::error!(
                        error = telemetry::chain(&error),
                        "reminders could not be read or written"
                    );
                    self.pause(&stop, Duration::from_secs(5)).await;
                }
            }
        }
    }

    async fn rest(&self, stop: &CancellationToken) {
        let due = self.desk.store.next_reminder_at().await.ok().flatten();
        let nap = due.map_or(IDLE, |at| until(&*self.desk.clock, at).clamp(Duration::from_secs(1), IDLE));
        self.pause(stop, nap).await;
    }

    async fn pause(&self, stop: &CancellationToken, nap: Duration) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.wake.reminders.notified() => {}
            () = tokio::time::sleep(nap) => {}
        }
    }

    /// Deals with one reminder that is due; says whether there was one.
    pub async fn step(&self) -> Result<bool, StoreError> {
        let now = self.desk.clock.now();
        let Some(claim) = self.desk.store.claim_reminder(LEASE, now).await? else { return Ok(false) };
        let end = self.decide(&claim, now).await?;
        if matches!(end, ReminderEnd::Skipped) {
            tracing::info!(booking.id = claim.row.booking.id, "a reminder is not sent");
        }
        match self.desk.store.reminded(&claim, end, now).await {
            // Moved, cancelled or taken by another replica since.
            Ok(_) | Err(StoreError::Stale) => Ok(true),
            Err(error) => Err(error),
        }
    }

    async fn decide(&self, claim: &ClaimedReminder, now: Timestamp) -> Result<ReminderEnd, StoreError> {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let booking = &claim.row.booking;
        let (Some(id), Some(customer)) = (claim.conversation_id, booking.customer_id()) else {
            return Ok(ReminderEnd::Skipped);
        };
        let Some(conversation) = self.desk.store.conversation(id).await? else {
            return Ok(ReminderEnd::Skipped);
        };
        // The number leads to somebody else by now, who may be another person.
        if self.desk.store.customer(customer).await?.is_none_or(|row| row.merged_into.is_some()) {
            return Ok(ReminderEnd::Skipped);
        }
        let Ok(calendar) = Calendar::new(profile) else { return Ok(ReminderEnd::Skipped) };
        let at = allowed_from(&calendar.local(now));
        if conversation.notices == Some(false) || booking.start().duration_since(at) < TOO_LATE {
            return Ok(ReminderEnd::Skipped);
        }
        if self.comes_again(claim, at).await? {
            return Ok(ReminderEnd::Skipped);
        }
        if at > now {
            return Ok(ReminderEnd::Retry { at });
        }
        let spoken = held_in(profile, &conversation);
        let start = calendar.local(booking.start());
        let (services, staff) = (booking.service_names(), booking.staff_names());
        let taps = [
            NoticeTap::Confirm(booking.id.clone()),
            NoticeTap::Move(booking.id.clone()),
            NoticeTap::Cancel(booking.id.clone()),
        ];
        let ids = taps.iter().map(|tap| tap.id(&self.desk.refs, customer));
        let notice = Notice {
            body: notice::reminder(
                (spoken, formal(profile)),
                &profile.business.name,
                &services,
                &staff,
                &start,
            ),
            parameters: vec![services, staff, spoken.moment(&start)],
            buttons: ids.zip(notice::reminder_buttons(spoken)).collect(),
        };
        let Some(body) = notice.message(&conversation, self.approved.reminder, now) else {
            return Ok(ReminderEnd::Skipped);
        };
        Ok(ReminderEnd::Said(NewOutgoing {
            id: self.desk.ids.id(),
            kind: OutgoingKind::Reminder,
            dedupe_key: Some(format!("reminder:{}:{}", booking.id, claim.due_at.as_second())),
            body,
        }))
    }

    /// Whether a later reminder of the same booking is about to be sent too: after a long silence of the process, or a
    /// night, one is enough.
    async fn comes_again(&self, claim: &ClaimedReminder, at: Timestamp) -> Result<bool, StoreError> {
        let all = self.desk.store.reminders(&claim.row.booking.id).await?;
        Ok(all.iter().any(|other| {
            other.state == ReminderState::Pending
                && other.due_at > claim.due_at
                && other.due_at.duration_since(at) <= TOO_LATE
        }))
    }
}
