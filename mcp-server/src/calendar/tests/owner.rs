//! What the owner does to our events, and over them.

use std::sync::atomic::Ordering;

use mcp_simulator::EventRow;
use serde_json::json;

use super::bed::{BUSINESS, RUI, World};
use crate::{
    calendar::{OutsideCalendar, proposals::Proposal},
    test_bed::local,
};

const ZONE: &str = "America/Sao_Paulo";

fn event(world: &World, id: &str) -> EventRow {
    world.sim.state().events.into_iter().find(|event| event.id == id).unwrap()
}

#[tokio::test]
async fn our_events_take_no_time_and_say_what_the_owner_needs() {
    let world = World::new().await;
    let (row, id) = world.mirrored("ze", "2026-11-17T10:00").await;
    assert!(world.busy("2026-11-17").await.is_empty() && world.proposals().is_empty());
    let event = event(&world, &id);
    assert_eq!((event.calendar_id.as_str(), event.created_count), (BUSINESS, 1));
    let event = event.event;
    assert_eq!(event["start"], json!({"dateTime": "2026-11-17T10:00:00-03:00", "timeZone": ZONE}));
    assert_eq!(
        event["reminders"],
        json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": 30}]})
    );
    assert_eq!(event["extendedProperties"]["private"]["booking_id"], row.booking.id);
    assert_eq!(event["summary"], "Corte – Ana");
    world.calendars.put(&row, ZONE).await.unwrap();
    assert_eq!(self::event(&world, &id).created_count, 1, "a repeat makes no second event");
    let (_, ruis) = world.mirrored("rui", "2026-11-17T15:00").await;
    assert_eq!(self::event(&world, &ruis).calendar_id, RUI);
}

#[tokio::test]
async fn an_event_moved_by_hand_is_proposed_once_and_the_booking_stands() {
    let world = World::new().await;
    let (row, id) = world.mirrored("ze", "2026-11-17T10:00").await;
    let (start, end) = (local("2026-11-17T14:00"), local("2026-11-17T14:45"));
    let moved = json!({"start": {"dateTime": start.to_string()}, "end": {"dateTime": end.to_string()}});
    world.sim.change_owner_event(BUSINESS, &id, &moved).unwrap();
    // Asking failed: the finding is not lost with it.
    world.asked.fails.store(true, Ordering::SeqCst);
    assert!(world.calendars.refresh().await.is_err());
    world.asked.fails.store(false, Ordering::SeqCst);
    world.refresh().await;
    world.refresh().await;
    let booking_id = row.booking.id.clone();
    assert_eq!(world.proposals(), [Proposal::Moved { booking_id, revision: 1, start, end }]);
    let stands = world.bed.store.booking(&row.booking.id).await.unwrap().unwrap();
    assert_eq!(stands, row);
    assert!(world.busy("2026-11-17").await.is_empty(), "the new place is not taken from the booking itself");
    // The owner decides that it stays.
    world.calendars.restore(&row, ZONE).await.unwrap();
    world.refresh().await;
    assert_eq!(event(&world, &id).event["start"]["dateTime"], "2026-11-17T10:00:00-03:00");
    assert_eq!(world.proposals().len(), 1);
}

#[tokio::test]
async fn an_event_deleted_by_hand_is_proposed_and_can_be_brought_back() {
    let world = World::new().await;
    let (row, id) = world.mirrored("rui", "2026-11-17T15:00").await;
    world.sim.delete_owner_event(RUI, &id).unwrap();
    world.refresh().await;
    let booking_id = row.booking.id.clone();
    assert_eq!(world.proposals(), [Proposal::Deleted { booking_id, revision: 1 }]);
    world.calendars.put(&row, ZONE).await.unwrap();
    assert_eq!(event(&world, &id).status, "cancelled", "a retry of the mirror does not undo the owner");
    world.calendars.restore(&row, ZONE).await.unwrap();
    assert_eq!(event(&world, &id).status, "confirmed");
    world.refresh().await;
    assert_eq!(world.proposals().len(), 1);
}

#[tokio::test]
async fn what_we_remove_ourselves_is_no_proposal() {
    let world = World::new().await;
    let (row, id) = world.mirrored("ze", "2026-11-17T10:00").await;
    let principal = crate::booking::Principal::Customer(row.booking.customer_id().unwrap());
    let request = world.desk.cancel(&principal, &row.booking.id, "key".into(), None);
    world.bed.store.change(&request, world.now()).await.unwrap();
    world.calendars.remove(&row, 1).await.unwrap();
    world.calendars.remove(&row, 1).await.unwrap();
    world.refresh().await;
    assert_eq!((event(&world, &id).status.as_str(), world.proposals().len()), ("cancelled", 0));
}

#[tokio::test]
async fn a_later_event_over_a_booking_leaves_it_and_asks() {
    let world = World::new().await;
    let (row, _) = world.mirrored("ze", "2026-11-17T10:00").await;
    world.event(RUI, "2026-11-17T10:00", "2026-11-17T12:00");
    world.refresh().await;
    assert!(world.proposals().is_empty(), "Rui's event is none of Zé's");
    world.event(BUSINESS, "2026-11-17T10:30", "2026-11-17T12:00");
    world.refresh().await;
    world.refresh().await;
    let asked = Proposal::Overlaps {
        booking_id: row.booking.id.clone(),
        revision: 1,
        event_start: local("2026-11-17T10:30"),
        event_end: local("2026-11-17T12:00"),
    };
    assert_eq!(world.proposals(), [asked]);
    assert_eq!(world.bed.store.booking(&row.booking.id).await.unwrap(), Some(row));
    assert_eq!(world.busy("2026-11-17").await.len(), 2);
}

#[tokio::test]
async fn a_booking_that_goes_to_somebody_else_leaves_the_first_ones_calendar() {
    let world = World::new().await;
    let (row, first) = world.mirrored("rui", "2026-11-17T15:00").await;
    let mut moved = row.clone();
    moved.revision = 2;
    moved.booking.items[0].staff_id = "ze".into();
    world.calendars.put(&moved, ZONE).await.unwrap();
    world.calendars.remove(&moved, 1).await.unwrap();
    let second = event(&world, &crate::calendar::event::event_id(&row.booking.id, 2));
    assert_eq!((second.calendar_id.as_str(), second.status.as_str()), (BUSINESS, "confirmed"));
    assert_eq!(event(&world, &first).status, "cancelled");
}
