//! Messages that no turn asked for: reminders, offers of the waitlist, and what the business changed. They need a
//! customer who has not refused them, and outside of the customer service window a template.

pub mod changed;
mod message;
pub mod quiet;
pub mod reminders;
mod tap;
pub mod waitlist;

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{booking::Desk, wake::Wake};

pub use message::Approved;
pub use tap::NoticeTap;

/// Runs reminders and the waitlist until stopped.
pub fn spawn(
    tasks: &TaskTracker,
    desk: &Arc<Desk>,
    wake: &Arc<Wake>,
    approved: Approved,
    stop: &CancellationToken,
) {
    let (desk, wake) = (|| Arc::clone(desk), || Arc::clone(wake));
    tasks.spawn(reminders::ReminderLoop { desk: desk(), approved, wake: wake() }.run(stop.clone()));
    tasks.spawn(waitlist::WaitlistLoop { desk: desk(), approved, wake: wake() }.run(stop.clone()));
}

#[cfg(test)]
mod tests;
