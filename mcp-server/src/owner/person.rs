//! Who the owners are, and how the one who is told of things is reached.
//!
//! An owner is found once, by the number the profile names, and known by their customer from then on: a number may be
//! missing from a message, and it may be given to somebody else.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    conversation::ConversationRow,
    customer::{CustomerRow, KnownOwner, Sender},
    outbox::OutgoingKind,
    phone,
};
use mcp_tenant::{Profile, words::Language};
use serde_json::Value;

use super::principal;
use crate::{
    booking::{Desk, Principal},
    words,
};

/// The sender does not trust the last minute of a window either.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// The owner who is told of things.
pub struct FirstOwner {
    /// Who it is.
    pub customer: i64,
    /// Where they are written to.
    pub conversation: ConversationRow,
    /// Who they are in references.
    pub principal: Principal,
    /// Their language.
    pub language: Language,
}

impl FirstOwner {
    /// Whether this message would reach them now: any within the customer service window, else only what an approved
    /// template can say.
    pub fn is_reached_by(&self, desk: &Desk, body: &Value) -> bool {
        let open = self.window(desk.clock.now()).is_some();
        open || desk.templates.instead_of(OutgoingKind::Notice, body).is_some()
    }

    /// Until when anything may be sent, where that is not over.
    pub fn window(&self, now: Timestamp) -> Option<Timestamp> {
        self.conversation.window_until.filter(|until| until.duration_since(now) > MARGIN)
    }
}

fn key(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    phone::key(&digits)
}

/// The owners who are known, without those whose numbers the profile no longer names: to take a number out of it is how
/// an owner is forgotten.
async fn known(desk: &Desk, profile: &Profile) -> Result<Vec<KnownOwner>, StoreError> {
    let named: Vec<String> = profile.business.owners.iter().map(|number| key(number)).collect();
    let (known, former): (Vec<_>, Vec<_>) =
        desk.store.known_owners().await?.into_iter().partition(|owner| named.contains(&owner.phone));
    for owner in former {
        tracing::info!(customer = owner.customer_id, "no owner any more: the profile names another number");
        desk.store.forget_owner(&owner.phone).await?;
    }
    Ok(known)
}

/// Whether a customer is an owner. The first one with a user id who writes from a number of the profile's is, and stays
/// it; from then on the number alone makes nobody an owner.
pub async fn is_owner(desk: &Desk, customer: i64, sender: &Sender) -> Result<bool, StoreError> {
    let loaded = desk.profile();
    let owners = &loaded.profile.business.owners;
    if owners.is_empty() {
        return Ok(false);
    }
    let known = known(desk, &loaded.profile).await?;
    if known.iter().any(|owner| owner.customer_id == customer) {
        return Ok(true);
    }
    let number = match &sender.wa_id {
        Some(number) => Some(number.clone()),
        // Known by a user id alone: the number that leads to this customer, if one does.
        None => desk.store.customer(customer).await?.and_then(|row| row.phone),
    };
    let Some(number) = number.as_deref().map(key) else { return Ok(false) };
    if !owners.iter().any(|owner| key(owner) == number) {
        return Ok(false);
    }
    if known.iter().any(|owner| owner.phone == number) {
        tracing::warn!(
            customer,
            "somebody else writes from an owner's number and is treated as a customer; if it is the owner, take the \
             number out of business.owners and put it back"
        );
        return Ok(false);
    }
    if sender.user_id.is_none() {
        return Ok(true);
    }
    let owner = desk.store.know_owner(&number, customer).await?;
    Ok(owner.customer_id == customer)
}

/// The owner who is told of things: the first one. Nothing where the profile names none.
pub async fn first_owner(desk: &Desk) -> Result<Option<FirstOwner>, StoreError> {
    let loaded = desk.profile();
    let Some(number) = loaded.profile.business.owners.first() else { return Ok(None) };
    let customer = customer_of(desk, &loaded.profile, number).await?;
    let conversation = desk.store.conversation_of(customer.id).await?;
    let language = words::held_in(&loaded.profile, &conversation);
    let principal = principal(customer.id);
    Ok(Some(FirstOwner { customer: customer.id, conversation, principal, language }))
}

async fn customer_of(desk: &Desk, profile: &Profile, number: &str) -> Result<CustomerRow, StoreError> {
    let known = known(desk, profile).await?;
    if let Some(owner) = known.iter().find(|owner| owner.phone == key(number))
        && let Some(customer) = desk.store.customer(owner.customer_id).await?
    {
        return Ok(customer);
    }
    if let Some(customer) = desk.store.customer_by_phone(number).await? {
        return Ok(customer);
    }
    let digits = number.chars().filter(char::is_ascii_digit).collect();
    let sender = Sender { wa_id: Some(digits), ..Sender::default() };
    desk.store.identify(&sender, desk.clock.now()).await
}
