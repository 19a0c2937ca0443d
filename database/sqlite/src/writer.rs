//! The one connection that writes: whose turn it is, transactions, and bringing the write-ahead log into the file.
//!
//! SQLite does the last in whichever commit finds the log long enough, and everybody behind it waits: for some
//! thousand pages and two more trips to the disk. Here a task does it beside the writer, on a connection of its own that
//! lasts as long as it takes. Only the rest, what was committed meanwhile, is done in a turn at the writer: between two
//! commits, so that the next one can begin the log anew and its file does not grow.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use mcp_store::StoreError;
use sqlx::{
    ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction,
    pool::PoolConnection, sqlite::SqliteConnectOptions,
};
use tokio::sync::Mutex;

use crate::{
    db,
    line::{Line, Rank, Turn},
};

/// Commits after which the log is brought into the file: some two to three thousand pages.
pub(crate) const COMMITS: u32 = 1024;
/// How often it is gone over beside the writer, at most.
const PASSES: u32 = 8;

/// The writer.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pool: SqlitePool,
    line: Line,
    log: Arc<Log>,
}

#[derive(Debug)]
struct Log {
    /// Commits since the log was last brought into the file.
    commits: AtomicU32,
    most: u32,
    connect: SqliteConnectOptions,
    /// Held by who brings it there: SQLite refuses a second one.
    busy: Mutex<()>,
}

/// The writer's connection, for statements that are transactions of their own.
pub(crate) struct Statement {
    connection: PoolConnection<Sqlite>,
    writer: Writer,
    _turn: Turn,
}

/// A transaction on the writer.
pub(crate) struct Tx {
    transaction: Transaction<'static, Sqlite>,
    writer: Writer,
    _turn: Turn,
}

impl Writer {
    /// Over a pool of one connection; `connect` opens another one, `most` is [`COMMITS`] unless a test has less time.
    pub fn new(pool: SqlitePool, connect: SqliteConnectOptions, most: u32) -> Self {
        let log = Log { commits: AtomicU32::new(0), most, connect, busy: Mutex::default() };
        Self { pool, line: Line::default(), log: Arc::new(log) }
    }

    /// Waits for the place, as long as one waits for a connection at most.
    async fn turn(&self, rank: Rank) -> Result<Turn, StoreError> {
        let patience = self.pool.options().get_acquire_timeout();
        tokio::time::timeout(patience, self.line.turn(rank)).await.map_err(|_| StoreError::NoConnection)
    }

    /// Begins a transaction.
    pub async fn begin(&self, rank: Rank) -> Result<Tx, StoreError> {
        let turn = self.turn(rank).await?;
        let begun = self.pool.begin_with("BEGIN IMMEDIATE").await;
        let transaction = match begun {
            Ok(transaction) => transaction,
            // SQLite itself ends a transaction that finds the disk full or broken; the driver goes on counting it, and
            // would refuse every other one on this connection. Another connection knows of nothing.
            Err(sqlx::Error::InvalidSavePointStatement) => {
                self.pool.acquire().await.map_err(db)?.close().await.map_err(db)?;
                self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(db)?
            }
            Err(error) => return Err(db(error)),
        };
        Ok(Tx { transaction, writer: self.clone(), _turn: turn })
    }

    /// The connection, for statements outside a transaction.
    pub async fn statement(&self) -> Result<Statement, StoreError> {
        let turn = self.turn(Rank::Other).await?;
        let connection = self.pool.acquire().await.map_err(db)?;
        Ok(Statement { connection, writer: self.clone(), _turn: turn })
    }

    /// Everything committed is in the file, and the log is empty, if no reader stands in the way.
    pub async fn empty_log(&self) -> Result<(), StoreError> {
        let _busy = self.log.busy.lock().await;
        let mut writer = self.statement().await?;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await.map_err(db)?;
        Ok(())
    }

    /// Ends the connection, and before it what goes on beside it.
    pub async fn close(&self) {
        let _busy = self.log.busy.lock().await;
        self.pool.close().await;
    }

    fn committed(&self) {
        if self.log.commits.fetch_add(1, Ordering::Relaxed) + 1 < self.log.most {
            return;
        }
        self.log.commits.store(0, Ordering::Relaxed);
        let writer = self.clone();
        tokio::spawn(async move {
            // Whoever is at it takes these commits along.
            let Ok(_busy) = writer.log.busy.try_lock() else { return };
            if writer.pool.is_closed() {
                return;
            }
            if let Err(error) = writer.bring_in_log().await {
                tracing::warn!(%error, "the write-ahead log could not be brought into the file; it grows meanwhile");
            }
        });
    }

    async fn bring_in_log(&self) -> Result<(), StoreError> {
        let mut beside = self.log.connect.connect().await.map_err(db)?;
        let done = self.gone_over(&mut beside).await;
        beside.close().await.map_err(db)?;
        done.map_err(db)?;
        let mut writer = self.statement().await?;
        checkpoint(&mut writer).await.map_err(db)
    }

    /// Copies the log until nothing was committed meanwhile: then, and only then, SQLite has the file written to the disk.
    /// The first time the log is long; what is left for the next ones is little, and mostly done between two commits.
    async fn gone_over(&self, beside: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for _ in 0..PASSES {
            let commits = self.log.commits.load(Ordering::Relaxed);
            checkpoint(beside).await?;
            if self.log.commits.load(Ordering::Relaxed) == commits {
                break;
            }
        }
        Ok(())
    }
}

/// Copies what it can from the log into the file, waiting for nobody.
async fn checkpoint(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await?;
    Ok(())
}

impl Tx {
    /// Returns when it is on disk.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.transaction.commit().await?;
        self.writer.committed();
        Ok(())
    }

    /// Takes everything back.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.transaction.rollback().await
    }
}

impl Statement {
    /// Nobody is to use this connection again; the next one gets another.
    pub fn give_up(&mut self) {
        self.connection.close_on_drop();
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        self.writer.committed();
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

impl Deref for Statement {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Statement {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
