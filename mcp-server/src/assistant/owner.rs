//! Telling the owner.

use mcp_store::{
    StoreError,
    customer::Sender,
    outbox::{NewOutgoing, OutgoingKind},
    turn::{Also, ClaimedTurn},
};

use super::decided;
use crate::booking::Desk;

/// What tells the first of the business's owners something once, in the turn's transaction: a second telling under the
/// same key is left out. `None` where the profile names no owner, or the owner is the customer of this turn.
pub async fn tell(
    desk: &Desk,
    turn: &ClaimedTurn,
    key: String,
    text: &str,
) -> Result<Option<Also>, StoreError> {
    let loaded = desk.profile();
    let Some(number) = loaded.profile.business.owners.first() else { return Ok(None) };
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let owner = if let Some(known) = desk.store.customer_by_phone(number).await? {
        known
    } else {
        let sender = Sender { wa_id: Some(digits), ..Sender::default() };
        desk.store.identify(&sender, desk.clock.now()).await?
    };
    if owner.id == turn.conversation.customer_id {
        return Ok(None);
    }
    let conversation = desk.store.conversation_of(owner.id).await?;
    let message = NewOutgoing {
        kind: OutgoingKind::Notice,
        dedupe_key: Some(key),
        ..decided::text(desk.ids.id(), text)
    };
    Ok(Some(Also::Tell { conversation_id: conversation.id, message }))
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
