//! Instants as databases keep them: whole microseconds since 1970-01-01 UTC.

use jiff::{SignedDuration, Timestamp};

use crate::StoreError;

/// Microseconds since 1970-01-01 UTC, rounded down.
pub fn to(at: Timestamp) -> i64 {
    let whole = at.as_microsecond();
    // `as_microsecond` rounds towards zero.
    if at.subsec_nanosecond() % 1000 < 0 { whole - 1 } else { whole }
}

/// Whole microseconds of a length of time.
pub fn of(length: SignedDuration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

/// The instant as it will be read: rounded down to the microsecond.
pub fn floor(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(to(at)).unwrap_or(at)
}

/// Back to an instant; a number out of range is an inconsistent row.
pub fn from(us: i64, table: &'static str, column: &'static str, row: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(us).map_err(|_| StoreError::Inconsistent {
        table,
        column,
        row: row.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_parts_are_cut_off_before_and_after_1970() {
        for (nanos, micros) in [(1_999, 1), (1_000, 1), (-1, -1), (-1_000, -1), (-1_001, -2), (0, 0)] {
            let at = Timestamp::from_nanosecond(nanos).expect("in range");
            assert_eq!(to(at), micros, "{nanos}");
            assert_eq!(to(floor(at)), micros, "{nanos}");
        }
    }
}
