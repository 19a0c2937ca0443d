//! The business changed a booking by a program or an agent: the customer is told what stands now.

use mcp_store::{
    StoreError,
    booking::BookingRow,
    outbox::{NewOutgoing, OutgoingKind},
};
use serde_json::json;

use crate::{
    booking::Desk,
    telemetry,
    wake::Wake,
    words::{held_in, notice, receipt},
};

/// What was done with a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Put elsewhere.
    Moved,
    /// Cancelled.
    Cancelled,
    /// Approved.
    Approved,
    /// Declined.
    Declined,
}

/// Tells the customer of a booking what somebody else did with it, once for each revision. It is told at night as well:
/// it may be about the next morning. Customers without a conversation hear of it from whoever booked for them; those who
/// want no notices are left in peace.
pub async fn tell(desk: &Desk, wake: &Wake, row: &BookingRow, done: Done) {
    let Some(customer) = row.booking.customer_id() else { return };
    match write(desk, customer, row, done).await {
        Ok(()) => wake.outbox.notify_one(),
        Err(error) => tracing::error!(
            booking.id = row.booking.id,
            error = telemetry::chain(&error),
            "a customer could not be told of a change; repeating the request with its key tells them"
        ),
    }
}

async fn write(desk: &Desk, customer: i64, row: &BookingRow, done: Done) -> Result<(), StoreError> {
    let conversation = desk.store.conversation_of(customer).await?;
    if conversation.notices == Some(false) {
        return Ok(());
    }
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let spoken = held_in(profile, &conversation);
    let mut text = notice::from_business(spoken, &profile.business.name);
    text.push('\n');
    text.push_str(&match done {
        Done::Moved => receipt::moved(profile, spoken, row),
        Done::Declined => receipt::declined(profile, spoken, row),
        Done::Approved | Done::Cancelled => receipt::receipt(profile, spoken, row),
    });
    if let (Done::Cancelled, Some(reason)) = (done, &row.reason) {
        text.extend(["\n", &notice::reason(spoken, reason)]);
    }
    let message = NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(format!("changed:{}:{}", row.booking.id, row.revision)),
        body: json!({"type": "text", "text": {"body": text}}),
    };
    desk.store.enqueue(conversation.id, &message, desk.clock.now()).await?;
    Ok(())
}
