//! Connections: few, bounded in every wait, and durable whatever the server's defaults are.

use std::{net::IpAddr, str::FromStr, time::Duration};

use mcp_store::OpenError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    Connection, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use crate::error;

/// Connections of one tenant's process. Each costs the server a process, and work here is short.
const MOST_CONNECTIONS: u32 = 4;
/// The oldest PostgreSQL that has everything the schema and the statements use.
const OLDEST: u32 = 14;
/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_mins(1);
/// A connection that lay idle this long is tried before it is used; the server may have been restarted.
const TRY_AFTER: Duration = Duration::from_secs(2);

/// What every connection begins with. `synchronous_commit`: a role or server setting must not weaken "committed means
/// on disk". The timeouts end what a broken network or another session would let wait for ever. Every statement here has one plan that
/// is right for all its parameters, and planning some of them takes longer than running them; made while the tables are
/// small, it must be right for large ones too, so an index is used wherever there is one.
const SESSION: &str = "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s'; SET default_transaction_isolation = 'read committed';
    SET client_min_messages = 'warning'; SET timezone = 'UTC'; SET plan_cache_mode = force_generic_plan; SET jit = off;
    SET enable_seqscan = off";

/// Reads `postgres://role:password@host:port/database?sslmode=…&sslrootcert=…`. Without `sslmode` (here or in
/// `PGSSLMODE`) a server on another machine must prove who it is (`verify-full`): the driver's own default, `prefer`,
/// would hand the password to whoever answers.
pub(crate) fn parse(url: &SecretString) -> Result<PgConnectOptions, OpenError> {
    let url = url.expose_secret();
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(OpenError::Url("it must begin with postgres://"));
    }
    let options = PgConnectOptions::from_str(url)
        .map(|options| options.application_name("mcp-server").statement_cache_capacity(100))
        .map_err(|_| OpenError::Url("postgres://role:password@host:port/database?sslmode=… is expected"))?;
    if names_ssl_mode(url) || std::env::var_os("PGSSLMODE").is_some() || is_here(&options) {
        return Ok(options);
    }
    Ok(options.ssl_mode(PgSslMode::VerifyFull))
}

/// Whether a URL says how the server is to prove itself, in either of the driver's spellings.
fn names_ssl_mode(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .any(|key| matches!(key, "sslmode" | "ssl-mode"))
}

/// Whether the server is on this machine: a unix socket, or a loopback address.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host().trim_matches(['[', ']']);
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// One connection, outside any pool: at start, where a clear and early answer is worth more than patience.
pub(crate) async fn one(options: &PgConnectOptions) -> Result<PgConnection, OpenError> {
    let connection = match tokio::time::timeout(PATIENCE, PgConnection::connect_with(options)).await {
        Ok(connected) => connected.map_err(error::open)?,
        Err(_) => return Err(error::open(sqlx::Error::PoolTimedOut)),
    };
    match connection.server_version_num() {
        // Otherwise a migration would fail somewhere in its middle, with a word of SQL that nobody expected.
        Some(number) if number < OLDEST * 10_000 => {
            Err(OpenError::OldServer { found: version(number), needed: OLDEST })
        }
        _ => Ok(connection),
    }
}

/// A version number of a server as people write it: 130004 is 13.4, 90624 is 9.6.24.
fn version(number: u32) -> String {
    let (major, rest) = (number / 10_000, number % 10_000);
    if major >= 10 { format!("{major}.{rest}") } else { format!("{major}.{}.{}", rest / 100, rest % 100) }
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

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread::JoinHandle,
    };

    use super::*;

    /// A server that lets everybody in, says its version, and waits for the end of the connection.
    fn server(version: &str) -> (SecretString, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://r:p@{}/d?sslmode=disable", listener.local_addr().unwrap());
        let told = format!("server_version\0{version}\0");
        let serving = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            client.read_exact(&mut length).unwrap();
            let mut start = vec![0; u32::from_be_bytes(length) as usize - 4];
            client.read_exact(&mut start).unwrap();
            let mut answer = Vec::new();
            for (kind, body) in [(b'R', &[0; 4][..]), (b'S', told.as_bytes()), (b'Z', b"I")] {
                answer.push(kind);
                answer.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
                answer.extend(body);
            }
            client.write_all(&answer).unwrap();
            client.read_to_end(&mut Vec::new()).ok();
        });
        (url.into(), serving)
    }

    #[tokio::test]
    async fn a_server_that_is_too_old_is_refused_by_its_version() {
        for (told, refused) in [
            ("13.21 (Debian 13.21-1)", Some("13.21")),
            ("9.6.24", Some("9.6.24")),
            ("14.0", None),
            ("18.1", None),
        ] {
            let (url, serving) = server(told);
            match (one(&parse(&url).unwrap()).await, refused) {
                (Ok(connection), None) => connection.close_hard().await.unwrap(),
                (Err(error @ OpenError::OldServer { .. }), Some(refused)) => {
                    let text = error.to_string();
                    assert!(text.contains(&format!("PostgreSQL {refused}, and 14")), "{text}");
                }
                (outcome, _) => panic!("{told}: {outcome:?}"),
            }
            serving.join().unwrap();
        }
    }

    fn mode(url: &str) -> String {
        format!("{:?}", parse(&url.to_owned().into()).unwrap().get_ssl_mode())
    }

    #[test]
    fn a_server_elsewhere_proves_itself_unless_the_url_says_otherwise() {
        for (url, expected) in [
            ("postgres://r:p@db.example.com/d", "VerifyFull"),
            ("postgres://r:p@db.example.com:5433/d?application_name=x", "VerifyFull"),
            ("postgresql://r:p@10.0.0.7/d?sslrootcert=/etc/ca.crt", "VerifyFull"),
            ("postgres://r:p@localhost.example.com/d", "VerifyFull"),
            ("postgres://r:p@db.example.com/d?sslmode=require", "Require"),
            ("postgres://r:p@db.example.com/d?sslrootcert=/etc/ca.crt&ssl-mode=verify-ca", "VerifyCa"),
            ("postgres://r:p@db/d?sslmode=disable", "Disable"),
            ("postgres://r:sslmode=@db/d", "VerifyFull"),
            ("postgres://r:p@localhost/d", "Prefer"),
            ("postgres://r:p@127.0.0.1:5432/d", "Prefer"),
            ("postgres://r:p@[::1]/d", "Prefer"),
            ("postgres://r:p@%2Fvar%2Frun%2Fpostgresql/d", "Prefer"),
            ("postgres://r:p@localhost/d?sslmode=verify-full", "VerifyFull"),
        ] {
            assert_eq!(mode(url), expected, "{url}");
        }
    }
}
