//! Asks the owner about what happened in the calendar, and offers customers other times.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use mcp_store::{
    StoreError,
    booking::BookingState,
    outbox::{NewOutgoing, OutgoingKind},
};
use mcp_tenant::words::Language;

use super::{Step, ask};
use crate::{
    booking::{Desk, FindError},
    calendar::proposals::{AskOwner, Proposal, Reoffer},
    wake::Wake,
    words::{
        held_in,
        owner::{Line, Title, event_moved, event_over, line, taken},
        receipt::details,
        time,
    },
};

/// Asks on WhatsApp.
#[derive(Clone)]
pub struct OnWhatsApp {
    /// Bookings, and the business as it is.
    pub desk: Arc<Desk>,
    /// Rung when there is something to say.
    pub wake: Arc<Wake>,
}

#[async_trait]
impl AskOwner for OnWhatsApp {
    async fn ask(&self, proposal: Proposal) -> Result<(), StoreError> {
        let (id, revision) = (proposal.booking_id().to_owned(), proposal.revision());
        let row = self.desk.store.booking(&id).await?;
        // Changed since: what was found is about a booking that is no more.
        let Some(row) = row.filter(|row| row.revision == revision && row.booking.state.stands()) else {
            return Ok(());
        };
        let loaded = self.desk.profile();
        let zone = TimeZone::get(&loaded.profile.business.time_zone).unwrap_or(TimeZone::UTC);
        let local = |at: Timestamp| at.to_zoned(zone.clone());
        let question = |language: Language| match &proposal {
            Proposal::Moved { start, .. } => event_moved(language, &language.moment(&local(*start))),
            Proposal::Deleted { .. } => line(language, Line::EventDeleted).to_owned(),
            Proposal::Overlaps { event_start, event_end, .. } => {
                event_over(language, &language.moment(&local(*event_start)), &time(&local(*event_end)))
            }
        };
        let text = |language: Language| {
            let details = details(&loaded.profile, language, &row);
            format!("{}\n\n{}\n{details}", question(language), row.booking.customer_name)
        };
        let keep = (Step::Keep(id.clone()), Title::Keep);
        let cancel = (Step::Cancel(id.clone(), revision), Title::Cancel);
        let buttons = match &proposal {
            Proposal::Moved { start, .. } => vec![(Step::Move(id, revision, *start), Title::Move), keep],
            Proposal::Deleted { .. } | Proposal::Overlaps { .. } => vec![cancel, keep],
        };
        if ask::owner(&self.desk, proposal.dedupe_key(), text, &buttons).await?.is_some() {
            self.wake.outbox.notify_one();
        } else {
            tracing::warn!(
                key = proposal.dedupe_key(),
                "the owner's calendar and a booking differ, and the profile names no owner to ask"
            );
        }
        Ok(())
    }
}

#[async_trait]
impl Reoffer for OnWhatsApp {
    async fn reoffer(&self, booking_id: &str, revision: i64) -> Result<(), StoreError> {
        let desk = &self.desk;
        let row = desk.store.booking(booking_id).await?;
        let requested = |row: &mcp_store::booking::BookingRow| {
            row.revision == revision && row.booking.state == BookingState::Requested
        };
        let Some(row) = row.filter(requested) else { return Ok(()) };
        let Some(customer) = row.booking.customer_id() else { return Ok(()) };
        let loaded = desk.profile();
        let conversation = desk.store.conversation_of(customer).await?;
        let language = held_in(&loaded.profile, &conversation);
        let text = format!("{}\n\n{}", taken(language), details(&loaded.profile, language, &row));
        let body = match ask::other_times(desk, &row, language, ask::Instead::Move).await {
            Ok(times) => ask::with_times(&text, &times, language),
            Err(FindError::Store(error)) => return Err(error),
            // No times to offer is no reason not to tell.
            Err(_) => crate::whatsapp::interactive::text(taken(language)),
        };
        let message = NewOutgoing {
            id: desk.ids.id(),
            kind: OutgoingKind::Notice,
            dedupe_key: Some(format!("reoffer:{booking_id}:{revision}")),
            body,
        };
        desk.store.enqueue(conversation.id, &message, desk.clock.now()).await?;
        self.wake.outbox.notify_one();
        Ok(())
    }
}
