//! What the store has read, as the arithmetic of slots takes it.

use std::collections::BTreeMap;

use mcp_store::{adjustment::AdjustmentRow, booking::Agenda};
use mcp_tenant::{
    adjustment::Adjustment,
    slots::{Busy, Mirrored, Occupation, Standing, StandingPart, Stretch},
};

/// An agenda, and what an outside calendar said just now: its events keep everybody from being booked.
pub fn busy(agenda: &Agenda, outside: &[Stretch]) -> Busy {
    let occupations = agenda.occupied.iter().map(|row| Occupation {
        booking: row.booking_id.clone(),
        lane: row.lane.clone(),
        share: row.share.clone(),
        stretch: Stretch { from: row.from, to: row.to },
        pinned: row.pinned,
    });
    let mut bookings: BTreeMap<&str, Vec<StandingPart>> = BTreeMap::new();
    for row in &agenda.standing {
        bookings.entry(&row.booking_id).or_default().push(StandingPart {
            service: row.service_id.clone(),
            staff: row.staff_id.clone(),
            start: row.start,
        });
    }
    let mirrored = agenda.mirrored.iter().map(|event| Mirrored {
        staff: event.staff_id.clone(),
        stretch: Stretch { from: event.from, to: event.to },
    });
    let outside = outside.iter().map(|stretch| Mirrored { staff: None, stretch: *stretch });
    Busy {
        occupations: occupations.collect(),
        bookings: bookings
            .into_iter()
            .map(|(booking, parts)| Standing { booking: booking.to_owned(), parts })
            .collect(),
        mirrored: mirrored.chain(outside).collect(),
        adjustments: adjustments(&agenda.adjustments),
    }
}

/// The owner's adjustments in the order in which they were made. One that this program cannot read is told and left
/// out: a newer program wrote it, and hours as the profile has them are better than no hours.
pub fn adjustments(rows: &[AdjustmentRow]) -> Vec<Adjustment> {
    let read = |row: &AdjustmentRow| match serde_json::from_value(row.adjustment.content.clone()) {
        Ok(adjustment) => Some(adjustment),
        Err(error) => {
            tracing::error!(id = row.adjustment.id, %error, "an adjustment of the owner cannot be read");
            None
        }
    };
    rows.iter().filter_map(read).collect()
}
