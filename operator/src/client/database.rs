//! A schema and a role for each tenant, on the PostgreSQL the platform has (`mcp_store_postgres::provision`). Only the
//! operator ever has the administrator's address; a tenant has its own in the copy of its credentials, and the password
//! stands nowhere else.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::{SecureRandom, SystemRandom},
};
use mcp_crds::EnvironmentName;
use mcp_store_postgres::Login;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    client::{
        credentials::Credentials,
        outcome::{Reason, Verdict},
        validate::Tenant,
    },
    context::Context,
    names::{ClientKey, TenantNamespace},
    settings::Settings,
};

/// The key under which a server finds its database.
pub const DATABASE_URL: &str = "DATABASE_URL";
/// How long a schema may take to be made or dropped.
const PATIENCE: Duration = Duration::from_secs(25);
/// Length of a role's password; 62 letters and digits to the power of it are enough for ever.
const PASSWORD: usize = 40;

/// Why the platform's database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There is none.
    #[error(
        "the platform has no PostgreSQL: ask its administrators to set database.adminSecret of the mcp-platform chart, or \
         use database.postgres.secretRef or sqlite"
    )]
    None,
    /// The administrator's address could not be read.
    #[error("read the address of the platform's PostgreSQL: {0}")]
    Address(std::io::Error),
    /// The system gave no randomness.
    #[error("make a password: the system gave no randomness")]
    Randomness,
    /// The server refused, or did not answer.
    #[error("{action} {name}: {why}")]
    Server {
        /// What was being done.
        action: &'static str,
        /// Whose schema and role.
        name: String,
        /// Why not. Holds no password.
        why: String,
    },
}

/// Which schemas this process has seen to, so that a new price costs no connection.
#[derive(Debug, Default)]
pub struct Databases(Mutex<HashMap<TenantNamespace, [u8; 32]>>);

impl Databases {
    fn is_made(&self, namespace: &TenantNamespace, from: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace) == Some(from)
    }

    fn made(&self, namespace: &TenantNamespace, from: [u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(namespace.clone(), from);
    }

    /// Forgets a tenant.
    pub fn forget(&self, namespace: &TenantNamespace) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(namespace);
    }
}

/// Sees to it that the tenant has its schema and its role, and returns the address its server uses. The password is the
/// one of `standing`; a new one is made where there is none, which is how it is rotated: by deleting the copy.
pub async fn provision(
    context: &Context,
    tenant: &Tenant,
    standing: Option<&Credentials>,
) -> Result<Vec<u8>, DatabaseError> {
    let admin = admin_url(context).await?;
    let known = standing.and_then(|standing| standing.0.0.get(DATABASE_URL));
    let password = known.and_then(|url| password_of(url));
    let sum = |url: &[u8]| {
        let mut sum = [0; 32];
        let text = [admin.expose_secret().as_bytes(), b"\0", url].concat();
        sum.copy_from_slice(digest(&SHA256, &text).as_ref());
        sum
    };
    if let Some(url) = known.filter(|url| context.databases.is_made(&tenant.namespace, &sum(url))) {
        return Ok(url.clone());
    }
    let login = Login {
        password: match password {
            Some(password) => password,
            None => new_password()?,
        },
        salt: random()?,
    };
    let whose = mcp_store::Tenant::new(tenant.owner.name(), tenant.environment.as_str());
    let work = mcp_store_postgres::provision(&admin, &whose, &login);
    let url = within(work, "make the schema and the role", &tenant.namespace).await?;
    let url = url.expose_secret().as_bytes().to_vec();
    context.databases.made(&tenant.namespace, sum(&url));
    tracing::info!(namespace = %tenant.namespace, "its schema and role are there");
    Ok(url)
}

/// Drops the schema of an environment with everything in it, and the role.
pub async fn destroy(
    context: &Context,
    owner: &ClientKey,
    environment: EnvironmentName,
) -> Result<(), DatabaseError> {
    let admin = admin_url(context).await?;
    let whose = mcp_store::Tenant::new(owner.name(), environment.as_str());
    let namespace = owner.namespace(environment);
    within(mcp_store_postgres::unprovision(&admin, &whose), "drop the schema and the role", &namespace)
        .await?;
    context.databases.forget(&namespace);
    tracing::info!(%namespace, "its schema and role were dropped");
    Ok(())
}

/// What is said of a database that could not be made.
pub fn verdict(error: &DatabaseError) -> Verdict {
    let message = format!("{error}; what runs is left as it is, and it is tried again by itself");
    Verdict::no(Reason::DatabaseNotReady, message)
}

async fn within<T>(
    work: impl Future<Output = Result<T, mcp_store::OpenError>>,
    action: &'static str,
    namespace: &TenantNamespace,
) -> Result<T, DatabaseError> {
    let failed = |why: String| DatabaseError::Server { action, name: namespace.to_string(), why };
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done.map_err(|error| failed(error.to_string())),
        Err(_) => Err(failed(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// Read each time: a mounted Secret changes under the process.
async fn admin_url(context: &Context) -> Result<SecretString, DatabaseError> {
    let path = context.platform.settings.database_admin_url_file.as_ref().ok_or(DatabaseError::None)?;
    let text = tokio::fs::read_to_string(path).await.map_err(DatabaseError::Address)?;
    Ok(SecretString::from(text.trim().to_owned()))
}

/// The port of the platform's PostgreSQL; none where there is none, or its address cannot be read now.
pub async fn port(settings: &Settings) -> Option<u16> {
    let text = tokio::fs::read_to_string(settings.database_admin_url_file.as_ref()?).await.ok()?;
    port_of(text.trim())
}

/// The port in an address; the usual one where it says none. A parameter is stronger, as for the driver.
fn port_of(url: &str) -> Option<u16> {
    let (_, rest) = url.split_once("://")?;
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if let Some(port) = parameters.split('&').find_map(|parameter| parameter.strip_prefix("port=")) {
        return port.parse().ok();
    }
    let server = rest.split('/').next()?.rsplit('@').next()?;
    // The colons of an address of IPv6 are in brackets.
    let after = server.rsplit(']').next()?;
    after.rsplit_once(':').map_or(Some(5432), |(_, port)| port.parse().ok())
}

/// The password in an address this operator made: letters and digits, so nothing in it is encoded.
fn password_of(url: &[u8]) -> Option<SecretString> {
    let (_, rest) = std::str::from_utf8(url).ok()?.split_once("://")?;
    let (login, _) = rest.split_once('@')?;
    let (_, password) = login.split_once(':')?;
    let usable = password.len() == PASSWORD && password.bytes().all(|byte| byte.is_ascii_alphanumeric());
    usable.then(|| SecretString::from(password.to_owned()))
}

fn new_password() -> Result<SecretString, DatabaseError> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut password = String::with_capacity(PASSWORD);
    while password.len() < PASSWORD {
        let bytes: [u8; 64] = random()?;
        // What does not fall on a letter is left out: each is as likely as any other.
        let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
        password.extend(letters.take(PASSWORD - password.len()).map(|&letter| char::from(letter)));
    }
    Ok(SecretString::from(password))
}

fn random<const N: usize>() -> Result<[u8; N], DatabaseError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| DatabaseError::Randomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_the_driver_uses() {
        for (url, port) in [
            ("postgres://admin:pa:ss@db.example:6432/mcp?sslmode=require", Some(6432)),
            ("postgres://admin:p%40ss@db.example/mcp", Some(5432)),
            ("postgres://admin:p@[2001:db8::7]/mcp", Some(5432)),
            ("postgres://admin:p@[2001:db8::7]:6432", Some(6432)),
            ("postgres:///mcp?host=db.example&port=6432", Some(6432)),
            ("postgres://db.example:many/mcp", None),
            ("not a url", None),
        ] {
            assert_eq!(port_of(url), port, "{url}");
        }
    }

    #[test]
    fn a_password_is_new_each_time_and_read_back_from_the_address_it_stands_in() {
        let (one, two) = (new_password().unwrap(), new_password().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        let url =
            format!("postgres://ze-production:{}@db.example:5432/mcp?sslmode=require", one.expose_secret());
        assert_eq!(password_of(url.as_bytes()).unwrap().expose_secret(), one.expose_secret());
        for foreign in ["postgres://ze:short@db/ze", "postgres://db/ze", "not a url", ""] {
            assert!(password_of(foreign.as_bytes()).is_none(), "{foreign}");
        }
    }
}
