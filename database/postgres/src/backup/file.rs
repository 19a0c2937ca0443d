//! The form of a backup: lines of text, read by nothing but this program.
//!
//! ```text
//! {"format":"mcp-store-postgres backup 1","client":…,"environment":…,"migrations":[[1,"expand"]],"sequences":[…]}
//! {"table":"customer","columns":"id, user_id"}
//! 1⇥BR.15             (rows as COPY writes text)
//! \.
//! {"sha256":"…"}        (of everything before this line)
//! ```

use serde::{Deserialize, Serialize};

use super::tables::Sequence;

/// The first word of every backup.
pub(super) const FORMAT: &str = "mcp-store-postgres backup 1";
/// Ends the rows of a table; no row can be this line, because COPY doubles backslashes.
pub(super) const END_OF_ROWS: &[u8] = b"\\.\n";

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub format: String,
    pub client: String,
    pub environment: String,
    pub migrations: Vec<(i64, String)>,
    pub sequences: Vec<Sequence>,
}

/// The line before a table's rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableHead {
    pub table: String,
    pub columns: String,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    pub sha256: String,
}
