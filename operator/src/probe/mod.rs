//! Asks the running servers whether they do what their clients ask for.
//!
//! Outside of any pass: a pass only says whom to ask ([`Board::want`]) and reads what is known ([`Board::findings`]).
//! [`rounds`] asks each server again and again, a few at a time; [`ask`] is one conversation with one server over HTTP;
//! [`judge`] makes of it what stands in the conditions; [`board`] keeps that, and asks for a pass only where a condition
//! would change. A server is a stranger: what it says is bounded, and its words are cleaned ([`words`]).
//!
//! [`Board::want`]: board::Board::want
//! [`Board::findings`]: board::Board::findings

pub mod answer;
pub mod ask;
pub mod board;
pub mod judge;
pub mod rounds;
pub mod target;
pub mod token;
pub mod words;

#[cfg(test)]
pub(crate) mod stand_in;

/// Most servers asked at once.
pub const MOST_AT_ONCE: usize = 16;
/// How often a server may fail to answer before nothing is known of it any more.
pub const MISSES: u8 = 3;
