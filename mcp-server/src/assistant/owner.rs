//! Telling the owner.

use mcp_store::{
    StoreError,
    outbox::{NewOutgoing, OutgoingKind},
    turn::{Also, ClaimedTurn},
};

use super::decided;
use crate::{booking::Desk, owner::first_owner};

/// What tells the owner something.
pub struct Telling {
    /// To be done in the turn's transaction.
    pub also: Also,
    /// Whether the owner would be reached now. Else it is said again when they can be
    /// ([`again`](crate::owner::again)).
    pub reached: bool,
}

/// What tells the first of the business's owners something once, in the turn's transaction: a second telling under the
/// same key is left out. `None` where the profile names no owner, or the owner is the customer of this turn.
pub async fn telling(
    desk: &Desk,
    turn: &ClaimedTurn,
    key: String,
    text: &str,
) -> Result<Option<Telling>, StoreError> {
    let Some(owner) = first_owner(desk).await? else { return Ok(None) };
    if owner.customer == turn.conversation.customer_id {
        return Ok(None);
    }
    let message = NewOutgoing {
        kind: OutgoingKind::Notice,
        dedupe_key: Some(key),
        ..decided::text(desk.ids.id(), text)
    };
    let reached = owner.is_reached_by(desk, &message.body);
    let also = Also::Tell { conversation_id: owner.conversation.id, message };
    Ok(Some(Telling { also, reached }))
}

/// As [`telling`], whether the owner would be reached now or not.
pub async fn tell(
    desk: &Desk,
    turn: &ClaimedTurn,
    key: String,
    text: &str,
) -> Result<Option<Also>, StoreError> {
    Ok(telling(desk, turn, key, text).await?.map(|telling| telling.also))
}

/// The customer as the owner knows them: name and number, as far as known.
pub fn who(turn: &ClaimedTurn) -> String {
    let number = turn.sender.wa_id.as_ref().map(|digits| format!("+{digits}"));
    match (&turn.sender.name, number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(name), None) => name.clone(),
        (None, Some(number)) => number,
        (None, None) => "?".to_owned(),
    }
}
