//! Writing a backup.

use std::path::Path;

use futures::StreamExt;
use mcp_store::{OpenError, Tenant, sha256::Sha256};
use sqlx::PgConnection;
use tokio::io::{AsyncWriteExt, BufWriter};

use super::{
    file::{END_OF_ROWS, FORMAT, Head, TableHead, Tail},
    tables,
};
use crate::error;

/// A file being written, and the digest of what is in it.
struct Writer {
    file: BufWriter<tokio::fs::File>,
    digest: Sha256,
}

impl Writer {
    async fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.digest.update(bytes);
        self.file.write_all(bytes).await
    }

    async fn line(&mut self, value: &impl serde::Serialize) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.put(&line).await
    }
}

/// Writes everything the connection's transaction sees into `file`, which is new, and has it on disk.
pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: &Tenant,
    migrations: Vec<(i64, String)>,
    file: tokio::fs::File,
    path: &Path,
) -> Result<(), OpenError> {
    let io = |e: std::io::Error| super::unusable(path, e.to_string());
    let mut out = Writer { file: BufWriter::new(file), digest: Sha256::new() };
    let head = Head {
        format: FORMAT.to_owned(),
        client: tenant.client.clone(),
        environment: tenant.environment.clone(),
        migrations,
        sequences: tables::sequences(connection).await.map_err(error::open)?,
    };
    out.line(&head).await.map_err(io)?;
    for table in tables::all(connection).await.map_err(error::open)? {
        let head = TableHead { table: table.name.clone(), columns: table.columns.clone() };
        out.line(&head).await.map_err(io)?;
        let mut rows = connection.copy_out_raw(&table.copy_out()).await.map_err(error::open)?;
        while let Some(chunk) = rows.next().await {
            out.put(&chunk.map_err(error::open)?).await.map_err(io)?;
        }
        drop(rows);
        out.put(END_OF_ROWS).await.map_err(io)?;
    }
    let Writer { mut file, digest } = out;
    let mut tail = serde_json::to_vec(&Tail { sha256: digest.finish() }).map_err(|e| io(e.into()))?;
    tail.push(b'\n');
    file.write_all(&tail).await.map_err(io)?;
    file.flush().await.map_err(io)?;
    file.into_inner().sync_all().await.map_err(io)
}
