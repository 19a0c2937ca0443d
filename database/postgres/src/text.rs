//! Values as PostgreSQL can keep them, and back.

use std::borrow::Cow;

use jiff::Timestamp;
use mcp_store::{StoreError, micros};
use serde::{Serialize, de::DeserializeOwned};

/// Without NUL, which PostgreSQL refuses in text: what a customer writes must not make a delivery unacceptable.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

/// Like [`clean`].
pub(crate) fn clean_opt(text: Option<&str>) -> Option<Cow<'_, str>> {
    text.map(clean)
}

/// As kept in a `…_json` column. (JSON escapes NUL by itself.)
pub(crate) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Invalid(e.to_string()))
}

/// From storage.
pub(crate) fn from_json<T: DeserializeOwned>(
    text: &str,
    table: &'static str,
    column: &'static str,
    row: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Inconsistent { table, column, row: row.to_owned() })
}

/// A count from storage.
pub(crate) fn count(n: i64) -> u32 {
    u32::try_from(n.max(0)).unwrap_or(u32::MAX)
}

/// An instant from storage, where it may be absent.
pub(crate) fn instant(
    us: Option<i64>,
    table: &'static str,
    column: &'static str,
    row: &str,
) -> Result<Option<Timestamp>, StoreError> {
    us.map(|us| micros::from(us, table, column, row)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nul_is_changed() {
        assert_eq!(clean("a\0b"), "a\u{FFFD}b");
        assert!(matches!(clean("olá 👋"), Cow::Borrowed(_)));
    }
}
