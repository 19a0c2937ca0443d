//! Bookings and slots as programs read them.

use jiff::{Timestamp, tz::TimeZone};
use mcp_store::booking::{Alternative, BookingRow};
use mcp_tenant::{
    profile::localized,
    scalar::Money,
    slots::{Calendar, Visit},
    words::{Language, time},
};
use serde_json::{Value, json};

use super::{Caller, Failure, FailureCode, Scheduler};
use crate::booking::{Found, OfferedSlot, Principal, SlotRef};

const WIRE: &str = "%Y-%m-%dT%H:%M:%S%:z";

impl Scheduler {
    /// What the business offers.
    pub fn services(&self) -> Value {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let services = profile.services.iter().map(|service| {
            let staff: Vec<Value> =
                profile.staff_for(service).map(|s| json!({"id": s.id, "name": s.name})).collect();
            json!({
                "id": service.id,
                "name": localized(&service.name, profile.language()),
                "duration_minutes": service.duration.as_minutes(),
                "price": service.price.to_string(),
                "currency": profile.business.currency,
                "staff": staff,
            })
        });
        json!({
            "business": profile.business.name,
            "time_zone": profile.business.time_zone,
            "services": services.collect::<Vec<_>>(),
        })
    }

    /// One booking, as a caller may pass it on: whose it is, and the words about it, only with `customer:read`.
    pub fn booking(&self, caller: &Caller, row: &BookingRow) -> Value {
        let loaded = self.desk.profile();
        let booking = &row.booking;
        let zone = TimeZone::get(&loaded.profile.business.time_zone).unwrap_or(TimeZone::UTC);
        let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime(WIRE).to_string();
        let items = booking.items.iter().map(|item| {
            json!({
                "service": {"id": item.service_id, "name": item.service_name},
                "staff": {"id": item.staff_id, "name": item.staff_name},
                "start": local(item.start),
                "end": local(item.end),
                "price": Money::from_cents(item.price_cents).to_string(),
            })
        });
        let first = booking.items.first();
        let mut value = json!({
            "id": self.desk.booking_ref(&caller.principal, &booking.id),
            "reference": booking.reference,
            "state": booking.state.as_str(),
            "service": first.map(|item| json!({"id": item.service_id, "name": item.service_name})),
            "staff": first.map(|item| json!({"id": item.staff_id, "name": item.staff_name})),
            "start": local(booking.start()),
            "end": local(booking.end()),
            "items": items.collect::<Vec<_>>(),
            "price": Money::from_cents(booking.price_cents()).to_string(),
            "currency": booking.currency,
        });
        if let Some(until) = booking.hold_until {
            value["hold_until"] = json!(local(until));
        }
        if caller.sees_customers() {
            value["customer"] = json!(booking.customer_name);
            if let Some(reason) = &row.reason {
                value["reason"] = json!(reason);
            }
        }
        value
    }

    /// One free slot.
    pub fn slot(&self, slot: &OfferedSlot) -> Value {
        let language = Language::of(self.desk.profile().profile.language());
        json!({
            "slot": slot.reference,
            "start": slot.start.strftime(WIRE).to_string(),
            "end": slot.end.strftime(WIRE).to_string(),
            "weekday": language.weekday(slot.start.weekday()),
            "time": time(&slot.start),
            "staff": {"id": slot.staff, "name": slot.staff_name},
        })
    }

    /// Why nothing was done, with the slots that were free instead. Every refusal of a program's request goes through
    /// here, whichever door it came to, and is counted.
    pub fn refused(&self, failure: &Failure) -> Value {
        self.metrics.refused(failure.code);
        if failure.code == FailureCode::Internal {
            tracing::error!(message = failure.message, "a request failed in a way that has no code");
        }
        let mut value = failure.json();
        if !failure.alternatives.is_empty() {
            value["alternatives"] = failure.alternatives.iter().map(|slot| self.slot(slot)).collect();
        }
        value
    }

    /// What was found, and what was meant by the words it was asked with.
    pub fn found(&self, found: &Found) -> Value {
        let loaded = self.desk.profile();
        let list = |slots: &[OfferedSlot]| slots.iter().map(|slot| self.slot(slot)).collect::<Vec<_>>();
        json!({
            "time_zone": loaded.profile.business.time_zone,
            "from": found.meant.window.first.to_string(),
            "to": found.meant.window.last.to_string(),
            "meant": Language::of(loaded.profile.language()).meant(&found.meant),
            "slots": list(&found.slots),
            "more": found.more,
            "nearest": list(&found.nearest),
        })
    }

    /// The slots a refusal names, with references for the principal who was refused.
    pub(super) fn offers(
        &self,
        principal: &Principal,
        refused: &SlotRef,
        alternatives: &[Alternative],
    ) -> Vec<OfferedSlot> {
        let loaded = self.desk.profile();
        let profile = &loaded.profile;
        let Ok(calendar) = Calendar::new(profile) else { return Vec::new() };
        let offer = |alternative: &Alternative| {
            let slot = self.desk.alternative(refused, alternative);
            let length = Visit::new(profile, &slot.by_anyone()).ok()?.length();
            let person = profile.staff_member(&alternative.staff_id)?;
            Some(OfferedSlot {
                reference: self.desk.refs.make(principal, &slot),
                start: calendar.local(slot.start),
                end: calendar.local(slot.start.checked_add(length).ok()?),
                staff: person.id.clone(),
                staff_name: person.name.clone(),
                slot,
            })
        };
        alternatives.iter().filter_map(offer).collect()
    }
}
