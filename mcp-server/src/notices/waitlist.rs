//! A slot that has become free is offered to those who wait for it, one after the other.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    booking::BookingRequest,
    conversation::ConversationRow,
    outbox::{NewOutgoing, OutgoingKind},
    turn::Also,
    waitlist::{Offer, WaitEnd, WaitRow, WaitState},
};
use mcp_tenant::{
    profile::localized,
    slots::{Calendar, Stretch},
};
use serde::{Deserialize, Serialize};
use serde_json::{from_value, json};
use tokio_util::sync::CancellationToken;

use super::{
    NoticeTap,
    message::{Approved, Notice},
    quiet::allowed_from,
};
use crate::{
    booking::{Desk, FindError, SlotRef, Wish},
    wake::Wake,
    words::{formal, held_in, notice},
};

/// How long an offer stands.
const OFFER: SignedDuration = SignedDuration::from_mins(15);
/// A slot that begins sooner after the end of its offer is left to those who ask for it themselves.
const TOO_LATE: SignedDuration = SignedDuration::from_mins(15);
/// Entries looked at in one round.
const MOST: u32 = 100;
/// How often it is looked, beside whenever a booking changes.
const IDLE: Duration = Duration::from_mins(1);
/// Between noting that a slot is offered and the offer itself.
const BEING_WRITTEN: SignedDuration = SignedDuration::from_secs(10);
/// Offers of one slot within a day; more are not made.
const MOST_OFFERS: u32 = 90;

/// What the loop works with.
#[derive(Clone)]
pub struct WaitlistLoop {
    /// What is free, and the business as it is.
    pub desk: Arc<Desk>,
    /// What may be sent outside of the customer service window.
    pub approved: Approved,
    /// Rings when a booking changed; rung when there is something to say.
    pub wake: Arc<Wake>,
}

/// To whom a slot is offered, kept so that every replica knows.
#[derive(Debug, Serialize, Deserialize)]
struct Offered {
    wait: String,
    customer: i64,
    until: Timestamp,
}

impl WaitlistLoop {
    /// Runs until stopped.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.wake.after(self.round().await, "the waitlist could not be read or written");
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wake.waitlist.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// Ends what is over and makes the offers that can be made now; returns how many.
    pub async fn round(&self) -> Result<usize, FindError> {
        let (desk, now) = (&self.desk, self.desk.clock.now());
        desk.store.expire_waits(now).await?;
        for over in desk.store.offers_over(now).await? {
            self.end_offer(&over, now).await?;
        }
        let horizon = desk.profile().profile.rules.horizon.as_duration();
        let to = now.saturating_add(horizon).unwrap_or(Timestamp::MAX);
        let waiting = desk.store.waiting(now, to, now, MOST).await?;
        let mut offered = 0;
        let mut busy = BTreeSet::new();
        for entry in waiting {
            if busy.contains(&entry.wait.customer_id) {
                continue;
            }
            match self.serve(&entry, now).await {
                Ok(true) => {
                    offered += 1;
                    busy.insert(entry.wait.customer_id);
                }
                // A service that is not offered any more: the entry ends with its time.
                Ok(false) | Err(FindError::Unknown(_)) => {}
                Err(other) => return Err(other),
            }
        }
        Ok(offered)
    }

    /// Whose offer ended because the slot went to somebody else meanwhile waits on, in the place they had; who did not
    /// answer is not asked again. Where it cannot be seen now which of both it is, the next round looks again.
    async fn end_offer(&self, over: &WaitRow, now: Timestamp) -> Result<(), FindError> {
        let (desk, wait) = (&self.desk, &over.wait);
        let gone = match (over.offered_start, over.offered_staff_id.as_deref()) {
            (Some(start), Some(staff)) if start > now && wait.to > now => {
                let to = start.saturating_add(SignedDuration::from_secs(1)).unwrap_or(start);
                match desk.free_between(&wait.service_id, Some(staff), Stretch { from: start, to }).await {
                    Ok(Some(free)) => free.is_empty(),
                    // The owner's calendar cannot be read.
                    Ok(None) => return Ok(()),
                    Err(FindError::Store(error)) => return Err(error.into()),
                    // Neither is offered any more.
                    Err(_) => false,
                }
            }
            _ => false,
        };
        let end = if gone { WaitEnd::WaitOn } else { WaitEnd::Expired };
        match desk.store.end_wait(&wait.id, over.revision, end, now).await {
            // Taken, or ended by another replica since.
            Ok(_) | Err(StoreError::Stale | StoreError::Conflict(_) | StoreError::NotFound(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Offers one entry the first slot that nobody else is being asked about.
    async fn serve(&self, entry: &WaitRow, now: Timestamp) -> Result<bool, FindError> {
        let (desk, wait) = (&self.desk, &entry.wait);
        let loaded = desk.profile();
        let calendar = Calendar::new(&loaded.profile)?;
        if allowed_from(&calendar.local(now)) > now {
            return Ok(false);
        }
        let conversation = desk.store.conversation_of(wait.customer_id).await?;
        if conversation.notices == Some(false) {
            return Ok(false);
        }
        let others = desk.store.waits_of(wait.customer_id).await?;
        if others.iter().any(|other| other.state == WaitState::Offered) {
            return Ok(false);
        }
        let until = now.saturating_add(OFFER).unwrap_or(Timestamp::MAX);
        let from = wait.from.max(until.saturating_add(TOO_LATE).unwrap_or(until));
        if from >= wait.to {
            return Ok(false);
        }
        let starts = Stretch { from, to: wait.to };
        let free = desk.free_between(&wait.service_id, wait.staff_id.as_deref(), starts).await?;
        for slot in free.unwrap_or_default() {
            let Some(message) = self.message(entry, &slot, &conversation, (now, until)) else {
                return Ok(false);
            };
            if self.reserve(entry, &slot, (now, until)).await? {
                return Ok(self.offer(entry, &slot, until, message, now).await?);
            }
        }
        Ok(false)
    }

    /// Notes that a slot is offered to somebody, unless somebody is being asked about it.
    async fn reserve(
        &self,
        entry: &WaitRow,
        slot: &SlotRef,
        (now, until): (Timestamp, Timestamp),
    ) -> Result<bool, StoreError> {
        let store = &self.desk.store;
        let Some(part) = slot.parts.first() else { return Ok(false) };
        let mine = Offered { wait: entry.wait.id.clone(), customer: entry.wait.customer_id, until };
        for n in 0..MOST_OFFERS {
            let key = format!("waitlist:{}:{}:{n}", part.staff, slot.start.as_second());
            let kept = store.remember(&key, "offer", &json!(mine), now).await?;
            let Ok(kept) = from_value::<Offered>(kept) else { return Ok(false) };
            if kept.wait == mine.wait && kept.until == mine.until {
                return Ok(true);
            }
            if kept.until <= now {
                continue;
            }
            let since = kept.until.saturating_sub(OFFER).map_or(now, |at| at);
            if now.duration_since(since) < BEING_WRITTEN {
                return Ok(false);
            }
            // Somebody who has answered is asked no longer.
            let asked = store.waits_of(kept.customer).await?;
            if asked.iter().any(|wait| wait.wait.id == kept.wait && wait.state == WaitState::Offered) {
                return Ok(false);
            }
        }
        Ok(false)
    }

    async fn offer(
        &self,
        entry: &WaitRow,
        slot: &SlotRef,
        until: Timestamp,
        message: NewOutgoing,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(part) = slot.parts.first() else { return Ok(false) };
        let offer = Offer { start: slot.start, staff_id: part.staff.clone(), until, message: Some(message) };
        match self.desk.store.offer(&entry.wait.id, entry.revision, &offer, now).await {
            Ok(_) => Ok(true),
            // Left, or served by another replica since.
            Err(StoreError::Stale | StoreError::Conflict(_) | StoreError::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn message(
        &self,
        entry: &WaitRow,
        slot: &SlotRef,
        conversation: &ConversationRow,
        (now, until): (Timestamp, Timestamp),
    ) -> Option<NewOutgoing> {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let calendar = Calendar::new(profile).ok()?;
        let part = slot.parts.first()?;
        let spoken = held_in(profile, conversation);
        let service = localized(&profile.service(&part.service)?.name, spoken.tag()).to_owned();
        let staff = profile.staff_member(&part.staff)?.name.clone();
        let (start, until) = (calendar.local(slot.start), calendar.local(until));
        let taps = [NoticeTap::Accept(entry.wait.id.clone()), NoticeTap::Refuse(entry.wait.id.clone())];
        let ids = taps.iter().map(|tap| tap.id(&self.desk.refs, entry.wait.customer_id));
        let notice = Notice {
            body: notice::offer((spoken, formal(profile)), &service, &staff, &start, &until),
            parameters: vec![service, staff, spoken.moment(&start), mcp_tenant::words::time(&until)],
            buttons: ids.zip(notice::offer_buttons(spoken)).collect(),
        };
        Some(NewOutgoing {
            id: self.desk.ids.id(),
            kind: OutgoingKind::Notice,
            dedupe_key: Some(format!("offer:{}:{}", entry.wait.id, entry.revision)),
            body: notice.message(conversation, self.approved.notice, now)?,
        })
    }
}

/// A customer takes what their entry was offered: the booking to stage, and what ends the entry with it. Nothing where
/// the offer is over or is not theirs; a slot that went to somebody else is refused by the booking itself.
pub async fn accept(
    desk: &Desk,
    customer: i64,
    wait_id: &str,
    name: &str,
    key: String,
) -> Result<Option<(BookingRequest, SlotRef, Also)>, StoreError> {
    let now = desk.clock.now();
    let Some(entry) = offered(desk, customer, wait_id).await? else { return Ok(None) };
    let (Some(start), Some(staff), Some(until)) =
        (entry.offered_start, &entry.offered_staff_id, entry.offer_until)
    else {
        return Ok(None);
    };
    if until <= now {
        return Ok(None);
    }
    let slot = SlotRef::one(&entry.wait.service_id, staff, start, entry.wait.staff_id.is_some());
    let request = desk.request(Wish::of_customer(customer, slot.clone(), name, key)).await;
    let end = Also::EndWait { id: entry.wait.id.clone(), revision: entry.revision, end: WaitEnd::Served };
    Ok(Some((request, slot, end)))
}

/// A customer does not take what their entry was offered: what ends the entry.
pub async fn refuse(desk: &Desk, customer: i64, wait_id: &str) -> Result<Option<Also>, StoreError> {
    let entry = offered(desk, customer, wait_id).await?;
    Ok(entry.map(|entry| Also::EndWait { id: entry.wait.id, revision: entry.revision, end: WaitEnd::Left }))
}

async fn offered(desk: &Desk, customer: i64, wait_id: &str) -> Result<Option<WaitRow>, StoreError> {
    let waits = desk.store.waits_of(customer).await?;
    Ok(waits.into_iter().find(|entry| entry.wait.id == wait_id && entry.state == WaitState::Offered))
}
