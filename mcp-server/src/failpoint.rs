//! Places where a test ends the process, as a machine that loses its power would: between two steps that belong
//! together. Only with the cargo feature `failpoints`; otherwise nothing is there.

/// A step of the pipeline after which everything must still be right if the process ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A delivery was read and is not on disk yet.
    IntakeBefore,
    /// A delivery is on disk and its sender has not heard so.
    IntakeAfter,
    /// A turn was claimed.
    TurnClaimed,
    /// A turn was decided and nothing of it is written.
    TurnDecided,
    /// A turn is committed.
    TurnCommitted,
    /// A message was claimed and not handed over.
    SendClaimed,
    /// The channel has the message and nobody wrote it down.
    SendHandedOver,
    /// The message is recorded as sent.
    SendRecorded,
    /// A booking to mirror was claimed.
    MirrorClaimed,
    /// The outside calendar has the event and nobody wrote it down.
    MirrorPut,
    /// The mirrored booking is recorded.
    MirrorRecorded,
}

impl Point {
    /// All of them, in the order of the pipeline.
    pub const ALL: [Self; 11] = [
        Self::IntakeBefore,
        Self::IntakeAfter,
        Self::TurnClaimed,
        Self::TurnDecided,
        Self::TurnCommitted,
        Self::SendClaimed,
        Self::SendHandedOver,
        Self::SendRecorded,
        Self::MirrorClaimed,
        Self::MirrorPut,
        Self::MirrorRecorded,
    ];

    /// Its name in `MCP_FAIL_AT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::IntakeBefore => "intake-before",
            Self::IntakeAfter => "intake-after",
            Self::TurnClaimed => "turn-claimed",
            Self::TurnDecided => "turn-decided",
            Self::TurnCommitted => "turn-committed",
            Self::SendClaimed => "send-claimed",
            Self::SendHandedOver => "send-handed-over",
            Self::SendRecorded => "send-recorded",
            Self::MirrorClaimed => "mirror-claimed",
            Self::MirrorPut => "mirror-put",
            Self::MirrorRecorded => "mirror-recorded",
        }
    }
}

/// Ends the process where `MCP_FAIL_AT` is `name:n` and this is the n-th time somebody comes here; where `MCP_HANG_AT`
/// is, whoever comes never goes on.
#[cfg(feature = "failpoints")]
pub fn reached(point: Point) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    };

    /// A variable's step and time, and how often somebody came there.
    type At = (OnceLock<Option<(String, u64)>>, AtomicU64);

    fn now(variable: &str, (at, times): &At, point: Point) -> bool {
        let at = at.get_or_init(|| {
            let text = std::env::var(variable).ok()?;
            let (name, times) = text.split_once(':')?;
            Some((name.to_owned(), times.parse().ok()?))
        });
        at.as_ref().is_some_and(|(name, wanted)| {
            name == point.name() && times.fetch_add(1, Ordering::SeqCst).saturating_add(1) == *wanted
        })
    }

    static FAIL: At = (OnceLock::new(), AtomicU64::new(0));
    static HANG: At = (OnceLock::new(), AtomicU64::new(0));
    if now("MCP_FAIL_AT", &FAIL, point) {
        std::process::abort();
    }
    while now("MCP_HANG_AT", &HANG, point) {
        std::thread::sleep(std::time::Duration::from_hours(1));
    }
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
pub fn reached(_point: Point) {}
