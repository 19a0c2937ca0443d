//! Receipts and refusals in the business's own language, for doors that know no conversation.

use mcp_store::booking::{BookingRow, Refused};
use mcp_tenant::Profile;

use crate::words::{self, refusal::Tried};

/// The receipt of a row in the business's language; [`words::receipt::receipt`] has every language.
pub fn receipt(profile: &Profile, row: &BookingRow) -> String {
    words::receipt::receipt(profile, words::language(profile), row)
}

/// Why nothing was booked, in the business's language; [`words::refusal::refusal`] has every language.
pub fn refusal(profile: &Profile, refused: &Refused) -> String {
    words::refusal::refusal(profile, words::language(profile), Tried::Book, refused)
}
