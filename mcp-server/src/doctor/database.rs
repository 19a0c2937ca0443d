//! Whether the database is there, migrated, this tenant's, and has nothing that waits for a person.

use mcp_store::OpenError;

use super::Finding;
use crate::{database::Database, settings::Settings, telemetry};

const PROBE: &str = "database";
/// More dead letters than that are not counted.
const MANY: u32 = 1000;

pub(super) async fn look(settings: &Settings) -> Finding {
    let database = match Database::open(&settings.database_url, &settings.tenant).await {
        Ok(database) => database,
        Err(error) => return Finding::failed(PROBE, telemetry::chain(&error), next(&error)),
    };
    let store = database.store();
    let found = match store.ping().await {
        Ok(()) => store.dead_letters(0, MANY).await,
        Err(error) => Err(error),
    };
    database.close().await;
    match found {
        Ok(dead) if dead.is_empty() => Finding::ok(PROBE, "it answers and is up to date"),
        Ok(dead) => Finding::warning(
            PROBE,
            format!("it answers and is up to date; dead letters: {}", dead.len()),
            "run `mcp-server outbox list` and replay or discard each",
        ),
        Err(error) => {
            Finding::failed(PROBE, telemetry::chain(&error), "check the disk or the database server")
        }
    }
}

/// What a person does about a database that cannot be opened, and about nothing else: who is told to look at five
/// things looks at none.
const fn next(error: &OpenError) -> &'static str {
    match error {
        OpenError::Url(_) => "correct DATABASE_URL",
        OpenError::Unreachable(..) => {
            "check the DATABASE settings and whether the server or the volume is there"
        }
        OpenError::OldServer { .. } => "have the server upgraded",
        OpenError::ReadOnly(_) => "give this program the right to write there",
        OpenError::Corrupt(_) => "stop the server before, and keep the damaged file",
        OpenError::Full(_) => "make room there",
        OpenError::OtherTenant { .. } => "check DATABASE_URL or the volume, and CLIENT_NAME and ENVIRONMENT",
        OpenError::NotMigrated(_) | OpenError::Migrate(_) => "run `mcp-server migrate`",
        OpenError::TooNew(_) => "run the newer version of this program",
        OpenError::Extension(..) => "ask the database's administrator, then run `mcp-server migrate`",
        OpenError::Backup { .. } | OpenError::OtherTenantsBackup { .. } => "take another backup",
        OpenError::Database(_) => "look into the log of the database server, or at the disk",
    }
}

#[cfg(test)]
mod tests {
    use mcp_store::Tenant;

    use super::*;

    #[tokio::test]
    async fn whoever_has_not_migrated_is_told_that_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("t.db"), "").unwrap();
        let url = format!("sqlite://{}/t.db", folder.path().display()).into();
        let error = Database::open(&url, &Tenant::new("bella", "production")).await.err().unwrap();
        assert_eq!(next(&error), "run `mcp-server migrate`");
        assert!(telemetry::chain(&error).contains("lacks migration 1"), "{error}");
    }
}
