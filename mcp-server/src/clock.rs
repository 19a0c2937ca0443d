//! The present time, handed in.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// A clock shared by all parts.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.saturating_add(set_by()).unwrap_or(now)
    }
}

/// By how much a test has set the clock: the file that `MCP_CLOCK_OFFSET` names holds whole seconds.
#[cfg(feature = "failpoints")]
fn set_by() -> jiff::SignedDuration {
    use std::sync::OnceLock;

    static FILE: OnceLock<Option<std::ffi::OsString>> = OnceLock::new();
    let Some(file) = FILE.get_or_init(|| std::env::var_os("MCP_CLOCK_OFFSET")) else {
        return jiff::SignedDuration::ZERO;
    };
    let seconds = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok());
    jiff::SignedDuration::from_secs(seconds.unwrap_or(0))
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
fn set_by() -> jiff::SignedDuration {
    jiff::SignedDuration::ZERO
}

/// How long to sleep until an instant; zero when it is past.
pub fn until(clock: &dyn Clock, at: Timestamp) -> std::time::Duration {
    at.duration_since(clock.now()).try_into().unwrap_or_default()
}
