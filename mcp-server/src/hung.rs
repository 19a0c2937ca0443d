//! A connection to the database that died without a word. Nobody is told when a firewall forgets a connection, or a
//! machine is gone: the driver waits for ever, and with it every delivery and every turn. The server's own time limits
//! (statements 30 s) end whatever is alive, so an answer that is much later than they never comes.

use std::time::{Duration, Instant};

/// Exit code of a process whose database gives no answer (`EX_SOFTWARE`); who runs it starts it again.
const NO_ANSWER: i32 = 70;
/// Longer than any statement may take, with its locks and its connection.
const LONGEST: Duration = Duration::from_secs(90);

#[cfg(feature = "failpoints")]
fn longest() -> Duration {
    let seconds = std::env::var("MCP_HUNG_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(LONGEST, Duration::from_secs)
}

#[cfg(not(feature = "failpoints"))]
fn longest() -> Duration {
    LONGEST
}

/// Waits for the database. Where no answer comes the process ends: it may at any instruction, and new connections are
/// what is needed.
pub async fn answered<T>(what: &str, work: impl Future<Output = T>) -> T {
    let (began, longest) = (Instant::now(), longest());
    tokio::pin!(work);
    loop {
        match tokio::time::timeout(longest, &mut work).await {
            Ok(done) => return done,
            // The clock of a test, which passes without time passing.
            Err(_) if began.elapsed() < longest => {}
            Err(_) => {
                tracing::error!(
                    what,
                    seconds = longest.as_secs(),
                    "the database gave no answer: the process ends"
                );
                std::process::exit(NO_ANSWER);
            }
        }
    }
}
