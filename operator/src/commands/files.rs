//! Writing files that people keep.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is one already.
    #[error("{} is there already, and nothing was written: move it away, choose another folder with --out, or replace it with --force", .0.display())]
    Exists(PathBuf),
    /// It could not be written.
    #[error("write {}: {source}", .path.display())]
    Failed {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Whoever the machine lets.
    Any,
    /// Its owner alone: there are secrets in it.
    Owner,
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// Where.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
    /// Who may read it.
    pub readers: Readers,
}

/// Writes files, or none where one of them is there already and `force` is not given.
pub fn write_all(files: &[NewFile], force: bool) -> Result<(), WriteError> {
    if let Some(there) = files.iter().find(|file| !force && file.path.exists()) {
        return Err(WriteError::Exists(there.path.clone()));
    }
    files.iter().try_for_each(write)
}

fn write(file: &NewFile) -> Result<(), WriteError> {
    let failed = |source| WriteError::Failed { path: file.path.clone(), source };
    let folder = file.path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    // Made anew under another name: an old file's mode would outlive its content, and half a file is none.
    let mut fresh = file.path.clone().into_os_string();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    let mode = match file.readers {
        Readers::Any => 0o666,
        Readers::Owner => 0o600,
    };
    let write = || {
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut opened = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&fresh)?;
        opened.write_all(file.text.as_bytes())?;
        fs::rename(&fresh, &file.path)
    };
    write().map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_are_for_their_owner_even_where_an_open_file_was_before_and_nothing_is_replaced_unasked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/secret.yaml");
        let file = |text: &str, readers| [NewFile { path: path.clone(), text: text.to_owned(), readers }];
        write_all(&file("open", Readers::Any), false).unwrap();
        let refused = write_all(&file("closed", Readers::Owner), false).unwrap_err().to_string();
        assert!(refused.contains("is there already") && refused.contains("--force"), "{refused}");
        write_all(&file("closed", Readers::Owner), true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "closed");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
