//! One schema and one role per tenant on a shared server, made by its administrator.

use mcp_store::{OpenError, Tenant};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use crate::{connect, error, scram};

/// How the role of a tenant signs in. Both are random; the caller makes them.
#[derive(Clone, Debug)]
pub struct Login {
    /// 16 to 128 ASCII letters and digits.
    pub password: SecretString,
    /// For the form in which the server keeps the password.
    pub salt: [u8; 16],
}

/// The advisory lock under which roles and schemas of a database are made (and should be removed): PostgreSQL's catalog
/// does not like two hands at once.
pub const LOCK: i64 = 727_100;

/// The name of a tenant's schema and of its role: `{client}-{environment}`, at most 63 bytes (PostgreSQL's limit),
/// lower-case letters, digits and hyphens. The same as its namespace's.
pub fn name_of(tenant: &Tenant) -> Result<String, OpenError> {
    let name = format!("{}-{}", tenant.client, tenant.environment);
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() > 63 || !name.chars().all(plain) || name.starts_with("pg-") {
        return Err(OpenError::Url("a tenant's name is lower-case letters, digits and hyphens, at most 63"));
    }
    Ok(name)
}

/// Makes the role and the schema of a tenant where they are missing, sets the role's password, and returns the URL
/// the tenant's server uses. `admin_url` is of a role that may create roles, schemas and, once per database, the
/// extension `btree_gist`.
///
/// The role may connect and use its schema; of another tenant's schema it can neither read nor write anything.
/// (Names of roles, schemas and tables can be read by everyone in PostgreSQL's catalogs.)
pub async fn provision(
    admin_url: &SecretString,
    tenant: &Tenant,
    login: &Login,
) -> Result<SecretString, OpenError> {
    let password = login.password.expose_secret();
    if !(16..=128).contains(&password.len()) || !password.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(OpenError::Url("a role's password is 16 to 128 ASCII letters and digits"));
    }
    let name = name_of(tenant)?;
    let options = connect::parse(admin_url)?;
    let mut admin = connect::one(&options).await?;
    // Two at a time would both find the role missing.
    sqlx::query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut admin).await.map_err(error::open)?;
    crate::migrate::ensure_extension(&mut admin, "public").await?;
    let made = make(&mut admin, &name, &scram::verifier(password, &login.salt)).await;
    let closed = admin.close().await;
    made.and(closed).map_err(error::open)?;
    let url = tenant_options(&options, &name, password).to_url_lossy();
    Ok(SecretString::from(url.to_string()))
}

fn tenant_options(admin: &PgConnectOptions, name: &str, password: &str) -> PgConnectOptions {
    admin.clone().username(name).password(password)
}

/// In one transaction: the role with its limits, the schema, and nothing for anybody else.
async fn make(admin: &mut PgConnection, name: &str, verifier: &str) -> Result<(), sqlx::Error> {
    // Both are made of characters that need no quoting inside quotes: `name_of`, and base64 with `$` and `:`.
    let mut tx = admin.begin().await?;
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)")
        .bind(name)
        .fetch_one(&mut *tx)
        .await?;
    if !known {
        tx.execute(AssertSqlSafe(format!(r#"CREATE ROLE "{name}""#))).await?;
    }
    let database: String =
        sqlx::query_scalar("SELECT quote_ident(current_database())").fetch_one(&mut *tx).await?;
    for statement in [
        format!(
            r#"ALTER ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
               CONNECTION LIMIT 40 PASSWORD '{verifier}'"#
        ),
        // Whoever is not a superuser may give a schema only to a role it belongs to.
        format!(r#"GRANT "{name}" TO CURRENT_USER"#),
        format!(r#"CREATE SCHEMA IF NOT EXISTS "{name}" AUTHORIZATION "{name}""#),
        format!(r#"REVOKE ALL ON SCHEMA "{name}" FROM PUBLIC"#),
        format!(r#"ALTER ROLE "{name}" IN DATABASE {database} SET search_path = "{name}""#),
        format!(r#"REVOKE "{name}" FROM CURRENT_USER"#),
    ] {
        tx.execute(AssertSqlSafe(statement)).await?;
    }
    let (may_connect, anybody_creates): (bool, bool) = sqlx::query_as(
        "SELECT has_database_privilege($1, current_database(), 'CONNECT'),
             EXISTS (SELECT 1 FROM pg_namespace n, aclexplode(n.nspacl) a
                     WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE')",
    )
    .bind(name)
    .fetch_one(&mut *tx)
    .await?;
    if !may_connect {
        tx.execute(AssertSqlSafe(format!(r#"GRANT CONNECT ON DATABASE {database} TO "{name}""#))).await?;
    }
    if anybody_creates {
        // What PostgreSQL does by itself since version 15. Only its owner may; elsewhere it stays as it is.
        tx.execute("SAVEPOINT public_schema").await?;
        if let Err(why) = tx.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC").await {
            tracing::warn!(%why, "every role may create tables in the schema public of this database");
            tx.execute("ROLLBACK TO SAVEPOINT public_schema").await?;
        }
    }
    tx.commit().await
}
