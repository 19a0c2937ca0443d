//! What callers write, read strictly: a time that can be meant in two ways is asked for again, never guessed.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::Failure;

/// A start: `2026-11-24T15:00` in the business's zone, or with an offset.
pub fn instant(text: &str, zone: &str) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || {
        Failure::field("start", "start must be like 2026-11-24T15:00 (local) or 2026-11-24T15:00:00-03:00")
    };
    // Only a time without anything behind it is local: a zone in brackets is not looked at by this form.
    if text.len() > 19 || text.ends_with(['z', 'Z']) || !text.contains(['T', 't', ' ']) {
        return Err(wrong());
    }
    let local: DateTime = text.parse().map_err(|_| wrong())?;
    let zone = TimeZone::get(zone).map_err(|_| wrong())?;
    let at = zone.to_ambiguous_zoned(local).unambiguous().map_err(|_| {
        Failure::field(
            "start",
            "the clocks are changed at this local time: pass start with its offset from UTC",
        )
    })?;
    Ok(at.timestamp())
}

/// How many rows of a list: 1 to 100, 50 where nothing is said.
pub fn page_size(limit: Option<u32>) -> Result<usize, Failure> {
    match limit.unwrap_or(50) {
        size @ 1..=100 => Ok(size as usize),
        _ => Err(Failure::field("limit", "limit must be from 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_local_or_have_an_offset_and_are_never_guessed() {
        let berlin = |text| instant(text, "Europe/Berlin").map(|at| at.to_string());
        for same in ["2026-11-24T15:00", "2026-11-24T15:00:00", "2026-11-24T15:00+01:00", "2026-11-24T14:00Z"]
        {
            assert_eq!(berlin(same).unwrap(), "2026-11-24T14:00:00Z", "{same}");
        }
        for unclear in ["2026-10-25T02:30", "2026-03-29T02:30"] {
            assert!(berlin(unclear).unwrap_err().message.contains("offset"), "{unclear}");
        }
        for wrong in ["", "tomorrow", "15:00", "2026-11-24", "24/11/2026 15:00", "2026-13-01T10:00"] {
            assert_eq!(berlin(wrong).unwrap_err().field.as_deref(), Some("start"), "{wrong}");
        }
    }
}
