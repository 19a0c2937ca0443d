//! What was done by whom: an append-only chain.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{StoreError, micros, sha256};

/// The hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// An entry to append. `actor`, `action` and `subject` stay for ever and must hold no personal data: ids, not names.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAudit {
    /// Who did it: `customer:12`, `agent:{subject}`, `staff:{subject}`, `assistant`, `system`.
    pub actor: String,
    /// What was done, `booking.move`.
    pub action: String,
    /// To what, `booking:{id}`. Stores fill it in where an effect writes the entry.
    pub subject: String,
    /// What is personal about it, erasable.
    pub payload: Option<AuditPayload>,
}

/// The personal part of an entry, kept apart so that it can be erased.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPayload {
    /// Whom it is about: erased with this customer. A store fills in the booking's customer where there is none.
    pub customer_id: Option<i64>,
    /// Random text: without it the digest in the chain would tell a guesser what was erased.
    pub salt: String,
    /// What there is to say.
    pub content: Value,
}

/// An entry as committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// 1, 2, 3 … without a gap.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub subject: String,
    /// [`payload_digest`] of the personal part; `None` where there never was one.
    pub payload_digest: Option<String>,
    /// The personal part; `None` where there never was one, or it was erased.
    pub payload: Option<Value>,
    /// Hash of the entry before; [`GENESIS`] for the first.
    pub previous: String,
    /// [`entry_hash`] of this one.
    pub hash: String,
}

/// Where the chain ends: kept elsewhere, it proves later that nothing was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Number of the last entry; 0 for an empty chain.
    pub seq: i64,
    /// Its hash; [`GENESIS`] for an empty chain.
    pub hash: String,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Every entry is as it was written.
    Whole {
        /// Where it ends.
        head: AuditHead,
        /// How many personal parts were erased.
        erased: u64,
    },
    /// Something was changed, removed or added by other hands.
    Broken {
        /// The first entry that is not as it must be.
        seq: i64,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// SHA-256 in hex over salt and content of a payload: `sha256(salt ‖ 0x0a ‖ JSON text as kept)`.
pub fn payload_digest(salt: &str, content: &str) -> String {
    sha256::hex_of(&[salt.as_bytes(), b"\n", content.as_bytes()])
}

/// SHA-256 in hex over the previous hash and the entry in its canonical form:
/// `sha256(previous ‖ 0x0a ‖ ["seq", at in µs, actor, action, subject, payload digest or null] as JSON)`.
pub fn entry_hash(
    previous: &str,
    seq: i64,
    at: Timestamp,
    actor: &str,
    action: &str,
    subject: &str,
    payload_digest: Option<&str>,
) -> String {
    let canonical = json!([seq, micros::to(at), actor, action, subject, payload_digest]).to_string();
    sha256::hex_of(&[previous.as_bytes(), b"\n", canonical.as_bytes()])
}

/// The audit. The database itself refuses to change or remove an entry, and to change a payload other than to erase
/// it (triggers).
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Appends an entry that belongs to no other effect.
    async fn record(&self, entry: &NewAudit, now: Timestamp) -> Result<AuditRow, StoreError>;

    /// Entries with a number above `after` (0: all), rising, at most `most`.
    async fn audit(&self, after: i64, most: u32) -> Result<Vec<AuditRow>, StoreError>;

    /// Where the chain ends.
    async fn audit_head(&self) -> Result<AuditHead, StoreError>;

    /// Checks every entry, and that the chain still has the entry of a head seen earlier.
    async fn verify_audit(&self, earlier: Option<&AuditHead>) -> Result<AuditVerdict, StoreError>;
}

/// Checks a chain entry by entry; what both databases verify with.
#[derive(Debug)]
pub struct AuditCheck<'a> {
    head: AuditHead,
    erased: u64,
    earlier: Option<&'a AuditHead>,
}

/// An entry as read for a check: the row without its payload, and the payload as kept.
#[derive(Clone, Debug)]
pub struct CheckedEntry {
    /// The entry; its `payload` is not looked at.
    pub row: AuditRow,
    /// Salt and JSON text of the payload as kept; `None` where erased or never there.
    pub kept: Option<(String, String)>,
}

impl<'a> AuditCheck<'a> {
    /// At the beginning of the chain.
    pub fn new(earlier: Option<&'a AuditHead>) -> Self {
        Self { head: AuditHead { seq: 0, hash: GENESIS.to_owned() }, erased: 0, earlier }
    }

    /// The next entry in order; `Err` with the verdict where the chain breaks.
    pub fn next(&mut self, entry: &CheckedEntry) -> Result<(), AuditVerdict> {
        let row = &entry.row;
        let seq = self.head.seq.saturating_add(1);
        let broken = |why| Err(AuditVerdict::Broken { seq, why });
        if row.seq != seq {
            return broken("an entry is missing");
        }
        if row.previous != self.head.hash {
            return broken("it does not follow the entry before");
        }
        let digest = row.payload_digest.as_deref();
        let hash = entry_hash(&row.previous, seq, row.at, &row.actor, &row.action, &row.subject, digest);
        if row.hash != hash {
            return broken("it was changed");
        }
        match (&entry.kept, digest) {
            (Some((salt, content)), Some(digest)) if payload_digest(salt, content) != digest => {
                return broken("its payload was changed");
            }
            (Some(_), None) => return broken("it got a payload later"),
            (None, Some(_)) => self.erased = self.erased.saturating_add(1),
            _ => {}
        }
        if self.earlier.is_some_and(|earlier| earlier.seq == seq && earlier.hash != hash) {
            return broken("the chain was written anew");
        }
        self.head = AuditHead { seq, hash };
        Ok(())
    }

    /// At the end of the chain.
    pub fn end(self) -> AuditVerdict {
        match self.earlier {
            Some(earlier) if earlier.seq > self.head.seq => {
                AuditVerdict::Broken { seq: self.head.seq.saturating_add(1), why: "the end was cut off" }
            }
            _ => AuditVerdict::Whole { head: self.head, erased: self.erased },
        }
    }
}
