//! One scheduler for agents and programs: what MCP and REST ask, with stable errors, keys that make a repeat harmless,
//! and whoever is to hear of a change woken. Chat stages the same requests of the [`Desk`] in its turns.

mod caller;
mod failure;
mod list;
mod parse;
mod view;

use std::sync::Arc;

use mcp_store::{
    StoreError,
    booking::{BookedFor, BookingOutcome, BookingRequest, BookingRow, ChangeRequest},
};
use mcp_tenant::when::When;

pub use caller::Caller;
pub use failure::{Failure, FailureCode};
pub use list::{Filter, Page};
pub use parse::{instant, page_size};

use super::{Desk, Found, Principal, SlotPart, SlotRef, Wish};
use crate::{
    metrics::Metrics,
    notices::changed::{self, Done},
    telemetry,
    wake::Wake,
};

/// The scheduler of one tenant.
#[derive(Clone)]
pub struct Scheduler {
    /// What can be booked.
    pub desk: Arc<Desk>,
    /// Rings for those who hear of a change.
    pub wake: Arc<Wake>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// A start, as a door was given it: an opaque slot, or services with a start and who does them.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Opaque reference of an offer.
    pub slot: Option<String>,
    /// Ids of the services, one after the other.
    pub services: Vec<String>,
    /// Local time of the business, or with an offset.
    pub start: Option<String>,
    /// Who does it; anyone where left out.
    pub staff: Option<String>,
}

/// What to book, for whom.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// What, when.
    pub start: Start,
    /// Name to book under, 1 to 60 characters.
    pub name: String,
    /// Telephone number in international form.
    pub phone: Option<String>,
    /// The caller's own key, 1 to 128 characters.
    pub key: String,
}

/// What is done with one booking.
#[derive(Clone, Debug)]
pub enum Step {
    /// Cancel it, with a reason for the customer.
    Cancel(Option<String>),
    /// Approve what is requested.
    Approve,
    /// Decline what is requested, with a reason for the customer.
    Decline(Option<String>),
    /// It took place.
    Complete,
    /// The customer did not come.
    NoShow,
}

impl Scheduler {
    /// Over a desk.
    pub fn new(desk: &Arc<Desk>, wake: &Arc<Wake>, metrics: &Arc<Metrics>) -> Self {
        Self { desk: Arc::clone(desk), wake: Arc::clone(wake), metrics: Arc::clone(metrics) }
    }

    /// Free slots of a visit, or the nearest ones.
    pub async fn slots(
        &self,
        principal: &Principal,
        services: &[(&str, Option<&str>)],
        when: &When,
    ) -> Result<Found, Failure> {
        self.desk.find_visit(principal, services, when).await.map_err(Failure::of_find)
    }

    /// Books for a named customer.
    pub async fn book(
        &self,
        principal: &Principal,
        door: &str,
        order: &Order,
    ) -> Result<BookingRow, Failure> {
        let wish = self.wish(principal, door, order)?;
        let slot = wish.slot.clone();
        let request = self.desk.request(wish).await;
        self.write(principal, &slot, &request).await
    }

    /// Reserves a slot for a named customer for the profile's `rules.hold`.
    pub async fn hold(
        &self,
        principal: &Principal,
        door: &str,
        order: &Order,
    ) -> Result<BookingRow, Failure> {
        let wish = self.wish(principal, door, order)?;
        let slot = wish.slot.clone();
        let request = self.desk.hold(wish).await;
        self.write(principal, &slot, &request).await
    }

    /// Books what is held: the same order, with the reference of the hold. Where the hold is over it still books if
    /// the slot is free.
    pub async fn confirm(
        &self,
        principal: &Principal,
        door: &str,
        hold: &str,
        order: &Order,
    ) -> Result<BookingRow, Failure> {
        let id = self.known(principal, hold).await?;
        let wish = Wish { confirm: Some(id), ..self.wish(principal, door, order)? };
        let slot = wish.slot.clone();
        let request = self.desk.request(wish).await;
        self.write(principal, &slot, &request).await
    }

    /// Puts a booking elsewhere. What `start` leaves out stays: its services, and who does them.
    pub async fn relocate(
        &self,
        principal: &Principal,
        door: &str,
        booking: &str,
        start: &Start,
        key: &str,
    ) -> Result<BookingRow, Failure> {
        let row = self.get(principal, booking).await?;
        let slot = if start.slot.is_some() || !start.services.is_empty() {
            self.wanted(principal, start)?
        } else {
            self.elsewhere(&row, start)?
        };
        let key = principal.key(door, checked_key(key)?);
        let request = self.desk.relocate(principal, &row.booking.id, slot.clone(), key).await;
        let row = self.change(principal, Some(&slot), &request, FailureCode::UpdateFailed).await?;
        changed::tell(&self.desk, &self.wake, &row, Done::Moved).await;
        Ok(row)
    }

    /// Does one step with a booking.
    pub async fn step(
        &self,
        principal: &Principal,
        door: &str,
        booking: &str,
        step: Step,
        key: &str,
    ) -> Result<BookingRow, Failure> {
        let id = self.known(principal, booking).await?;
        let key = principal.key(door, checked_key(key)?);
        let desk = &self.desk;
        let told = match step {
            Step::Cancel(_) => Some(Done::Cancelled),
            Step::Approve => Some(Done::Approved),
            Step::Decline(_) => Some(Done::Declined),
            Step::Complete | Step::NoShow => None,
        };
        let (request, failed) = match step {
            Step::Cancel(reason) => {
                (desk.cancel(principal, &id, key, checked_reason(reason)?), FailureCode::CancellationFailed)
            }
            Step::Approve => (desk.decide(principal, &id, true, key, None), FailureCode::UpdateFailed),
            Step::Decline(reason) => {
                let reason = checked_reason(reason)?;
                (desk.decide(principal, &id, false, key, reason), FailureCode::UpdateFailed)
            }
            Step::Complete => (desk.conclude(principal, &id, true, key), FailureCode::UpdateFailed),
            Step::NoShow => (desk.conclude(principal, &id, false, key), FailureCode::UpdateFailed),
        };
        let row = self.change(principal, None, &request, failed).await?;
        if let Some(done) = told {
            changed::tell(desk, &self.wake, &row, done).await;
        }
        Ok(row)
    }

    /// A booking, by the reference this principal was given or by what the customer quotes.
    pub async fn get(&self, principal: &Principal, booking: &str) -> Result<BookingRow, Failure> {
        let store = &self.desk.store;
        let found = match self.desk.read_booking_ref(principal, booking) {
            Some(id) => store.booking(&id).await,
            None if booking.len() <= 12 => store.booking_by_reference(booking).await,
            None => Ok(None),
        };
        found.map_err(|error| Failure::of_reading(&error))?.ok_or_else(|| {
            Failure::new(
                FailureCode::NotFound,
                "there is no such booking: pass `id` as it was given to you, or the code the customer quotes",
            )
        })
    }

    async fn known(&self, principal: &Principal, booking: &str) -> Result<String, Failure> {
        match self.desk.read_booking_ref(principal, booking) {
            Some(id) => Ok(id),
            None => Ok(self.get(principal, booking).await?.booking.id),
        }
    }

    async fn write(
        &self,
        principal: &Principal,
        slot: &SlotRef,
        request: &BookingRequest,
    ) -> Result<BookingRow, Failure> {
        let outcome = self.desk.store.book(request, self.desk.clock.now()).await;
        self.done(principal, Some(slot), outcome, FailureCode::BookingFailed)
    }

    async fn change(
        &self,
        principal: &Principal,
        slot: Option<&SlotRef>,
        request: &ChangeRequest,
        failed: FailureCode,
    ) -> Result<BookingRow, Failure> {
        let outcome = self.desk.store.change(request, self.desk.clock.now()).await;
        self.done(principal, slot, outcome, failed)
    }

    fn done(
        &self,
        principal: &Principal,
        slot: Option<&SlotRef>,
        outcome: Result<BookingOutcome, StoreError>,
        failed: FailureCode,
    ) -> Result<BookingRow, Failure> {
        match outcome {
            Ok(BookingOutcome::Booked(row)) => {
                self.metrics.booked(&row.booking);
                self.wake.bookings();
                Ok(*row)
            }
            Ok(BookingOutcome::Changed(row)) => {
                self.metrics.booking("changed");
                self.wake.bookings();
                Ok(*row)
            }
            Ok(BookingOutcome::Refused(refused)) => {
                self.metrics.booking_refused(&refused.code);
                let alternatives = slot.map(|slot| self.offers(principal, slot, &refused.alternatives));
                Err(Failure {
                    code: FailureCode::parse(&refused.code),
                    message: refused.message,
                    field: None,
                    scope: None,
                    alternatives: alternatives.unwrap_or_default(),
                })
            }
            Err(StoreError::KeyReused) => Err(Failure::new(
                FailureCode::Conflict,
                "this idempotency key was used for something else: use a new one",
            )),
            Err(error) => {
                tracing::error!(error = telemetry::chain(&error), "a booking could not be written");
                Err(Failure::new(
                    failed,
                    "nothing was done: the database cannot be written now, try again with the same idempotency key",
                ))
            }
        }
    }

    fn wish(&self, principal: &Principal, door: &str, order: &Order) -> Result<Wish, Failure> {
        let name = order.name.trim();
        if name.is_empty() || name.chars().count() > 60 {
            return Err(Failure::field("customer.name", "customer.name must have 1 to 60 characters"));
        }
        if order.phone.as_ref().is_some_and(|phone| mcp_store::phone::canonical(phone).is_none()) {
            return Err(Failure::field(
                "customer.phone",
                "customer.phone must be a number in international form, like +55 11 98888-7777",
            ));
        }
        Ok(Wish {
            principal: principal.clone(),
            slot: self.wanted(principal, &order.start)?,
            booked_for: BookedFor::Named { phone: order.phone.clone() },
            customer_name: name.to_owned(),
            idempotency_key: principal.key(door, checked_key(&order.key)?),
            confirm: None,
        })
    }

    /// The slot that is meant.
    fn wanted(&self, principal: &Principal, start: &Start) -> Result<SlotRef, Failure> {
        if let Some(reference) = &start.slot {
            if !start.services.is_empty() || start.start.is_some() || start.staff.is_some() {
                return Err(Failure::field(
                    "slot",
                    "pass either slot, or service and start (and staff), not both",
                ));
            }
            return self.desk.refs.read(principal, reference).ok_or_else(|| {
                Failure::new(
                    FailureCode::NotYours,
                    "this slot was not offered to you: look for available slots and pass `slot` unchanged",
                )
            });
        }
        let (false, Some(at)) = (start.services.is_empty(), &start.start) else {
            return Err(Failure::new(FailureCode::Validation, "pass slot, or service and start"));
        };
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let at = instant(at, &profile.business.time_zone)?;
        let mut parts = Vec::with_capacity(start.services.len());
        for id in &start.services {
            let Some(service) = profile.service(id) else {
                return Err(Failure::new(
                    FailureCode::NotFound,
                    format!("there is no service `{id}`: list the services and choose one of them"),
                ));
            };
            let anyone = profile.staff_for(service).next().map(|person| person.id.clone());
            let Some(staff) = start.staff.clone().or(anyone) else {
                return Err(Failure::new(FailureCode::NotFound, format!("nobody does `{id}` now")));
            };
            parts.push(SlotPart { service: id.clone(), staff, pinned: start.staff.is_some() });
        }
        Ok(SlotRef { start: at, parts })
    }

    /// The booking's own services at another start, by the same people or by somebody named.
    fn elsewhere(&self, row: &BookingRow, start: &Start) -> Result<SlotRef, Failure> {
        if start.start.is_none() && start.staff.is_none() {
            return Err(Failure::new(FailureCode::Validation, "pass slot, or start, or staff"));
        }
        let zone = self.desk.profile().profile.business.time_zone.clone();
        let at = start.start.as_deref().map_or_else(|| Ok(row.booking.start()), |at| instant(at, &zone))?;
        let part = |item: &mcp_store::booking::BookingItem| SlotPart {
            service: item.service_id.clone(),
            staff: start.staff.clone().unwrap_or_else(|| item.staff_id.clone()),
            pinned: true,
        };
        Ok(SlotRef { start: at, parts: row.booking.items.iter().map(part).collect() })
    }
}

fn checked_key(key: &str) -> Result<&str, Failure> {
    if key.is_empty() || key.len() > 128 {
        return Err(Failure::field("idempotency_key", "the idempotency key must have 1 to 128 characters"));
    }
    Ok(key)
}

fn checked_reason(reason: Option<String>) -> Result<Option<String>, Failure> {
    match reason.map(|reason| reason.trim().to_owned()).filter(|reason| !reason.is_empty()) {
        Some(long) if long.chars().count() > 300 => {
            Err(Failure::field("reason", "reason must have at most 300 characters"))
        }
        other => Ok(other),
    }
}
