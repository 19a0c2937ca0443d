//! Connections: few, bounded in every wait, and durable whatever the server's defaults are.

use std::{str::FromStr, time::Duration};

use mcp_store::OpenError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::error;

/// Connections of one tenant's process. Each costs the server a process, and work here is short.
const MOST_CONNECTIONS: u32 = 4;
/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_mins(1);
/// A connection that lay idle this long is tried before it is used; the server may have been restarted.
const TRY_AFTER: Duration = Duration::from_secs(2);

/// What every connection begins with. `synchronous_commit`: a role or server setting must not weaken "committed means
/// on disk". The timeouts end what a broken network or another session would let wait for ever. Every statement here has one plan that
/// is right for all its parameters, and planning some of them takes longer than running them.
const SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed';
    SET client_min_messages = 'warning'; SET timezone = 'UTC'; SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Reads `postgres://role:password@host:port/database?sslmode=…&sslrootcert=…`.
pub(crate) fn parse(url: &SecretString) -> Result<PgConnectOptions, OpenError> {
    let url = url.expose_secret();
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::Url("it must begin with postgres://"));
    }
    PgConnectOptions::from_str(url)
        .map(|options| options.application_name("mcp-server").statement_cache_capacity(100))
        .map_err(|_| OpenError::Url("postgres://role:password@host:port/database?sslmode=… is expected"))
}

/// One connection, outside any pool: at start, where a clear and early answer is worth more than patience.
pub(crate) async fn one(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    match tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await {
        Ok(connected) => connected.map_err(error::open),
        Err(_) => Err(error::open(sqlx::Error::PoolTimedOut)),
    }
}

/// A pool that connects when it is asked to.
pub(crate) fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(MOST_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .idle_timeout(IDLE)
        .max_lifetime(Duration::from_mins(30))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                // `Ok(false)` has the pool take another one.
                Ok(meta.idle_for < TRY_AFTER || connection.ping().await.is_ok())
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(sqlx::raw_sql(SESSION)).await.map(drop) })
        })
        .connect_lazy_with(options)
}
