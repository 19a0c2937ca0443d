//! Looks at what the tenant depends on, without using it: they only read, cost nothing, and change nothing. `doctor` asks
//! once; `watch` asks again and again for `/status`, whether customers write or not.

pub mod address;
pub mod calendar;
pub mod model;
pub mod number;
pub mod watch;

use std::time::Duration;

/// How long one answer from outside may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
