//! Dated changes of hours or closures that an owner made at run time.

use async_trait::async_trait;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StoreError, audit::NewAudit};

/// An adjustment to write. What it says is the business of `mcp_tenant::adjustment`; here it is JSON with its days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewAdjustment {
    /// Id: 32 hex digits.
    pub id: String,
    /// First local day.
    pub first: Date,
    /// Last local day, itself included; not before the first.
    pub last: Date,
    /// What it says.
    pub content: Value,
}

/// An adjustment as committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdjustmentRow {
    /// What was written.
    pub adjustment: NewAdjustment,
    /// When it was made; of two that contradict each other the later one counts.
    pub created_at: Timestamp,
}

/// The owner's adjustments. Bookings that stand are not touched by them.
#[async_trait]
pub trait AdjustmentStore: Send + Sync {
    /// Adds one, with its entry in the audit. [`StoreError::Conflict`] where the id is taken, [`StoreError::Invalid`]
    /// where the last day is before the first.
    async fn adjust(
        &self,
        adjustment: &NewAdjustment,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError>;

    /// Those that share a day with `first..=last`, in order of (created, id).
    async fn adjustments(&self, first: Date, last: Date) -> Result<Vec<AdjustmentRow>, StoreError>;

    /// Takes one back, with its entry in the audit. [`StoreError::NotFound`].
    async fn remove_adjustment(
        &self,
        id: &str,
        audit: Option<&NewAudit>,
        now: Timestamp,
    ) -> Result<AdjustmentRow, StoreError>;
}
