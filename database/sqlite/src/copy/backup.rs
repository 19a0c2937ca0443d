//! Writing everything into a new file, while the store is in use.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use mcp_store::tenant::OpenError;

use super::{broken, seal};
use crate::{SqliteStore, driver};

pub(super) async fn backup(store: &SqliteStore, to: &Path) -> Result<(), OpenError> {
    if to.exists() {
        return Err(broken(to, &"it exists already; name another file"));
    }
    // Beside its place until it is whole.
    let mut name = to.file_name().ok_or_else(|| broken(to, &"it has no name"))?.to_owned();
    name.push(".partial");
    let partial = to.with_file_name(name);
    let written =
        write(store, &partial).await.and_then(|()| settle(&partial, to).map_err(|error| broken(to, &error)));
    if written.is_err() {
        // What cannot be removed was not written either.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

async fn write(store: &SqliteStore, partial: &Path) -> Result<(), OpenError> {
    let text = partial.to_str().ok_or_else(|| broken(partial, &"its name is not UTF-8"))?;
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(broken(partial, &error)),
        _ => {}
    }
    // Everything about every customer: for its owner alone. An empty file is what VACUUM writes into.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)
        .map_err(|error| broken(partial, &error))?;
    sqlx::query("VACUUM INTO $1").bind(text).execute(&store.readers).await.map_err(|error| {
        match driver::opening(driver::db(error)) {
            OpenError::Database(cause) => broken(partial, &cause),
            clear => clear,
        }
    })?;
    seal::put_on(partial).await
}

/// On disk, then in its place, then its name on disk.
fn settle(partial: &Path, to: &Path) -> io::Result<()> {
    File::open(partial)?.sync_all()?;
    std::fs::rename(partial, to)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
