//! What a tenant keeps, as row types and the traits a database implements.
//!
//! Rules that shape every trait here:
//!
//! - **A return means committed.** A method is one transaction; when it returns `Ok`, its effect is on disk. When
//!   it returns `Err`, nothing of it is.
//! - **Clock and ids are parameters.** `now` and ids are handed in; writers return what was written. Ids of
//!   customers, conversations and dead letters are the exception: the database numbers them, rising, and never
//!   gives a number twice, not even after an erasure.
//! - **Claims carry an epoch.** Whoever takes work gets a number and an attempt is counted; every later write for
//!   that work names the epoch and is refused as [`StoreError::Stale`] when somebody else has taken the work since.
//!   A claim stands for the lease its caller asked for; expiry is by database time ([`LeaseTime`]).
//! - **The database refuses overlaps.** Two bookings that occupy one lane at one time cannot both stand, whatever
//!   the code above does ([`lanes`]).
//! - **Nothing waits for a job.** What has expired (holds, leases, idempotency keys) counts as gone in every
//!   transaction that could meet it; cleaning up is a convenience.
//!
//! # How columns are kept
//!
//! Tables and columns have the same names in each database, and these types:
//!
//! | kept | SQLite (STRICT) | PostgreSQL | form |
//! |---|---|---|---|
//! | text, ids given by the caller | `TEXT` | `TEXT` | UTF-8 |
//! | numbers, ids given by the database | `INTEGER` | `BIGINT` | signed, 64 bits |
//! | instants, columns `…_us` | `INTEGER` | `BIGINT` | microseconds since 1970-01-01 UTC; finer parts are cut off |
//! | lengths of time, columns `…_us` | `INTEGER` | `BIGINT` | microseconds |
//! | local dates | `TEXT` | `TEXT` | `2026-11-21` |
//! | yes and no | `INTEGER` | `BOOLEAN` | 0 and 1 |
//! | structured values, columns `…_json` | `TEXT` | `TEXT` | JSON as written by `serde_json`, never re-ordered by the database |
//!
//! `now` is rounded down to microseconds before it is written, so that what a writer returns is what is read later.
//!
//! # Migrations
//!
//! Embedded, one tree per database with the same numbers. Each says in the table `schema_version (version, kind)`
//! what it is: `expand` adds (tables, columns with a default, indexes) and every older program goes on working;
//! `contract` takes away or narrows what an older program uses, one release after nothing uses it any more. A program
//! opens a database with newer `expand` migrations, and refuses one with a newer `contract` migration
//! ([`OpenError::TooNew`]); it never opens one that lacks a migration it knows ([`OpenError::NotMigrated`]).

pub mod adjustment;
pub mod audit;
pub mod booking;
pub mod calendar;
pub mod conversation;
pub mod customer;
pub mod error;
pub mod group;
pub mod idempotency;
pub mod inbox;
pub mod lanes;
pub mod lease;
pub mod maintenance;
pub mod micros;
pub mod outbox;
pub mod person;
pub mod phone;
pub mod reminder;
pub mod sha256;
pub mod tenant;
pub mod turn;
pub mod usage;
pub mod waitlist;

pub use error::StoreError;
pub use lease::LeaseTime;
pub use tenant::{OpenError, Tenant};

/// Everything a tenant's database offers.
pub trait Store:
    adjustment::AdjustmentStore
    + audit::AuditStore
    + booking::BookingStore
    + calendar::CalendarStore
    + calendar::MirrorStore
    + conversation::ConversationStore
    + customer::CustomerStore
    + idempotency::IdempotencyStore
    + inbox::InboxStore
    + maintenance::Health
    + maintenance::Maintenance
    + outbox::OutboxStore
    + person::PersonStore
    + reminder::ReminderStore
    + turn::TurnStore
    + usage::UsageStore
    + waitlist::WaitlistStore
    + 'static
{
}
