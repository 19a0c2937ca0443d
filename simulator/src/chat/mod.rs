//! The chat page: what a customer's phone shows, beside what the business has, for trying a tenant by hand.

mod page;
mod panels;
mod timeline;

pub(crate) use page::routes;
pub use panels::Panels;
pub(crate) use panels::Recorded;
