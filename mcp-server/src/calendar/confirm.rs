//! Confirms what could only be requested while the owner's calendar could not be read.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    Store, StoreError,
    audit::AuditRow,
    booking::{BookingRow, Change},
    outbox::{NewOutgoing, OutgoingKind},
};
use mcp_tenant::{profile::Confirmation, slots::Stretch};
use serde_json::json;

use super::{calendars::Calendars, proposals::Reoffer};
use crate::{
    booking::{pages, system},
    clock::SharedClock,
    ids::SharedIds,
    profile_file::ProfileWatch,
    wake::Wake,
    words,
};

/// Confirms, or has other times offered.
pub struct Confirmer {
    /// The tenant's database.
    pub store: Arc<dyn Store>,
    /// The calendars.
    pub calendars: Arc<Calendars>,
    /// The business.
    pub profile: ProfileWatch,
    /// Time.
    pub clock: SharedClock,
    /// Ids.
    pub ids: SharedIds,
    /// Rings for what was written.
    pub wake: Arc<Wake>,
    /// Tells customers whose time is taken.
    pub reoffer: Arc<dyn Reoffer>,
    /// Those who were told since the start, by booking and revision.
    pub told: Mutex<HashSet<(String, i64)>>,
}

const ACTION: &str = "booking.confirm";
/// Entries of the audit that a start looks back on, how many of them it reads at once, and how far it looks.
const LOOK_BACK: i64 = 500;
const LOOK_BACK_PAGE: u32 = 50;
const LOOK_BACK_TIME: SignedDuration = SignedDuration::from_hours(1);

impl Confirmer {
    /// Confirms every requested booking whose calendars were read at `since` or later and have nothing against it.
    /// Where the owner confirms each booking, nothing is done here.
    pub async fn pass(&self, since: Timestamp) -> Result<(), StoreError> {
        if self.profile.borrow().profile.rules.confirmation != Confirmation::Automatic {
            return Ok(());
        }
        let rows = pages::requested(&*self.store, self.clock.now()).await?;
        for row in &rows {
            match self.is_taken(row, since).await? {
                None => {}
                Some(false) => {
                    if let Some(row) = self.confirm(row).await? {
                        self.tell(&row).await?;
                    }
                }
                Some(true) => self.offer_other(row).await?,
            }
        }
        Ok(())
    }

    /// Tells customers whose booking was confirmed just before the process died: the confirmation stands, the message
    /// may not. One that was written is not written again.
    pub async fn take_up(&self) -> Result<(), StoreError> {
        let head = self.store.audit_head().await?.seq;
        let since = self.clock.now().saturating_sub(LOOK_BACK_TIME).unwrap_or(Timestamp::MIN);
        let mut after = head;
        // From the newest on: mostly nothing is as young as that.
        while after > (head - LOOK_BACK).max(0) {
            after = (after - i64::from(LOOK_BACK_PAGE)).max(0);
            let entries = self.store.audit(after, LOOK_BACK_PAGE).await?;
            if entries.iter().all(|entry| entry.at < since) {
                break;
            }
            for entry in entries.iter().filter(|entry| entry.at >= since) {
                self.tell_again(entry).await?;
            }
        }
        Ok(())
    }

    /// Tells of one confirmation.
    async fn tell_again(&self, entry: &AuditRow) -> Result<(), StoreError> {
        let Some(id) = entry.subject.strip_prefix("booking:") else { return Ok(()) };
        if entry.actor != system::ACTOR || entry.action != ACTION {
            return Ok(());
        }
        // Changed since: whoever changed it told the customer.
        match self.store.booking(id).await?.filter(|row| row.changed_at == entry.at) {
            Some(row) => self.tell(&row).await,
            None => Ok(()),
        }
    }

    /// Whether an event takes the time of this booking from those who do it; `None` where a calendar was not read.
    async fn is_taken(&self, row: &BookingRow, since: Timestamp) -> Result<Option<bool>, StoreError> {
        let staff: Vec<String> = row.booking.items.iter().map(|item| item.staff_id.clone()).collect();
        let span = (row.booking.start(), row.booking.end());
        // With the buffers: what is occupied is what has to be free.
        let agenda = self.store.agenda(span.0, span.1, self.clock.now()).await?;
        let occupied: Vec<(Option<&str>, Stretch)> = agenda
            .occupied
            .iter()
            .filter(|part| part.booking_id == row.booking.id)
            .map(|part| (part.lane.strip_prefix("staff:"), Stretch { from: part.from, to: part.to }))
            .collect();
        let from = occupied.iter().map(|(_, part)| part.from).min().unwrap_or(span.0);
        let to = occupied.iter().map(|(_, part)| part.to).max().unwrap_or(span.1);
        let Some(known) = self.calendars.known(Some(&staff), (from, to), since).await? else {
            return Ok(None);
        };
        let meets = |(whom, event): &(Option<String>, Stretch)| {
            occupied.iter().any(|(lane, part)| {
                part.from < event.to && event.from < part.to && (whom.is_none() || whom.as_deref() == *lane)
            })
        };
        Ok(Some(known.iter().any(meets)))
    }

    /// Confirms; `None` where somebody changed or confirmed it meanwhile.
    pub(super) async fn confirm(&self, row: &BookingRow) -> Result<Option<BookingRow>, StoreError> {
        let key = format!("calendar-confirm:{}:{}", row.booking.id, row.revision);
        let request = system::change(row, key, ACTION, Change::Confirm);
        let outcome = self.store.change(&request, self.clock.now()).await?;
        self.wake.mirror.notify_one();
        Ok(outcome.row().cloned())
    }

    /// The outcome of what the customer asked for, so it is told also to those who want no reminders.
    async fn tell(&self, row: &BookingRow) -> Result<(), StoreError> {
        let Some(customer) = row.booking.customer_id() else { return Ok(()) };
        let loaded = Arc::clone(&self.profile.borrow());
        let conversation = self.store.conversation_of(customer).await?;
        let language = words::held_in(&loaded.profile, &conversation);
        let text = words::receipt::receipt(&loaded.profile, language, row);
        let message = NewOutgoing {
            id: self.ids.id(),
            kind: OutgoingKind::Notice,
            dedupe_key: Some(format!("confirmed:{}:{}", row.booking.id, row.revision)),
            body: json!({"type": "text", "text": {"body": text}}),
        };
        self.store.enqueue(conversation.id, &message, self.clock.now()).await?;
        self.wake.outbox.notify_one();
        Ok(())
    }

    async fn offer_other(&self, row: &BookingRow) -> Result<(), StoreError> {
        let this = (row.booking.id.clone(), row.revision);
        let told =
            |set: &Mutex<HashSet<_>>| set.lock().unwrap_or_else(PoisonError::into_inner).contains(&this);
        if !told(&self.told) {
            self.reoffer.reoffer(&this.0, this.1).await?;
            self.wake.outbox.notify_one();
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(this);
        }
        Ok(())
    }
}
