//! Writing functions: their arguments become one effect to commit. Nothing is written here.

use jiff::Timestamp;
use mcp_store::waitlist::NewWait;
use mcp_tenant::profile::localized;
use serde_json::Value;

use super::{Refusal, Tools, args};
use crate::booking::SlotRef;

/// An effect to commit.
#[derive(Debug)]
pub enum Staged {
    /// A new booking.
    Book {
        /// The slot.
        slot: SlotRef,
        /// Name to book under, where the customer gave one.
        name: Option<String>,
    },
    /// Another time for a booking.
    Move {
        /// The booking.
        booking_id: String,
        /// Its new slot.
        slot: SlotRef,
    },
    /// The end of a booking.
    Cancel {
        /// The booking.
        booking_id: String,
        /// Why, where the customer said.
        reason: Option<String>,
    },
    /// A place on the waiting list.
    Wait(Waiting),
    /// A person takes over.
    HandOver {
        /// What it is about.
        reason: Option<String>,
    },
}

/// A place on the waiting list, and what the customer reads of it.
#[derive(Debug)]
pub struct Waiting {
    /// The entry.
    pub wait: NewWait,
    /// The service's name, and who was asked for.
    pub service: String,
    /// The days and times that were meant.
    pub span: String,
}

/// Entries one customer may have.
const MOST_WAITS: usize = 5;

impl Tools<'_> {
    pub(super) fn book(&self, args: &Value) -> Result<Staged, Refusal> {
        Ok(Staged::Book { slot: self.slot_of(args)?, name: args::text(args, "name", 60) })
    }

    /// The people of an appointment stay, unless the customer asked for others.
    pub(super) async fn relocate(&self, args: &Value) -> Result<Staged, Refusal> {
        let (booking_id, mut slot) = (self.booking_of(args)?, self.slot_of(args)?);
        let row = self.desk.store.booking(&booking_id).await.map_err(|_| Refusal::database())?;
        let row = row.ok_or_else(Refusal::no_appointment)?;
        for part in slot.parts.iter_mut().filter(|part| !part.pinned) {
            let was = row.booking.items.iter().find(|item| item.service_id == part.service);
            match was {
                Some(was) if was.staff_id == part.staff => part.pinned = true,
                Some(was) => {
                    return Err(Refusal::new(
                        "conflict",
                        format!(
                            "the appointment is with {} and this slot with somebody else: call find_available_slots with `appointment`; if the customer agreed to another person, with that `staff`",
                            was.staff_name
                        ),
                    ));
                }
                None => {}
            }
        }
        Ok(Staged::Move { booking_id, slot })
    }

    pub(super) fn cancel(&self, args: &Value) -> Result<Staged, Refusal> {
        Ok(Staged::Cancel { booking_id: self.booking_of(args)?, reason: args::text(args, "reason", 200) })
    }

    pub(super) fn hand_over(args: &Value) -> Staged {
        Staged::HandOver { reason: args::text(args, "reason", 200) }
    }

    /// Only where nothing is free: whoever can book is not made to wait.
    pub(super) async fn wait(&self, args: &Value) -> Result<Staged, Refusal> {
        // What the list cannot keep is not left out behind the customer's back.
        if args::Visit::read(args)?.services.len() > 1 {
            return Err(Refusal::new(
                "validation",
                "the waiting list keeps one service: say so, and ask for which of them the customer wants to wait",
            ));
        }
        let found = self.look(args).await?;
        if !found.slots.is_empty() {
            return Err(Refusal::new(
                "conflict",
                "there are free slots in that window: call find_available_slots and offer them",
            ));
        }
        let visit = args::Visit::read(args)?;
        let service_id = visit.services[0].clone();
        let staff_id = visit.staff_for(&service_id).map(str::to_owned);
        let waits = self.desk.store.waits_of(self.customer).await.map_err(|_| Refusal::database())?;
        if waits.len() >= MOST_WAITS {
            return Err(Refusal::new(
                "limit_reached",
                "this customer waits for enough slots already: say so",
            ));
        }
        let (from, to) = (found.meant.stretch.from.max(self.desk.clock.now()), found.meant.stretch.to);
        if waits.iter().any(|row| same(&row.wait, &service_id, staff_id.as_deref(), from, to)) {
            return Err(Refusal::new("conflict", "this customer waits for exactly that already: say so"));
        }
        if to <= from {
            return Err(Refusal::new("validation", "that time is over: ask the customer for a day to come"));
        }
        let loaded = self.desk.profile();
        let name = loaded.profile.service(&service_id).map(|service| &service.name);
        let service = name.map(|name| localized(name, self.language.tag()).to_owned());
        let person = staff_id.as_deref().and_then(|id| loaded.profile.staff_member(id));
        let service = match (service, person) {
            (Some(service), Some(person)) => Some(format!("{service} · {}", person.name)),
            (service, _) => service,
        };
        let span = self.language.window(&found.meant.window);
        let wait =
            NewWait { id: self.desk.ids.id(), customer_id: self.customer, service_id, staff_id, from, to };
        Ok(Staged::Wait(Waiting { wait, service: service.unwrap_or_default(), span }))
    }

    fn slot_of(&self, args: &Value) -> Result<SlotRef, Refusal> {
        let reference = args["slot"].as_str().unwrap_or_default();
        self.desk.refs.read(self.principal, reference).ok_or_else(|| {
            Refusal::new(
                "not_found",
                "this is not a slot that was offered in this conversation: call find_available_slots and pass `slot` unchanged",
            )
        })
    }

    pub(super) fn booking_of(&self, args: &Value) -> Result<String, Refusal> {
        let reference = args["appointment"].as_str().unwrap_or_default();
        self.desk.read_booking_ref(self.principal, reference).ok_or_else(Refusal::no_appointment)
    }
}

/// The same wish for the same days; its beginning moves with the clock.
fn same(wait: &NewWait, service: &str, staff: Option<&str>, from: Timestamp, to: Timestamp) -> bool {
    wait.service_id == service && wait.staff_id.as_deref() == staff && wait.to == to && wait.from <= from
}
