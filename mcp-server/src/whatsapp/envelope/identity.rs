//! A customer has new ids: a new phone number gives a new user id as well (Meta, "Business-scoped user ids").

use mcp_store::inbox::{IdentityChange, Sender};
use serde_json::Value;

use super::id;

/// What a system message says of ids; `None` where it says nothing, or nothing of what was before.
pub(super) fn read(message: &Value) -> Option<IdentityChange> {
    let system = &message["system"];
    let (wa_id, user_id) =
        (id(&system["wa_id"]).or_else(|| id(&system["new_wa_id"])), id(&system["user_id"]));
    let from = id(&message["from"]);
    let is = match system["type"].as_str()? {
        // An older form of the same has the type `user_changed_number` or `customer_changed_number`.
        "user_changed_number" | "customer_changed_number" => Sender { user_id, wa_id, name: None },
        // The phone stays, or is not told.
        "user_changed_user_id" => Sender { user_id, wa_id: wa_id.or_else(|| from.clone()), name: None },
        _ => return None,
    };
    let named = id(&message["from_user_id"]).filter(|named| Some(named) != is.user_id.as_ref());
    let was = Sender { user_id: id(&system["previous_user_id"]).or(named), wa_id: from, name: None };
    let known = |sender: &Sender| sender.user_id.is_some() || sender.wa_id.is_some();
    (known(&was) && known(&is) && was != is).then_some(IdentityChange { was, is })
}
