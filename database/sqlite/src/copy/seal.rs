//! What tells a backup that is whole from a damaged one: a digest behind the last page. SQLite itself has no checksums,
//! and does not look behind the last page, so a backup is still a database that any tool of SQLite reads.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use mcp_store::{sha256::Sha256, tenant::OpenError};

use super::broken;

const WORD: &str = "\nmcp-store backup, sha256 ";
/// The word, 64 hex digits, the end of a line.
const LENGTH: u64 = WORD.len() as u64 + 65;

/// Writes the digest of a finished file behind it.
pub(super) async fn put_on(file: &Path) -> Result<(), OpenError> {
    on_file(file, |path| {
        let length = path.metadata()?.len();
        let seal = seal_of(path, length)?;
        OpenOptions::new().append(true).open(path)?.write_all(seal.as_bytes())?;
        Ok(true)
    })
    .await
}

/// Refuses a file that is not, byte by byte, what was written.
pub(super) async fn check(file: &Path) -> Result<(), OpenError> {
    on_file(file, |path| {
        let Some(length) = path.metadata()?.len().checked_sub(LENGTH) else { return Ok(false) };
        let mut found = Vec::new();
        let mut opened = File::open(path)?;
        opened.seek(SeekFrom::Start(length))?;
        opened.read_to_end(&mut found)?;
        Ok(found == seal_of(path, length)?.as_bytes())
    })
    .await
}

/// The digest over the first bytes of a file, as it is written behind them.
fn seal_of(path: &Path, length: u64) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut content = File::open(path)?.take(length);
    let mut part = vec![0_u8; 1 << 16];
    loop {
        let read = content.read(&mut part)?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        digest.update(bytes);
    }
    Ok(format!("{WORD}{}\n", digest.finish()))
}

/// Reads a file of any size without holding up what else this thread has to do.
async fn on_file(
    file: &Path,
    work: impl FnOnce(&Path) -> io::Result<bool> + Send + 'static,
) -> Result<(), OpenError> {
    let path = file.to_owned();
    let done =
        tokio::task::spawn_blocking(move || work(&path)).await.map_err(|error| broken(file, &error))?;
    match done {
        Ok(true) => Ok(()),
        Ok(false) => Err(broken(file, &"it is no backup, or it is damaged: take another one")),
        Err(error) => Err(broken(file, &error)),
    }
}
