//! Messages that ask: the owner about a booking, a customer about another time.

use jiff::{ToSpan, civil::Date};
use mcp_store::{
    StoreError,
    booking::BookingRow,
    outbox::{Enqueued, NewOutgoing, OutgoingKind},
};
use mcp_tenant::{slots::Calendar, when::When, words::Language};
use serde_json::Value;

use super::{Step, first_owner, person::FirstOwner};
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

/// Asks the first owner something with buttons, once under its key. Returns the id of the message under this key, this one
/// or the first; nothing where there is no owner to ask.
pub async fn owner(
    desk: &Desk,
    key: String,
    text: impl Fn(Language) -> String + Send,
    buttons: &[(Step, Title)],
) -> Result<Option<String>, StoreError> {
    let Some(owner) = first_owner(desk).await? else { return Ok(None) };
    let message = question(desk, &owner, key, text, buttons);
    let enqueued = desk.store.enqueue(owner.conversation.id, &message, desk.clock.now()).await?;
    Ok(Some(match enqueued {
        Enqueued::Written => message.id,
        Enqueued::Duplicate(first) => first,
    }))
}

/// As [`owner`], where the owner would be reached now: what is not said now is not worth a dead letter. Says whether a
/// message was written.
pub async fn owner_if_reached(
    desk: &Desk,
    key: String,
    text: impl Fn(Language) -> String + Send,
    buttons: &[(Step, Title)],
) -> Result<bool, StoreError> {
    let Some(owner) = first_owner(desk).await? else { return Ok(false) };
    let message = question(desk, &owner, key, text, buttons);
    if !owner.is_reached_by(desk, &message.body) {
        return Ok(false);
    }
    let enqueued = desk.store.enqueue(owner.conversation.id, &message, desk.clock.now()).await?;
    Ok(enqueued == Enqueued::Written)
}

fn question(
    desk: &Desk,
    owner: &FirstOwner,
    key: String,
    text: impl Fn(Language) -> String,
    buttons: &[(Step, Title)],
) -> NewOutgoing {
    let (now, language) = (desk.clock.now(), owner.language);
    let button = |(step, words): &(Step, Title)| {
        Button::new(step.id(&desk.refs, &owner.principal, now), title(language, *words))
    };
    let buttons: Vec<Button> = buttons.iter().map(button).collect();
    NewOutgoing {
        id: desk.ids.id(),
        kind: OutgoingKind::Notice,
        dedupe_key: Some(key),
        body: interactive::buttons(&text(language), &buttons),
    }
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
    let Some(customer) = row.booking.customer_id() else { return Ok(Vec::new()) };
    let services: Vec<String> = row.booking.items.iter().map(|item| item.service_id.clone()).collect();
    let same = one_person(row).map(str::to_owned);
    let (who, now) = (Principal::Customer(customer), desk.clock.now());
    let calendar = Calendar::new(&loaded.profile)?;
    let day = calendar.local(row.booking.start()).date();
    let mut rows: Vec<Row> = Vec::new();
    let mut add = |step: &plain::Step, words: String, about: Option<String>| {
        rows.push(Row { id: step.id(&desk.refs, &who, now), title: words, description: about });
    };
    for slot in near(desk, &who, day, row, instead).await? {
        let step = match instead {
            // Who is named with a time is who does it; several services may be by several people.
            Instead::Anew => {
                let mut people = slot.slot.parts.iter().map(|part| &part.staff);
                let staff = people.next().filter(|first| people.all(|other| other == *first)).cloned();
                plain::Step::Hold(Want::visit(services.clone(), staff), slot.slot.start)
            }
            Instead::Move => plain::Step::MoveAsk(row.booking.id.clone(), row.revision, slot.slot.start),
        };
        add(&step, short_moment(language, &slot.start), Some(slot.staff_name.clone()));
    }
    if rows.is_empty() {
        return Ok(rows);
    }
    let other = match instead {
        Instead::Anew => plain::Step::Days(Want::visit(services, same), None),
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

/// Who does all of a booking, where it is one person.
fn one_person(row: &BookingRow) -> Option<&str> {
    let mut people = row.booking.items.iter().map(|item| item.staff_id.as_str());
    let first = people.next()?;
    people.all(|other| other == first).then_some(first)
}

/// Free slots near a day, not the time that was declined: by the same people, and only where they have none by others.
async fn near(
    desk: &Desk,
    who: &Principal,
    day: Date,
    row: &BookingRow,
    instead: Instead,
) -> Result<Vec<crate::booking::OfferedSlot>, FindError> {
    let items = || row.booking.items.iter();
    let same: Vec<_> = items().map(|item| (item.service_id.as_str(), Some(item.staff_id.as_str()))).collect();
    let any: Vec<_> = items().map(|item| (item.service_id.as_str(), None)).collect();
    let start = row.booking.start();
    for services in [Some(same), Some(any).filter(|_| instead == Instead::Anew)].into_iter().flatten() {
        for ahead in 0..2 {
            let day = day.saturating_add(i64::from(ahead).days());
            let when = When {
                day: Some(day.day().into()),
                month: Some(day.month().into()),
                year: Some(day.year().into()),
                ..When::default()
            };
            let found = match instead {
                Instead::Anew => desk.find_visit(who, &services, &when).await,
                // The same people: only what they are free for can be moved to.
                Instead::Move => desk.find_other(who, row, &when).await,
            };
            let found = match found {
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
    }
    Ok(Vec::new())
}
