//! Messages that ask: the owner about a booking, a customer about another time.

use jiff::{ToSpan, civil::Date};
use mcp_store::{
    StoreError,
    booking::BookingRow,
    outbox::{NewOutgoing, OutgoingKind},
};
use mcp_tenant::{slots::Calendar, when::When, words::Language};
use serde_json::Value;

use super::{Step, first_owner};
use crate::{
    assistant::plain::{self, Want},
    booking::{Desk, FindError, Principal},
    whatsapp::interactive::{self, Button, Row},
    words::{
        menu::{self, short_moment},
        owner::{Title, title},
    },
};

/// Times offered instead.
const NEAREST: usize = 3;

/// Asks the first owner something with buttons, once under its key. Says whether there is an owner to ask.
pub async fn owner(
    desk: &Desk,
    key: String,
    text: impl Fn(Language) -> String + Send,
    buttons: &[(Step, Title)],
) -> Result<bool, StoreError> {
    let Some(owner) = first_owner(desk).await? else { return Ok(false) };
    let (now, language) = (desk.clock.now(), owner.language);
    let button = |(step, words): &(Step, Title)| {
        Button::new(step.id(&desk.refs, &owner.principal, now), title(language, *words))
    };
    let buttons: Vec<Button> = buttons.iter().map(button).collect();
    let message = NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(key),
        body: interactive::buttons(&text(language), &buttons),
    };
    desk.store.enqueue(owner.conversation.id, &message, now).await?;
    Ok(true)
}

/// What becomes of the booking whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// It is over: another one is made.
    Anew,
    /// It still stands: it is moved, so that there are never two.
    Move,
}

/// The nearest times for what a booking was about, as rows to be tapped; none where there are none, or it is no customer
/// of the channel.
pub async fn other_times(
    desk: &Desk,
    row: &BookingRow,
    language: Language,
    instead: Instead,
) -> Result<Vec<Row>, FindError> {
    let loaded = desk.profile();
    let (Some(customer), [item]) = (row.booking.customer_id(), row.booking.items.as_slice()) else {
        return Ok(Vec::new());
    };
    let (who, now) = (Principal::Customer(customer), desk.clock.now());
    let calendar = Calendar::new(&loaded.profile)?;
    let day = calendar.local(row.booking.start()).date();
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |step: &plain::Step, words: String, about: Option<String>| {
        rows.push(Row { id: step.id(&desk.refs, &who, now), title: words, description: about });
    };
    for slot in near(desk, &who, &item.service_id, day, row).await? {
        let step = match instead {
            Instead::Anew => {
                plain::Step::Hold(Want::new(&item.service_id, Some(&slot.staff)), slot.slot.start)
            }
            Instead::Move => plain::Step::MoveAsk(row.booking.id.clone(), row.revision, slot.slot.start),
        };
        add(&step, short_moment(language, &slot.start), Some(slot.staff_name.clone()));
    }
    if rows.is_empty() {
        return Ok(rows);
    }
    let other = match instead {
        Instead::Anew => plain::Step::Days(Want::new(&item.service_id, None), None),
        Instead::Move => plain::Step::MoveDays(row.booking.id.clone(), None),
    };
    rows.push(Row::new(other.id(&desk.refs, &who, now), menu::title(language, menu::Title::OtherDay)));
    let person = plain::Step::Person;
    rows.push(Row::new(person.id(&desk.refs, &who, now), menu::title(language, menu::Title::Person)));
    Ok(rows)
}

/// A text to a customer above times to be tapped; the text alone where there are none.
pub fn with_times(text: &str, rows: &[Row], language: Language) -> Value {
    if rows.is_empty() {
        return interactive::text(text);
    }
    interactive::list(text, menu::title(language, menu::Title::Choose), rows)
}

/// Free slots near a day, not the time that was declined.
async fn near(
    desk: &Desk,
    who: &Principal,
    service: &str,
    day: Date,
    row: &BookingRow,
) -> Result<Vec<crate::booking::OfferedSlot>, FindError> {
    let start = row.booking.start();
    for ahead in 0..2 {
        let day = day.saturating_add(i64::from(ahead).days());
        let when = When {
            day: Some(day.day().into()),
            month: Some(day.month().into()),
            year: Some(day.year().into()),
            ..When::default()
        };
        let found = match desk.find(who, service, None, &when).await {
            Ok(found) => found,
            Err(FindError::When(_) | FindError::Unknown(_)) => continue,
            Err(error) => return Err(error),
        };
        let mut slots = if found.slots.is_empty() { found.nearest } else { found.slots };
        slots.retain(|slot| slot.slot.start != start);
        slots.sort_by_key(|slot| slot.slot.start.duration_since(start).abs());
        slots.truncate(NEAREST);
        slots.sort_by_key(|slot| slot.slot.start);
        if !slots.is_empty() {
            return Ok(slots);
        }
    }
    Ok(Vec::new())
}
