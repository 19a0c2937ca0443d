//! Quiet hours: nobody is written to at night without having asked.

use jiff::{Timestamp, Zoned, civil::Time};

/// From this local time on nothing is sent.
const BEGIN: Time = Time::constant(21, 0, 0, 0);
/// Until this local time.
const END: Time = Time::constant(8, 0, 0, 0);

/// When a notice may be sent: the given moment, or the next local 08:00 where it is night.
pub fn allowed_from(local: &Zoned) -> Timestamp {
    let time = local.time();
    if (END..BEGIN).contains(&time) {
        return local.timestamp();
    }
    let morning = if time < END { Ok(local.date()) } else { local.date().tomorrow() };
    let at = morning.and_then(|day| day.to_datetime(END).to_zoned(local.time_zone().clone()));
    at.map_or(local.timestamp(), |at| at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_lasts_from_nine_to_eight_local_time() {
        for (at, allowed) in [
            ("2026-11-16T08:00", "2026-11-16T08:00"),
            ("2026-11-16T20:59", "2026-11-16T20:59"),
            ("2026-11-16T21:00", "2026-11-17T08:00"),
            ("2026-11-16T23:30", "2026-11-17T08:00"),
            ("2026-11-17T00:00", "2026-11-17T08:00"),
            ("2026-11-17T07:59", "2026-11-17T08:00"),
            ("2026-03-28T22:00", "2026-03-29T08:00"),
        ] {
            let zoned =
                |text: &str| text.parse::<jiff::civil::DateTime>().unwrap().in_tz("Europe/Berlin").unwrap();
            assert_eq!(allowed_from(&zoned(at)), zoned(allowed).timestamp(), "{at}");
        }
    }
}
