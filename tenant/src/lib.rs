//! What a business is, and when it can be booked.
//!
//! [`profile`] holds the business as data (the file a tenant reads, and `spec.profile` of an `McpClient`),
//! [`validate`] says what is wrong with it in words a shop owner understands, [`request`] turns what a person
//! asked for ("friday afternoon") into instants, and [`slots`] computes what can be booked.
//!
//! Nothing here reads a clock, a file or a network, and nothing here knows Kubernetes.

pub mod hours;
pub mod profile;
pub mod request;
pub mod scalar;
pub mod slots;
pub mod validate;

pub use profile::Profile;
