//! Reading a backup: looked through whole before anything is touched.

use std::path::Path;

use mcp_store::{OpenError, sha256::Sha256};
use serde::de::DeserializeOwned;
use sqlx::{Executor, PgConnection};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    file::{END_OF_ROWS, FORMAT, Head, TableHead, Tail},
    tables,
};
use crate::error;

/// How much is given to the server at a time.
const CHUNK: usize = 64 * 1024;

/// A backup's lines.
struct Lines<'a> {
    file: BufReader<tokio::fs::File>,
    path: &'a Path,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    async fn open(path: &'a Path) -> Result<Self, OpenError> {
        let file = tokio::fs::File::open(path).await.map_err(|e| super::unusable(path, e.to_string()))?;
        Ok(Self { file: BufReader::with_capacity(CHUNK, file), path, line: Vec::new() })
    }

    /// The next line with its end; an error where there is none.
    async fn next(&mut self) -> Result<&[u8], OpenError> {
        self.line.clear();
        let read = self.file.read_until(b'\n', &mut self.line).await;
        let why = match read {
            Ok(_) if self.line.ends_with(b"\n") => return Ok(&self.line),
            Ok(_) => "it is no backup of this program, or was cut off".to_owned(),
            Err(error) => error.to_string(),
        };
        Err(super::unusable(self.path, why))
    }

    async fn json<T: DeserializeOwned>(&mut self) -> Result<T, OpenError> {
        let path = self.path;
        serde_json::from_slice(self.next().await?)
            .map_err(|_| super::unusable(path, "it is no backup of this program, or is damaged"))
    }
}

/// Looks through the whole file; its first line and the columns of its tables, if everything is as it was written.
pub(super) async fn check(path: &Path) -> Result<(Head, Vec<TableHead>), OpenError> {
    let mut lines = Lines::open(path).await?;
    let mut digest = Sha256::new();
    let head: Head = lines.json().await?;
    if head.format != FORMAT {
        return Err(super::unusable(path, format!("its format is {:?}, not {FORMAT:?}", head.format)));
    }
    digest.update(&lines.line);
    let mut tables = Vec::new();
    loop {
        let line = lines.next().await?;
        if let Ok(Tail { sha256 }) = serde_json::from_slice(line) {
            if sha256 != digest.finish() {
                return Err(super::unusable(path, "it is damaged: its digest is another"));
            }
            return Ok((head, tables));
        }
        let table = serde_json::from_slice(line)
            .map_err(|_| super::unusable(path, "it is damaged: a line is neither a table nor the end"))?;
        tables.push(table);
        digest.update(&lines.line);
        loop {
            let line = lines.next().await?;
            digest.update(line);
            if line == END_OF_ROWS {
                break;
            }
        }
    }
}

/// Puts the rows of a file that was checked into the empty tables of the connection's transaction.
pub(super) async fn load(connection: &mut PgConnection, path: &Path) -> Result<(), OpenError> {
    let mut lines = Lines::open(path).await?;
    let head: Head = lines.json().await?;
    while let Ok(TableHead { table, columns }) = serde_json::from_slice(lines.next().await?) {
        let table = tables::Table { name: table, columns, order: String::new() };
        let mut copy = connection.copy_in_raw(&table.copy_in()).await.map_err(error::open)?;
        let mut chunk = Vec::with_capacity(CHUNK);
        loop {
            let line = lines.next().await?;
            let ended = line == END_OF_ROWS;
            if !ended {
                chunk.extend_from_slice(line);
            }
            if chunk.len() >= CHUNK || (ended && !chunk.is_empty()) {
                copy.send(std::mem::take(&mut chunk)).await.map_err(error::open)?;
            }
            if ended {
                break;
            }
        }
        copy.finish().await.map_err(error::open)?;
    }
    for sequence in head.sequences {
        // A number given since the backup is not given again.
        if let Some(last) = sequence.last {
            let query = sqlx::query(
                "SELECT setval(quote_ident($1)::regclass, greatest($2, (SELECT last_value FROM pg_sequences
                     WHERE schemaname = current_schema() AND sequencename = $1)))",
            );
            connection.execute(query.bind(sequence.name).bind(last)).await.map_err(error::open)?;
        }
    }
    Ok(())
}
