//! Random questions with the product's answers, one JSON object a line, for the oracles in another language
//! (`oracle/slots.py`, `oracle/when.py`): `oracle_cases slots|when SEED COUNT`.

use std::{
    error::Error,
    io::{BufWriter, Write},
};

use mcp_tenant::slots::{Calendar, Plan, Query, Slot, Stretch, Visit, free_slots, plan};
use serde_json::{Value, json};

#[path = "../tests/oracle/case.rs"]
#[expect(clippy::unwrap_used, clippy::expect_used, reason = "shared with a test")]
mod case;
#[path = "../tests/oracle/random.rs"]
#[expect(clippy::unwrap_used, reason = "shared with a test")]
mod random;

use case::Case;

#[path = "../tests/oracle/wish.rs"]
#[expect(clippy::unwrap_used, reason = "shared with a test")]
mod wish;

use wish::Wish;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, seed, count] = &arguments[..] else { return Err("oracle_cases slots|when SEED COUNT".into()) };
    let (seed, count) = (seed.parse::<u64>()?, count.parse::<u64>()?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for seed in (0..count).map(|n| seed.wrapping_add(n)) {
        let line = match kind.as_str() {
            "slots" => line(seed, &Case::random(seed))?,
            "when" => wish_line(seed, &Wish::random(seed)),
            other => return Err(format!("{other} is neither slots nor when").into()),
        };
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

fn wish_line(seed: u64, wish: &Wish) -> Value {
    let answer = match wish.read().resolve(&wish.now, wish.closing) {
        Ok(found) => json!({
            "first": found.window.first, "last": found.window.last, "from": found.window.from, "to": found.window.to,
            "stretch": seconds(found.stretch), "exact": found.exact.map(jiff::Timestamp::as_second), "other": found.other,
        }),
        Err(wrong) => json!({"reason": wrong.reason()}),
    };
    json!({
        "seed": seed, "now": wish.now.datetime(), "zone": wish.now.time_zone().iana_name(), "closing": wish.closing,
        "when": wish.when, "answer": answer,
    })
}

fn line(seed: u64, case: &Case) -> Result<Value, Box<dyn Error>> {
    let calendar = Calendar::new(&case.profile)?;
    let visit = Visit::new(&case.profile, &case.parts())?;
    let query = Query { visit: visit.clone(), window: case.window.clone(), now: case.now, limit: case.limit };
    let slots = free_slots(&calendar, &case.busy, &query);
    let decide = |start| plan(&calendar, &case.busy, &visit, start, case.now);
    let asked: Vec<Value> = case
        .asked
        .iter()
        .map(|start| {
            let reason = decide(*start).err();
            json!({"start": start.as_second(), "reason": reason, "code": reason.map(mcp_tenant::slots::Reason::code)})
        })
        .collect();
    let plans: Result<Vec<Value>, _> =
        slots.iter().step_by(11).map(|slot| decide(slot.start).map(|plan| written(&plan))).collect();
    Ok(json!({
        "seed": seed,
        "profile": case.profile,
        "busy": {
            "occupations": case.busy.occupations.iter().map(|row| json!({
                "booking": row.booking, "lane": row.lane, "share": row.share, "pinned": row.pinned,
                "at": seconds(row.stretch),
            })).collect::<Vec<_>>(),
            "bookings": case.busy.bookings.iter().map(|booking| json!({
                "booking": booking.booking,
                "parts": booking.parts.iter().map(|part| json!([part.service, part.staff, part.start.as_second()])).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "mirrored": case.busy.mirrored.iter().map(|event| json!({"staff": event.staff, "at": seconds(event.stretch)})).collect::<Vec<_>>(),
            "adjustments": case.busy.adjustments,
        },
        "visit": case.visit,
        "window": {"first": case.window.first, "last": case.window.last, "from": case.window.from, "to": case.window.to},
        "now": case.now.as_second(),
        "limit": case.limit,
        "slots": slots.iter().map(found).collect::<Vec<_>>(),
        "asked": asked,
        "plans": plans?,
    }))
}

fn seconds(stretch: Stretch) -> [i64; 2] {
    [stretch.from.as_second(), stretch.to.as_second()]
}

fn found(slot: &Slot<'_>) -> Value {
    let staff: Vec<&str> = slot.parts.iter().map(|part| part.staff.id.as_str()).collect();
    json!([slot.start.as_second(), slot.end.as_second(), staff])
}

fn written(plan: &Plan<'_>) -> Value {
    json!({
        "start": plan.slot.start.as_second(),
        "lanes": plan.lanes.iter().map(|taken| json!({
            "lane": taken.lane, "share": taken.share.text("new"), "pinned": taken.pinned, "at": seconds(taken.stretch),
        })).collect::<Vec<_>>(),
        "moves": plan.moves.iter().map(|moved| json!({
            "booking": moved.booking, "from": moved.from, "to": moved.to, "at": seconds(moved.stretch),
        })).collect::<Vec<_>>(),
    })
}
