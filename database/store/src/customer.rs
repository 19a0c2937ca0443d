//! Who customers are: business-scoped user id first, phone second, both nullable.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// How the sender of a message is known. Both ids may be absent from a webhook, never both at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Business-scoped user id, `BR.1502576394655843`: the first key of a customer.
    pub user_id: Option<String>,
    /// WhatsApp id (a phone number in digits), verbatim as received.
    pub wa_id: Option<String>,
    /// Profile name.
    pub name: Option<String>,
}

/// A customer as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Number, given by the database, never given twice.
    pub id: i64,
    /// Business-scoped user id; unique.
    pub user_id: Option<String>,
    /// Key of the phone ([`phone::key`](crate::phone::key)); unique. The number leads to this customer.
    pub phone: Option<String>,
    /// WhatsApp id verbatim, for sending. Stays when the number has gone to another customer that may be the same
    /// person (`merged_into`).
    pub wa_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// The customer who took this one's phone over, or into whom it was merged.
    pub merged_into: Option<i64>,
    /// When the row was made.
    pub created_at: Timestamp,
}

/// Who was found to be an owner: the first customer with a user id who wrote from a number of the profile's owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownOwner {
    /// The key of the number ([`phone::key`](crate::phone::key)), as the profile names it.
    pub phone: String,
    /// The customer. Stays the owner whatever number the channel moves them to.
    pub customer_id: i64,
}

/// Customers.
///
/// # Who a sender is
///
/// A sender is looked up by `user_id`, then by the phone key of its `wa_id`:
///
/// 1. The `user_id` is known: it is that customer, who also gets the sender's name, `wa_id` and phone. A phone that
///    leads to another customer now leads to this one, see 3 and 4.
/// 2. Only the phone is known, and the sender has no `user_id`: it is the customer the phone leads to.
/// 3. The phone leads to a customer without `user_id`, and the sender has one: they match **by the phone alone**, and
///    numbers are recycled. The sender is a customer of its own (the known one, or a new row) and takes the phone
///    over; the earlier row keeps its `wa_id`, bookings and history, has no `phone` any more, and points to the new
///    one by `merged_into`. So nothing earlier is ever shown to whoever has the number now.
/// 4. The phone leads to a customer with another `user_id`: another person. As 3, but the earlier row also loses its
///    `wa_id` and gets no `merged_into`.
/// 5. Nothing is known: a new row.
///
/// `name` and `wa_id` follow what was seen last.
#[async_trait]
pub trait CustomerStore: Send + Sync {
    /// The customer of a sender, made or completed by the rules above. [`StoreError::Invalid`] without any id.
    async fn identify(&self, sender: &Sender, now: Timestamp) -> Result<CustomerRow, StoreError>;

    /// A customer.
    async fn customer(&self, id: i64) -> Result<Option<CustomerRow>, StoreError>;

    /// The customer a phone leads to, in any form people write.
    async fn customer_by_phone(&self, phone: &str) -> Result<Option<CustomerRow>, StoreError>;

    /// Merges two rows that a person knows to be one customer: bookings, waitlist entries and reminders of `from`
    /// become those of `into`, which gets what it lacks of phone, `wa_id` and name. The row `from` stays, without
    /// `user_id` and phone, and points to `into`; its conversation keeps its messages and history.
    /// [`StoreError::Conflict`] where both have a `user_id`; [`StoreError::NotFound`] where one does not exist.
    async fn merge(&self, from: i64, into: i64) -> Result<CustomerRow, StoreError>;

    /// The channel itself says that a customer has new ids (a new number gives a new `user_id`): the row of `was`
    /// takes the ids of `is`. Where these lead to other rows, they are taken from them as in rule 4.
    /// [`StoreError::NotFound`] where `was` is unknown.
    async fn ids_changed(&self, was: &Sender, is: &Sender) -> Result<CustomerRow, StoreError>;

    /// The owners who are known, by phone. [`CustomerStore::merge`] and [`CustomerStore::ids_changed`] leave them known,
    /// a number that goes to somebody else (rules 3 and 4) too; an erasure does not.
    async fn known_owners(&self) -> Result<Vec<KnownOwner>, StoreError>;

    /// Keeps who the owner with this number is; returns who that is: the first one stays. A customer has one number at
    /// most: [`StoreError::Conflict`] for a second one. [`StoreError::NotFound`] without that customer.
    async fn know_owner(&self, phone: &str, customer_id: i64) -> Result<KnownOwner, StoreError>;

    /// Nobody is known by this number any more; whoever writes from it next may be.
    async fn forget_owner(&self, phone: &str) -> Result<(), StoreError>;
}
