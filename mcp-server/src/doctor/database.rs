//! Whether the database is there, migrated, this tenant's, and has nothing that waits for a person.

use super::Finding;
use crate::{database::Database, settings::Settings, telemetry};

const PROBE: &str = "database";
/// More dead letters than that are not counted.
const MANY: u32 = 1000;

pub(super) async fn look(settings: &Settings) -> Finding {
    let database = match Database::open(&settings.database_url, &settings.tenant).await {
        Ok(database) => database,
        Err(error) => {
            let next =
                "check the DATABASE settings, CLIENT_NAME and ENVIRONMENT, and run `mcp-server migrate`";
            return Finding::failed(PROBE, telemetry::chain(&error), next);
        }
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
