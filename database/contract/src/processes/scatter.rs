//! Attempts on fifty slots that overlap, with buffers, three people and two chairs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    LeaseTime, Store,
    booking::{Agenda, BookingOutcome, BookingRequest, Change, ChangeRequest, Choice, Refused},
    lanes::{LaneMove, Occupied},
};

use super::{open, print, wait_for_the_word};
use crate::{
    make::{at, blind, cancel, change, choice, id, minute, movable, on, refusal},
    random::Random,
};

/// How many slots there are; one begins every ten minutes.
pub const SLOTS: u64 = 50;
/// Who works.
pub const STAFF: [&str; 3] = ["ze", "rui", "eva"];
/// The units of the resource.
pub const CHAIRS: [&str; 2] = ["resource:chair/1", "resource:chair/2"];

/// Half an hour by a person with ten minutes before and after, and the same on a chair.
pub fn slot(booking: &str, slot: u64, staff: &str, chair: &str) -> Choice {
    let start = i64::try_from(slot).unwrap() * 10;
    let mut choice = choice(booking, staff, start, 30);
    let (from, to) = (minute(start - 10), minute(start + 40));
    choice.occupations = vec![on(&format!("staff:{staff}"), from, to), movable(chair, from, to)];
    choice
}

fn overlapping<'a>(agenda: &'a Agenda, lane: &str, from: Timestamp, to: Timestamp) -> Vec<&'a Occupied> {
    agenda.occupied.iter().filter(|o| o.lane == lane && o.from < to && from < o.to).collect()
}

/// Takes a free chair, or has the one who is in the way change chairs.
fn make_room(agenda: &Agenda, mut wanted: Choice) -> Result<Choice, Refused> {
    let (from, to) = (wanted.occupations[1].from, wanted.occupations[1].to);
    for (chair, other) in [(CHAIRS[0], CHAIRS[1]), (CHAIRS[1], CHAIRS[0])] {
        let in_the_way = overlapping(agenda, chair, from, to);
        if in_the_way.iter().all(|o| overlapping(agenda, other, o.from, o.to).is_empty()) {
            wanted.occupations[1].lane = chair.into();
            wanted.moves = in_the_way
                .iter()
                .map(|o| LaneMove {
                    booking_id: o.booking_id.clone(),
                    lane: o.lane.clone(),
                    from: o.from,
                    to_lane: other.into(),
                })
                .collect();
            return Ok(wanted);
        }
    }
    Err(Refused::slot_taken())
}

/// What is to be read so that everybody who may be asked to change chairs is seen with all neighbours.
fn around(choice: &Choice) -> (Timestamp, Timestamp) {
    let hours = SignedDuration::from_hours(3);
    (choice.booking.start() - hours, choice.booking.end() + hours)
}

/// Books, moves and cancels at random; prints each outcome.
pub(super) async fn run(process: u64, attempts: u64) {
    let store = open(LeaseTime::Caller).await;
    wait_for_the_word().await;
    let mut random = Random::new(process);
    let mut mine: Vec<String> = Vec::new();
    for n in 0..attempts {
        let booking = id((process + 1) * 1_000_000 + n);
        let there = |booking: &str, random: &mut Random| {
            let (number, staff) = (random.below(SLOTS), *random.one_of(STAFF.as_slice()));
            slot(booking, number, staff, random.one_of::<&str>(&CHAIRS))
        };
        let action = random.below(10);
        let (word, outcome) = match (action, mine.is_empty()) {
            (0, false) => {
                let index = usize::try_from(random.below(mine.len() as u64)).unwrap();
                let gone = mine.swap_remove(index);
                ("cancelled", store.change(&change(&format!("c{booking}"), &gone, cancel()), at(0)).await)
            }
            (1 | 2, false) => {
                let moved = random.one_of(&mine).clone();
                let request = moving(&format!("m{booking}"), &moved, there(&moved, &mut random));
                ("moved", store.change(&request, at(0)).await)
            }
            _ => {
                let wanted = there(&booking, &mut random);
                let request = if action < 6 { blind(&booking, wanted) } else { looking(&booking, wanted) };
                ("booked", store.book(&request, at(0)).await)
            }
        };
        let outcome: BookingOutcome = outcome.unwrap();
        match outcome.row() {
            Some(row) => {
                if word == "booked" {
                    mine.push(row.booking.id.clone());
                }
                print(word);
            }
            None => print(refusal(&outcome)),
        }
    }
}

fn looking(key: &str, wanted: Choice) -> BookingRequest {
    let mut request = blind(key, wanted.clone());
    request.around = around(&wanted);
    request.choose = Arc::new(move |agenda| make_room(agenda, wanted.clone()));
    request
}

fn moving(key: &str, booking: &str, wanted: Choice) -> ChangeRequest {
    let around = around(&wanted);
    change(
        key,
        booking,
        Change::Move { around, choose: Arc::new(move |agenda| make_room(agenda, wanted.clone())) },
    )
}

/// Books a slot if a chair can be had for it, others changing chairs where need be.
pub async fn book_with_room(store: &dyn Store, booking: &str, number: u64, staff: &str) -> BookingOutcome {
    store.book(&looking(booking, slot(booking, number, staff, CHAIRS[0])), at(0)).await.unwrap()
}
