//! `mcp-server outbox`: what could not be handled, for a person to look at, to try again or to drop.

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use mcp_store::{
    Store, StoreError,
    inbox::{DeadLetterRow, DeadSource},
};
use serde_json::{Value, json};

use crate::{settings::DatabaseArgs, telemetry};

/// What `outbox` does.
#[derive(Debug, Parser)]
pub struct OutboxArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Name every dead letter: bodies nobody understood, turns that were given up, messages that were not sent.
    List(ListArgs),
    /// Try one again: a turn's messages wait for an answer, a message is sent as if it was written now. A delivery that
    /// was not understood would not be understood this time either: it can only be discarded.
    Replay(OneArgs),
    /// Drop one that a person has dealt with.
    Discard(OneArgs),
}

#[derive(Debug, Parser)]
struct ListArgs {
    /// Also show what each is about. It may hold what a customer wrote.
    #[arg(long)]
    payload: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Parser)]
struct OneArgs {
    /// Its number in the list.
    id: i64,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Parser)]
struct Common {
    /// JSON instead of lines.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// How many dead letters are read at once.
const PAGE: u32 = 500;

impl OutboxArgs {
    /// Which database.
    pub fn database(&self) -> &DatabaseArgs {
        match &self.what {
            What::List(list) => &list.common.database,
            What::Replay(one) | What::Discard(one) => &one.common.database,
        }
    }

    /// Does it, and prints what became of it.
    pub async fn run(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        match &self.what {
            What::List(list) => {
                let rows = all(store).await?;
                if list.common.json {
                    let rows: Vec<Value> = rows.iter().map(|row| object(row, list.payload)).collect();
                    telemetry::print(&Value::from(rows).to_string());
                } else {
                    for row in &rows {
                        telemetry::print(&line(row, list.payload));
                    }
                    telemetry::print(&format!("{} dead letters", rows.len()));
                }
            }
            What::Replay(one) => one.said("replayed", &store.replay(one.id, now).await?),
            What::Discard(one) => one.said("discarded", &store.discard(one.id).await?),
        }
        Ok(())
    }
}

impl OneArgs {
    fn said(&self, done: &str, row: &DeadLetterRow) {
        if self.common.json {
            let mut object = object(row, false);
            object["done"] = json!(done);
            telemetry::print(&object.to_string());
        } else {
            telemetry::print(&format!("{done}: {}", line(row, false)));
        }
    }
}

async fn all(store: &dyn Store) -> Result<Vec<DeadLetterRow>, StoreError> {
    let mut rows = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row: &DeadLetterRow| row.id);
        let page = store.dead_letters(after, PAGE).await?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

/// What a dead letter is, in a word.
fn kind(source: DeadSource) -> &'static str {
    match source {
        DeadSource::Webhook => "delivery not understood",
        DeadSource::Turn => "turn given up",
        DeadSource::Outbox => "message not sent",
    }
}

/// What can be done with a dead letter.
fn remedy(source: DeadSource) -> &'static str {
    match source {
        DeadSource::Webhook => "discard",
        DeadSource::Turn | DeadSource::Outbox => "replay or discard",
    }
}

fn line(row: &DeadLetterRow, payload: bool) -> String {
    let conversation = row.conversation_id.map_or_else(String::new, |id| format!(", conversation {id}"));
    let what = if payload { format!("\n    {}", row.letter.payload) } else { String::new() };
    let (kind, remedy) = (kind(row.letter.source), remedy(row.letter.source));
    format!("{}  {}  {kind}: {}{conversation} [{remedy}]{what}", row.id, row.created_at, row.letter.reason)
}

fn object(row: &DeadLetterRow, payload: bool) -> Value {
    let mut object = json!({
        "id": row.id,
        "source": row.letter.source.as_str(),
        "reason": row.letter.reason,
        "conversation": row.conversation_id,
        "created": row.created_at,
        "replayable": row.letter.source != DeadSource::Webhook,
    });
    if payload {
        object["payload"] = json!(row.letter.payload);
    }
    object
}

#[cfg(test)]
mod tests {
    use mcp_store::inbox::DeadLetter;

    use super::*;

    #[test]
    fn what_a_customer_wrote_is_shown_only_where_it_is_asked_for() {
        let row = DeadLetterRow {
            id: 7,
            letter: DeadLetter {
                source: DeadSource::Webhook,
                reason: "not JSON".into(),
                payload: "meine Telefonnummer".into(),
            },
            conversation_id: Some(3),
            created_at: Timestamp::UNIX_EPOCH,
        };
        assert!(
            !line(&row, false).contains("Telefon") && !object(&row, false).to_string().contains("Telefon")
        );
        assert!(line(&row, true).contains("Telefon") && object(&row, true).to_string().contains("Telefon"));
        assert_eq!(
            line(&row, false),
            "7  1970-01-01T00:00:00Z  delivery not understood: not JSON, conversation 3 [discard]"
        );
        assert_eq!(object(&row, false)["replayable"], false);
        let mut message = row;
        message.letter.source = DeadSource::Outbox;
        assert!(line(&message, false).ends_with("[replay or discard]"));
        assert_eq!(object(&message, false)["replayable"], true);
    }
}
