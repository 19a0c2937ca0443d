//! What the process knows of itself and of what it depends on, for `/status` (`docs/status.md`): what is `known` of each
//! dependency, the `board` everybody reports to, and the whole `document`.

mod board;
pub mod document;
mod known;

pub use board::StatusBoard;
pub use known::{Dependency, Known, Reason, Seen, State};
