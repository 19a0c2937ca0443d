//! The channel: WhatsApp Business Cloud API.

pub mod envelope;
pub mod graph;
pub mod intake;
pub mod sender;
pub mod signature;
