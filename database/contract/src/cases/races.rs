//! Many processes at once on one tenant. Whatever they decide, the database refuses what overlaps.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Bed,
    make::{at, book, id, refusal},
    processes::{
        Process,
        scatter::{CHAIRS, SLOTS, STAFF, book_with_room, slot},
    },
    scale,
};

const PROCESSES: u64 = 8;

/// Standing bookings that share a lane and an instant, by the bookings' states and by nothing the store keeps for this.
const OVERLAPS: &str = "SELECT count(*)
    FROM occupation a JOIN booking x ON x.id = a.booking_id
    JOIN occupation b ON b.lane = a.lane AND b.from_us < a.to_us AND a.from_us < b.to_us AND b.share <> a.share
    JOIN booking y ON y.id = b.booking_id
    WHERE x.state IN ('held', 'requested', 'confirmed') AND y.state IN ('held', 'requested', 'confirmed')";

/// Runs eight processes that begin together; counts what they print.
async fn together(bed: &Bed, work: &str, attempts: u64) -> BTreeMap<String, u64> {
    let each = attempts.div_ceil(PROCESSES).to_string();
    let mut processes: Vec<Process> =
        (0..PROCESSES).map(|n| Process::start(bed, &[work, &n.to_string(), &each])).collect();
    for process in &mut processes {
        assert_eq!(process.line().await.as_deref(), Some("ready"));
    }
    for process in &mut processes {
        process.say("go").await;
    }
    let mut counts = BTreeMap::new();
    for process in &mut processes {
        for line in process.rest().await {
            *counts.entry(line).or_default() += 1;
        }
    }
    counts
}

pub async fn of_a_thousand_attempts_by_eight_processes_one_gets_the_slot(bed: Arc<Bed>) {
    let attempts = 1000 * u64::from(scale());
    let counts = together(&bed, "race", attempts).await;
    let expected = BTreeMap::from([("booked".to_owned(), 1), ("slot_taken".to_owned(), attempts - 1)]);
    assert_eq!(counts, expected);
    let raw = bed.raw().await;
    assert_eq!(raw.number("SELECT count(*) FROM booking").await, 1);
    assert_eq!(raw.number("SELECT count(*) FROM occupation").await, 1);
}

pub async fn fifty_overlapping_slots_never_overlap_in_the_table(bed: Arc<Bed>) {
    let counts = together(&bed, "scatter", 480 * u64::from(scale())).await;
    let of = |word: &str| counts.get(word).copied().unwrap_or(0);
    // No outcome but these, and each of them did come up.
    let words: Vec<&str> = counts.keys().map(String::as_str).collect();
    assert_eq!(words, ["booked", "cancelled", "moved", "slot_taken"]);
    let raw = bed.raw().await;
    assert_eq!(raw.number(OVERLAPS).await, 0);
    let standing = raw.number("SELECT count(*) FROM booking WHERE state = 'confirmed'").await;
    assert_eq!(u64::try_from(standing).unwrap(), of("booked") - of("cancelled"));
    let wrong = "SELECT count(*) FROM booking b WHERE 2 <> (SELECT count(*) FROM occupation o WHERE o.booking_id = b.id
        AND o.standing AND o.from_us = b.start_us - 600000000 AND o.to_us = b.end_us + 600000000) AND b.state = 'confirmed'";
    assert_eq!(raw.number(wrong).await, 0, "each has its two lanes with their buffers");

    // What is refused from now on overlaps something, and what is taken does not.
    let mut refused = 0;
    for number in 0..SLOTS {
        for (s, staff) in STAFF.into_iter().enumerate() {
            for (c, chair) in CHAIRS.into_iter().enumerate() {
                let booking = id(900_000_000 + number * 100 + s as u64 * 10 + c as u64);
                let wanted = slot(&booking, number, staff, chair);
                let (from, to) =
                    (wanted.occupations[0].from.as_microsecond(), wanted.occupations[0].to.as_microsecond());
                let taken = raw
                    .number(&format!(
                        "SELECT count(*) FROM occupation o JOIN booking b ON b.id = o.booking_id
                         WHERE o.lane IN ('staff:{staff}', '{chair}') AND o.from_us < {to} AND o.to_us > {from}
                           AND b.state = 'confirmed'"
                    ))
                    .await;
                let outcome = book(&*bed.store, wanted, at(0)).await;
                assert_eq!(
                    refusal(&outcome) == "slot_taken",
                    taken > 0,
                    "{number} {staff} {chair}: {outcome:?}"
                );
                refused += u64::from(taken > 0);
            }
        }
        book_with_room(&*bed.store, &id(800_000_000 + number), number, "eva").await;
    }
    assert!(refused > 100, "{refused}");
    assert_eq!(raw.number(OVERLAPS).await, 0);
}
