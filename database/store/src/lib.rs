//! What a tenant keeps, as row types and the traits a database implements.
//!
//! Three rules shape every trait here:
//!
//! - **A return means committed.** A method is one transaction; when it returns `Ok`, its effect is on disk.
//! - **Claims carry an epoch.** Whoever takes work gets a number; every later write for that work names it and is
//!   refused as [`StoreError::Stale`] when somebody else has taken the work since.
//! - **The database refuses overlaps.** Two bookings that occupy one staff member at one time cannot both stand,
//!   whatever the code above does.
//!
//! Instants are handed in (`now`), ids are handed in, and nothing here waits on a network.

pub mod booking;
pub mod conversation;
pub mod error;
pub mod inbox;
pub mod outbox;

pub use error::StoreError;

/// Everything a tenant's database offers.
pub trait Store:
    inbox::InboxStore
    + conversation::ConversationStore
    + booking::BookingStore
    + outbox::OutboxStore
    + Health
    + 'static
{
}

/// Whether the database answers, and its start.
#[async_trait::async_trait]
pub trait Health: Send + Sync {
    /// Called once at start by the only process of an embedded database: claims of a process that died are void
    /// at once, and its messages in flight count as sent with unknown outcome.
    async fn recover(&self) -> Result<(), StoreError>;

    /// Reads one row; an error says why the database cannot be used.
    async fn ping(&self) -> Result<(), StoreError>;
}
