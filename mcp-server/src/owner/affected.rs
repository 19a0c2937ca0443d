//! Bookings that fall into a change of hours, and telling their customers. They stand until somebody changes them.

use mcp_store::{
    booking::{BookingItem, BookingRow, BookingState},
    outbox::{NewOutgoing, OutgoingKind},
    turn::Also,
};
use mcp_tenant::{
    adjustment::{Adjustment, Change, Target},
    slots::Calendar,
};

use super::Owner;
use crate::{
    booking::{FindError, pages},
    notices::NoticeTap,
    whatsapp::interactive::{self, Button},
    words::{self, menu, owner, receipt},
};

impl Owner<'_> {
    /// Bookings to come that a change leaves without hours.
    pub(super) async fn affected(&self, adjustment: &Adjustment) -> Result<Vec<BookingRow>, FindError> {
        let calendar = Calendar::new(&self.loaded.profile)?;
        let stretch = self.stretch(adjustment.first, adjustment.last)?;
        let rows = pages::all(&*self.desk().store, stretch.from.max(self.now), stretch.to).await?;
        let open =
            |row: &BookingRow| matches!(row.booking.state, BookingState::Requested | BookingState::Confirmed);
        let hit = |row: &BookingRow| row.booking.items.iter().any(|item| falls(&calendar, adjustment, item));
        Ok(rows.into_iter().filter(|row| open(row) && hit(row)).collect())
    }

    /// What tells a customer that their booking falls into a change, once; nothing where they cannot or do not want to
    /// be told.
    pub(super) async fn affected_notice(
        &self,
        adjustment: &str,
        row: &BookingRow,
    ) -> Result<Option<Also>, FindError> {
        let profile = &self.loaded.profile;
        let Some(customer) = row.booking.customer_id() else { return Ok(None) };
        let conversation = self.desk().store.conversation_of(customer).await?;
        if conversation.notices == Some(false) {
            return Ok(None);
        }
        let language = words::held_in(profile, &conversation);
        let details = receipt::details(profile, language, row);
        let text = owner::affected(language, words::formal(profile), &profile.business.name, &details);
        let refs = &self.desk().refs;
        let button =
            |tap: &NoticeTap, words| Button::new(tap.id(refs, customer), menu::title(language, words));
        let buttons = [
            button(&NoticeTap::Move(row.booking.id.clone()), menu::Title::Move),
            button(&NoticeTap::Cancel(row.booking.id.clone()), menu::Title::Cancel),
        ];
        let message = NewOutgoing {
            id: self.desk().ids.id(),
            kind: OutgoingKind::Notice,
            dedupe_key: Some(format!("affected:{adjustment}:{}", row.booking.id)),
            body: interactive::buttons(&text, &buttons),
        };
        Ok(Some(Also::Tell { conversation_id: conversation.id, message }))
    }
}

/// Whether a service of a booking lies on a day of the change, is of its target, and has no hours any more.
fn falls(calendar: &Calendar<'_>, adjustment: &Adjustment, item: &BookingItem) -> bool {
    let (start, end) = (calendar.local(item.start), calendar.local(item.end));
    let of_target = match &adjustment.target {
        Target::Business => true,
        Target::Staff(id) => *id == item.staff_id,
        // Which booking has which resource is not said by its items.
        Target::Resource(_) => false,
    };
    if !of_target || !adjustment.covers(start.date()) {
        return false;
    }
    match &adjustment.change {
        Change::Closed => true,
        Change::Hours(hours) => {
            let minute = |at: &jiff::Zoned| i32::from(at.hour()) * 60 + i32::from(at.minute());
            let over = if end.date() > start.date() { 24 * 60 } else { 0 };
            let (from, to) = (minute(&start), minute(&end) + over);
            !hours.iter().any(|interval| {
                let (opens, closes) = interval.minutes();
                opens <= from && to <= closes
            })
        }
    }
}
