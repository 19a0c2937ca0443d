//! Transactions that lost against another one without having done anything wrong are tried again, a few times.

use std::time::Duration;

use mcp_store::{OpenError, StoreError};

use crate::error;

/// How often a transaction is tried at most.
const TRIES: u32 = 6;

/// Runs a whole transaction, again where the server ended it for a deadlock or a serialization failure. The pause
/// grows from 5 ms to 80 ms.
pub(crate) async fn passing<T, F>(transaction: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut tries = 1;
    loop {
        match transaction().await {
            Err(e) if tries < TRIES && error::is_passing(&e) => {
                tracing::debug!(tries, "a transaction lost against another one and is tried again");
                tokio::time::sleep(Duration::from_millis(5 << (tries - 1))).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

/// The same for what opens, replaces or copies the whole.
pub(crate) async fn passing_open<F>(transaction: impl Fn() -> F) -> Result<(), OpenError>
where
    F: Future<Output = Result<(), OpenError>>,
{
    let mut tries = 1;
    loop {
        match transaction().await {
            Err(OpenError::Database(source)) if tries < TRIES && error::is_passing_cause(&source) => {
                tokio::time::sleep(Duration::from_millis(50 << (tries - 1))).await;
                tries += 1;
            }
            result => return result,
        }
    }
}
