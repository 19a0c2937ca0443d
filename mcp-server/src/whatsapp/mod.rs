//! The channel: WhatsApp Business Cloud API.

pub mod answer;
pub mod cut;
pub mod envelope;
pub mod graph;
pub mod intake;
pub mod interactive;
pub mod media;
pub mod message;
mod outcome;
pub mod pace;
pub mod receipt;
pub mod sender;
pub mod signature;
pub mod template;
pub mod verdict;
