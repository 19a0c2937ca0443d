//! A request that nobody decides about: its customer is told that it still waits, once.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    booking::BookingRow,
    outbox::{NewOutgoing, OutgoingKind},
};
use mcp_tenant::{slots::Calendar, words::Language};

use crate::{
    booking::Desk,
    notices::{NoticeTap, quiet::allowed_from},
    whatsapp::interactive::{self, Button},
    words::{menu, notice, person, receipt},
};

/// So long the owner has before the customer is told.
const PATIENCE: SignedDuration = SignedDuration::from_hours(4);
/// The customer is told this long before the start at the latest, so that they can go elsewhere.
const AHEAD: SignedDuration = SignedDuration::from_hours(2);
/// But nobody is told the moment they asked.
const AT_LEAST: SignedDuration = SignedDuration::from_mins(15);

/// When the customer of a request is told that it waits, if nobody has decided until then.
fn due(row: &BookingRow) -> Timestamp {
    let asked = row.changed_at;
    let patience = asked.saturating_add(PATIENCE).unwrap_or(Timestamp::MAX);
    let ahead = row.booking.start().saturating_sub(AHEAD).unwrap_or(asked);
    patience.min(ahead).max(asked.saturating_add(AT_LEAST).unwrap_or(Timestamp::MAX))
}

/// Tells the customer of a request that waits for long, once for each revision, not at night. They asked for it, so it is
/// told also to those who want no notices.
pub async fn tell(desk: &Desk, row: &BookingRow, now: Timestamp) -> Result<(), StoreError> {
    let Some(customer) = row.booking.customer_id() else { return Ok(()) };
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let Ok(calendar) = Calendar::new(profile) else { return Ok(()) };
    if now < due(row) || allowed_from(&calendar.local(now)) > now {
        return Ok(());
    }
    let conversation = desk.store.conversation_of(customer).await?;
    let language = Language::of(conversation.language.as_deref().unwrap_or_else(|| profile.language()));
    let details = receipt::details(profile, language, row);
    let text = notice::still_waits(language, &details, &person::contact(language, profile));
    let button =
        |tap: &NoticeTap, words| Button::new(tap.id(&desk.refs, customer), menu::title(language, words));
    let buttons = [
        button(&NoticeTap::Move(row.booking.id.clone()), menu::Title::Move),
        button(&NoticeTap::Cancel(row.booking.id.clone()), menu::Title::Cancel),
    ];
    let message = NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(format!("late:{}:{}", row.booking.id, row.revision)),
        body: interactive::buttons(&text, &buttons),
    };
    desk.store.enqueue(conversation.id, &message, now).await?;
    Ok(())
}
