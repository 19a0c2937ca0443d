//! A request that nobody decides about: its customer is told that it still waits, and the owner is reminded, once.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    booking::BookingRow,
    outbox::{NewOutgoing, OutgoingKind, OutgoingState},
};
use mcp_tenant::slots::Calendar;

use super::{Step, ask, lapse};
use crate::{
    booking::Desk,
    notices::{NoticeTap, quiet::allowed_from},
    whatsapp::interactive::{self, Button},
    words::{self, menu, notice, owner, person, receipt},
};

/// So long the owner has before the customer is told.
const PATIENCE: SignedDuration = SignedDuration::from_hours(4);
/// The customer is told this long before the start at the latest, so that they can go elsewhere.
const AHEAD: SignedDuration = SignedDuration::from_hours(2);
/// But nobody is told the moment they asked.
const AT_LEAST: SignedDuration = SignedDuration::from_mins(15);

/// When somebody hears that nobody has decided about a request: the customer counts from when they asked, the owner from
/// when they were.
fn due(row: &BookingRow, asked: Timestamp) -> Timestamp {
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
    if now < due(row, row.changed_at) || allowed_from(&calendar.local(now)) > now {
        return Ok(());
    }
    let conversation = desk.store.conversation_of(customer).await?;
    let language = words::held_in(profile, &conversation);
    let details = receipt::details(profile, language, row);
    let until = lapse::moment(profile, language, row);
    let text = notice::still_waits(language, &details, &until, &person::contact(language, profile));
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

/// Reminds the owner of a request that waits for long, once for each revision, not at night, and only where the question
/// itself (the message `asked`) reached the channel: one that did not is said again by itself.
pub async fn remind(desk: &Desk, row: &BookingRow, asked: &str, now: Timestamp) -> Result<(), StoreError> {
    let loaded = desk.profile();
    let profile = &loaded.profile;
    let Ok(calendar) = Calendar::new(profile) else { return Ok(()) };
    if allowed_from(&calendar.local(now)) > now {
        return Ok(());
    }
    let question = desk.store.outgoing(asked).await?;
    let sent = question.filter(|question| question.state == OutgoingState::Sent);
    if sent.and_then(|question| question.sent_at).is_none_or(|sent| now < due(row, sent)) {
        return Ok(());
    }
    let text = |language| {
        let until = lapse::moment(profile, language, row);
        let details = receipt::details(profile, language, row);
        format!("{}\n{}\n{details}", owner::still_waits(language, &until), row.booking.customer_name)
    };
    let key = format!("remind:{}:{}", row.booking.id, row.revision);
    ask::owner_if_reached(desk, key, text, &Step::decisions(row)).await?;
    Ok(())
}
