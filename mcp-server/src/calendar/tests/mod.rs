//! The calendars against the stand-in of Google, over a database.

mod bed;
mod owner;
mod requested;
mod sync;
mod token;
