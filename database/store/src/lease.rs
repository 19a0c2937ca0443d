//! Whose clock ends leases.

/// Whose clock decides that a lease has ended.
///
/// A lease is written as `database time + length` and compared with database time; the caller's `now` serves for
/// everything else (when a row was written, whether a burst is over, when a retry is due).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseTime {
    /// The database server's clock, read in the statement itself: the only one that several replicas share. The
    /// default of PostgreSQL.
    #[default]
    Database,
    /// The caller's `now`. Right where one process is the database's only user (SQLite, always), and what tests use
    /// to drive time.
    Caller,
}
