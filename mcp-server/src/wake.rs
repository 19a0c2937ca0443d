//! Wakes the workers when there is something to do.

use tokio::sync::Notify;

use crate::telemetry;

/// One bell per worker loop. A ring before the wait is not lost.
#[derive(Debug, Default)]
pub struct Wake {
    /// A message arrived.
    pub turns: Notify,
    /// Something is to be said.
    pub outbox: Notify,
    /// A booking changed: the calendar outside is to hear of it.
    pub mirror: Notify,
    /// Something changed in an outside calendar.
    pub calendar: Notify,
    /// A booking changed: there may be a reminder.
    pub reminders: Notify,
    /// A booking changed: a slot may be free for somebody who waits.
    pub waitlist: Notify,
}

impl Wake {
    /// A booking was made or changed: everyone who follows bookings looks.
    pub fn bookings(&self) {
        self.mirror.notify_one();
        self.reminders.notify_one();
        self.waitlist.notify_one();
    }

    /// A round of a loop that writes messages is over: who sends them hears of it, or why there are none is told.
    pub fn after<E: std::error::Error + 'static>(&self, round: Result<usize, E>, otherwise: &str) {
        match round {
            Ok(0) => {}
            Ok(_) => self.outbox.notify_one(),
            Err(error) => tracing::error!(error = telemetry::chain(&error), "{otherwise}"),
        }
    }

    /// The time is another one: everyone who waits for an instant looks.
    pub fn all(&self) {
        self.turns.notify_one();
        self.outbox.notify_one();
        self.calendar.notify_one();
        self.bookings();
    }
}
