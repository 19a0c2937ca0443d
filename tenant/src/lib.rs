//! What a business is, and when it can be booked.
//!
//! [`profile`] holds the business as data (the file a tenant reads, and `spec.profile` of an `McpClient`),
//! [`validate`] says what is wrong with it in words a shop owner understands, [`adjustment`] is what an owner changes
//! while it runs, [`when`] turns what a person asked for ("friday afternoon") into a window of time, [`slots`]
//! computes what can be booked, and [`words`] says dates and times in the customer's language.
//!
//! Nothing here reads a clock, a file or a network, and nothing here knows Kubernetes.

pub mod adjustment;
pub mod hours;
pub mod profile;
pub mod scalar;
pub mod slots;
pub mod starter;
pub mod validate;
pub mod when;
pub mod words;

pub use profile::Profile;
