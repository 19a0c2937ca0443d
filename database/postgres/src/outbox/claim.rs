//! Taking the next message, and what becomes of claims whose holder is gone.

use jiff::{SignedDuration, Timestamp};
use mcp_store::{
    StoreError,
    customer::Sender,
    inbox::{DeadLetter, DeadSource},
    micros,
    outbox::{ClaimedOutgoing, SendRule},
    sha256,
};
use sqlx::{PgConnection, PgPool, Row};

use super::{MOST_UNKNOWNS, row};
use crate::{PostgresStore, dead_letter, error, lease_now, text};

const GONE: &str = "the process ended or hung while sending";

/// Messages whose holder is gone: their leases have ended, by database time.
pub(super) async fn become_ambiguous(
    store: &PostgresStore,
    tx: &mut PgConnection,
    unknown_wait: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed: Vec<(String, i64, String)> = sqlx::query_as(concat!(
        "UPDATE outbox SET
             state = CASE WHEN unknowns + 1 >= $2 THEN 'parked' ELSE 'ambiguous' END,
             unknowns = unknowns + 1, epoch = nextval('claim_epoch'), due_us = GREATEST(due_us, $5) + $3, error = $4
         WHERE seq IN (
             SELECT seq FROM outbox WHERE state = 'sending' AND due_us <= ",
        lease_now!("1"),
        " ORDER BY seq FOR UPDATE SKIP LOCKED)
         RETURNING id, conversation_id, state"
    ))
    .bind(store.lease_now(now))
    .bind(MOST_UNKNOWNS)
    .bind(micros::of(unknown_wait))
    .bind(GONE)
    .bind(micros::to(now))
    .fetch_all(&mut *tx)
    .await
    .map_err(error::store)?;
    for (id, conversation, _) in changed.into_iter().filter(|(_, _, state)| state == "parked") {
        let letter = DeadLetter { source: DeadSource::Outbox, reason: GONE.into(), payload: id };
        dead_letter::keep(tx, &letter, Some(conversation), now).await?;
    }
    Ok(())
}

pub(super) async fn may_be_due(store: &PostgresStore, now: Timestamp) -> Result<bool, StoreError> {
    sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM outbox
         WHERE (state IN ('pending', 'ambiguous') AND due_us <= $2) OR (state = 'sending' AND due_us <= ",
        lease_now!("1"),
        "))"
    ))
    .bind(store.lease_now(now))
    .bind(micros::to(now))
    .fetch_one(&store.pool)
    .await
    .map_err(error::store)
}

/// What looking for the next message came to.
pub(super) enum Next {
    /// It is this worker's.
    Taken(ClaimedOutgoing),
    /// None is due whose conversation is free.
    Nothing,
    /// While this worker waited, another one took a message of the same conversation: look again.
    Lost,
}

/// Whether a conversation has a message in flight, or one before `o` that is still to be sent. The former matters by
/// itself: a message that was given up and is sent again, or one whose transaction took longer than that of the next,
/// turns up before a message that is in flight already.
macro_rules! held_back {
    () => {
        "EXISTS (SELECT 1 FROM outbox e
             WHERE e.conversation_id = o.conversation_id AND e.state IN ('pending', 'sending', 'ambiguous')
               AND (e.seq < o.seq OR e.state = 'sending') AND o.state <> 'sending')"
    };
}

/// Takes the next message in two steps, because a statement does not see what others commit while it runs: two workers
/// that look at the same moment would take two messages of one conversation. So the first step locks the conversation
/// against other workers, and the second looks again. Who has that lock waits for nobody else, so nobody waits in a
/// circle.
pub(super) async fn claim(
    store: &PostgresStore,
    tx: &mut PgConnection,
    rule: &SendRule,
    now: Timestamp,
) -> Result<Next, StoreError> {
    let candidate = sqlx::query(concat!(
        "WITH next AS MATERIALIZED (
             SELECT o.seq, o.conversation_id FROM outbox o
             WHERE o.state IN ('pending', 'ambiguous') AND o.due_us <= $1 AND NOT ",
        held_back!(),
        " ORDER BY o.seq LIMIT 1 FOR UPDATE OF o SKIP LOCKED)
         SELECT seq, pg_advisory_xact_lock($2 # conversation_id) FROM next"
    ))
    .bind(micros::to(now))
    .bind(sha256::key(&[&store.schema, "outbox"]))
    .fetch_optional(&mut *tx)
    .await
    .map_err(error::store)?;
    let Some(candidate) = candidate else { return Ok(Next::Nothing) };
    let row = sqlx::query(concat!(
        "UPDATE outbox o SET state = 'sending', epoch = nextval('claim_epoch'), attempts = attempts + 1, due_us = $2 + ",
        lease_now!("1"),
        " WHERE o.seq = $3 AND NOT ",
        held_back!(),
        " RETURNING id, epoch, conversation_id, kind, body_json, attempts, created_us"
    ))
    .bind(store.lease_now(now))
    .bind(micros::of(rule.lease))
    .bind(candidate.get::<i64, _>("seq"))
    .fetch_optional(&mut *tx)
    .await
    .map_err(error::store)?;
    let Some(row) = row else { return Ok(Next::Lost) };
    let id: String = row.get("id");
    let conversation_id: i64 = row.get("conversation_id");
    let (user_id, wa_id, name) = sqlx::query_as(
        "SELECT k.user_id, k.wa_id, k.name FROM customer k JOIN conversation c ON c.customer_id = k.id WHERE c.id = $1",
    )
    .bind(conversation_id)
    .fetch_one(tx)
    .await
    .map_err(error::store)?;
    Ok(Next::Taken(ClaimedOutgoing {
        epoch: row.get("epoch"),
        conversation_id,
        recipient: Sender { user_id, wa_id, name },
        kind: row::kind(&row, &id)?,
        body: text::from_json(row.get("body_json"), "outbox", "body_json", &id)?,
        created_at: micros::from(row.get("created_us"), "outbox", "created_us", &id)?,
        attempt: text::count(row.get("attempts")),
        id,
    }))
}

pub(super) async fn next_at(pool: &PgPool) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(concat!(
        "SELECT MIN(o.due_us) FROM outbox o
         WHERE o.state IN ('pending', 'sending', 'ambiguous') AND NOT ",
        held_back!()
    ))
    .fetch_one(pool)
    .await
    .map_err(error::store)?;
    text::instant(due, "outbox", "due_us", "next")
}
