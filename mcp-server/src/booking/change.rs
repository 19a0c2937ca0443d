//! Changing a booking: who may, until when, and what the store is asked to do.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use mcp_store::booking::{
    Agenda, AllowChange, BookedFor, BookingRow, BookingState, Change, ChangeRequest, Choice, Refused, code,
};
use mcp_tenant::slots::Stretch;
use serde_json::{Value, json};

use super::{
    Desk, Principal, SlotRef,
    audit::{self, Action},
    choose::placed,
    desk::around,
    wish::first_state,
};

impl Desk {
    /// Cancels a booking. A customer may until `rules.cancelNotice` before it begins, and only their own.
    pub fn cancel(
        &self,
        principal: &Principal,
        booking_id: &str,
        key: String,
        reason: Option<String>,
    ) -> ChangeRequest {
        let notice = self.profile().profile.rules.cancel_notice.as_duration();
        let allow = self.allow(principal, Bound::Cancel(notice));
        let content = reason.as_ref().map(|reason| json!({"reason": reason}));
        let change = Change::Cancel { reason };
        self.changing((principal, booking_id, key), Action::Cancel, change, allow, content)
    }

    /// Puts a booking elsewhere, all of it or nothing: the old slot is kept until the new one is secured. A customer
    /// may until `rules.moveNotice` before it begins, and only their own. Services that stay keep their price. While the
    /// owner's calendar cannot be read, a confirmed booking stays where it is: only the staff gives a time that is sure for
    /// one that is not.
    pub async fn relocate(
        &self,
        principal: &Principal,
        booking_id: &str,
        slot: SlotRef,
        key: String,
    ) -> ChangeRequest {
        let loaded = self.business(principal);
        let notice = loaded.profile.rules.move_notice.as_duration();
        let (read, outside) = self.outside_around(&slot, false).await;
        let allow = self.allow(principal, Bound::Move { notice, read });
        let state = first_state(&loaded, principal, read);
        let chosen = self.chosen(state, None, outside);
        // Only for the prices it keeps: whether it may be moved is decided over the row as the transaction reads it.
        let before = self.store.booking(booking_id).await.ok().flatten();
        let content = audit::asked(&slot);
        let asked = slot.clone();
        let choose = Arc::new(move |agenda: &Agenda| {
            let nobody = BookedFor::Named { phone: None };
            let choice = placed(&loaded.profile, &asked, (&nobody, ""), &chosen, agenda)?;
            Ok(before.as_ref().map_or_else(|| choice.clone(), |before| kept(choice.clone(), before)))
        });
        let around = around(Stretch { from: slot.start, to: slot.start });
        let change = Change::Move { around, choose };
        let mut request =
            self.changing((principal, booking_id, key), Action::Move, change, allow, Some(content));
        request.digest = format!("{}~{}", request.digest, slot.text());
        request
    }

    /// Approves or declines a booking that is requested. Only the staff may.
    pub fn decide(
        &self,
        principal: &Principal,
        booking_id: &str,
        approve: bool,
        key: String,
        reason: Option<String>,
    ) -> ChangeRequest {
        let allow = self.allow(principal, Bound::Requested);
        let content = reason.as_ref().map(|reason| json!({"reason": reason}));
        let (action, change) = if approve {
            (Action::Approve, Change::Confirm)
        } else {
            (Action::Decline, Change::Decline { reason })
        };
        self.changing((principal, booking_id, key), action, change, allow, content)
    }

    /// Says that a booking took place, or that the customer did not come. Only the staff may, once it has begun.
    pub fn conclude(
        &self,
        principal: &Principal,
        booking_id: &str,
        came: bool,
        key: String,
    ) -> ChangeRequest {
        let allow = self.allow(principal, Bound::Begun);
        let (action, change) =
            if came { (Action::Complete, Change::Complete) } else { (Action::NoShow, Change::NoShow) };
        self.changing((principal, booking_id, key), action, change, allow, None)
    }

    fn changing(
        &self,
        (principal, booking_id, idempotency_key): (&Principal, &str, String),
        action: Action,
        change: Change,
        allow: AllowChange,
        content: Option<Value>,
    ) -> ChangeRequest {
        ChangeRequest {
            idempotency_key,
            digest: format!("{}~{booking_id}", action.as_str()),
            booking_id: booking_id.to_owned(),
            revision: None,
            allow,
            change,
            audit: Some(audit::entry(&*self.ids, principal, action, content)),
        }
    }

    fn allow(&self, principal: &Principal, bound: Bound) -> AllowChange {
        let (principal, now) = (principal.clone(), self.clock.now());
        Arc::new(move |row: &BookingRow| allowed(&principal, &bound, row, now))
    }
}

/// What must hold for a change, beside whose it is.
enum Bound {
    /// A customer cancels so long before the start; nobody cancels what has begun, except the staff.
    Cancel(SignedDuration),
    /// The same for moving; what is only held is chosen anew instead. Whether the owner's calendar was read.
    Move { notice: SignedDuration, read: bool },
    /// The staff decides about what is requested.
    Requested,
    /// The staff says what became of what has begun.
    Begun,
}

/// Whether a principal may change a booking at a moment.
fn allowed(principal: &Principal, bound: &Bound, row: &BookingRow, now: Timestamp) -> Result<(), Refused> {
    let booking = &row.booking;
    let (start, held) = (booking.start(), booking.state == BookingState::Held);
    if let Principal::Customer(id) = principal
        && booking.customer_id() != Some(*id)
    {
        return Err(Refused::new(
            "not_yours",
            "this is not your booking: list your bookings and choose one of them",
        ));
    }
    match bound {
        Bound::Move { .. } if held => Err(Refused::not_in(booking.state.as_str())),
        // A hold is given up at any time.
        Bound::Cancel(_) if held => Ok(()),
        Bound::Cancel(_) | Bound::Move { .. } if principal.is_staff() => Ok(()),
        Bound::Cancel(_) | Bound::Move { .. } if start <= now => {
            Err(Refused::new(code::CONFLICT, "this booking has begun: only the staff can change it now"))
        }
        Bound::Move { read: false, .. } if booking.state == BookingState::Confirmed => Err(Refused::new(
            "service_unavailable",
            "the business's calendar cannot be read now, so this booking stays where it is: try again later, or ask for a person",
        )),
        Bound::Cancel(notice) | Bound::Move { notice, .. } => {
            let bound = matches!(principal, Principal::Customer(_));
            if bound && start.duration_since(now) < *notice {
                return Err(Refused::new(
                    "notice_too_short",
                    format!(
                        "this booking begins too soon to be changed without the business (up to {} minutes before): ask for a person",
                        notice.as_mins()
                    ),
                ));
            }
            Ok(())
        }
        _ if !principal.is_staff() => Err(Refused::new(
            "forbidden",
            "only the staff decides this: use a token whose subject begins with `staff:`",
        )),
        Bound::Requested if held => Err(Refused::not_in(booking.state.as_str())),
        Bound::Begun if start > now => {
            Err(Refused::new(code::CONFLICT, "this booking has not begun yet: cancel it instead"))
        }
        Bound::Requested | Bound::Begun => Ok(()),
    }
}

/// What a moved booking keeps of itself: the prices of the services that stay.
fn kept(choice: Choice, before: &BookingRow) -> Choice {
    let mut choice = choice;
    let was = &before.booking;
    if was.currency == choice.booking.currency {
        let prices: BTreeMap<&str, (u64, &str)> = was
            .items
            .iter()
            .map(|item| (item.service_id.as_str(), (item.price_cents, item.service_name.as_str())))
            .collect();
        for item in &mut choice.booking.items {
            if let Some((price, name)) = prices.get(item.service_id.as_str()) {
                item.price_cents = *price;
                item.service_name = (*name).to_owned();
            }
        }
    }
    choice
}
