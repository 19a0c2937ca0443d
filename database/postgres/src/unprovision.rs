//! The end of a tenant on a shared server.

use mcp_store::{OpenError, Tenant};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{connect, error, provision};

/// Drops the schema of a tenant with all that is in it, and its role. What is not there is dropped already.
///
/// Errors when the server does not answer, or the role of `admin_url` may not.
pub async fn unprovision(admin_url: &SecretString, tenant: &Tenant) -> Result<(), OpenError> {
    let name = provision::name_of(tenant)?;
    let mut admin = connect::one(&connect::parse(admin_url)?).await?;
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(provision::LOCK)
        .execute(&mut admin)
        .await
        .map_err(error::open)?;
    let dropped = drop_both(&mut admin, &name).await;
    let closed = admin.close().await;
    dropped.and(closed).map_err(error::open)
}

async fn drop_both(admin: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    // The name is made of characters that need no quoting inside quotes: `name_of`.
    let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)")
        .bind(name)
        .fetch_one(&mut *admin)
        .await?;
    if known {
        // Nobody comes back while the rest is done; who is there goes.
        for statement in
            [format!(r#"ALTER ROLE "{name}" NOLOGIN"#), format!(r#"GRANT "{name}" TO CURRENT_USER"#)]
        {
            admin.execute(AssertSqlSafe(statement)).await?;
        }
        sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1")
            .bind(name)
            .execute(&mut *admin)
            .await?;
    }
    let mut tx = admin.begin().await?;
    tx.execute(AssertSqlSafe(format!(r#"DROP SCHEMA IF EXISTS "{name}" CASCADE"#))).await?;
    if known {
        // Its rights on the database would keep the role.
        tx.execute(AssertSqlSafe(format!(r#"DROP OWNED BY "{name}""#))).await?;
        tx.execute(AssertSqlSafe(format!(r#"DROP ROLE "{name}""#))).await?;
    }
    tx.commit().await
}
