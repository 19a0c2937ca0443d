//! Where the profile comes from: a file of its own, the `spec.profile` of an `McpClient`, or a starter.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mcp_tenant::{
    Profile,
    profile::{BusinessType, Mode, ReadError},
    starter::{Language, starter},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// It is neither YAML nor JSON.
    #[error("read {0} as YAML: {1}")]
    Syntax(PathBuf, String),
    /// It is no profile.
    #[error("read {0} as a profile, or as an McpClient with spec.profile: {1}")]
    Profile(PathBuf, ReadError),
    /// The copy cannot be written.
    #[error("write {0}")]
    Write(PathBuf, #[source] std::io::Error),
}

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A file with a profile, and the copy the tenant reads.
pub struct Source {
    file: PathBuf,
    copy: PathBuf,
    profile: Profile,
}

impl Source {
    /// Reads the file and writes the copy.
    pub fn open(file: PathBuf, copy: PathBuf) -> Result<Self, SourceError> {
        let profile = take(&file, &copy)?;
        Ok(Self { file, copy, profile })
    }

    /// The profile as it was read first.
    pub fn profile(&self) -> Profile {
        self.profile.clone()
    }

    /// What the tenant reads.
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// Copies the file again whenever it changes; what is wrong with it is said and the copy stays.
    pub async fn follow(self, stop: CancellationToken) {
        let changed = |file: &Path| std::fs::metadata(file).and_then(|meta| meta.modified()).ok();
        let mut last = changed(&self.file);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let now = changed(&self.file);
            if now == last {
                continue;
            }
            last = now;
            if let Err(error) = take(&self.file, &self.copy) {
                telemetry::say(&format!("the old profile goes on: {}", telemetry::chain(&error)));
            }
        }
    }
}

fn take(file: &Path, copy: &Path) -> Result<Profile, SourceError> {
    let text = match std::fs::read_to_string(file) {
        Err(error) => starter_named(file).ok_or_else(|| SourceError::Read(file.to_owned(), error))?,
        Ok(text) => text,
    };
    let text = profile_in(&text).map_err(|why| SourceError::Syntax(file.to_owned(), why))?.unwrap_or(text);
    let read =
        Profile::read(&text, Mode::Strict).map_err(|error| SourceError::Profile(file.to_owned(), error))?;
    std::fs::write(copy, text).map_err(|error| SourceError::Write(copy.to_owned(), error))?;
    Ok(read.profile)
}

/// The starter that `clinic/de` names: a type of business, and a language.
fn starter_named(name: &Path) -> Option<String> {
    let (kind, language) = name.to_str()?.split_once('/')?;
    let kind: BusinessType = serde_json::from_value(kind.into()).ok()?;
    let language = Language::ALL.into_iter().find(|one| one.tag() == language)?;
    serde_json::to_string(&starter(kind, language).ok()?).ok()
}

/// The text of `spec.profile`, where the file is a Kubernetes object.
fn profile_in(text: &str) -> Result<Option<String>, String> {
    let value: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    Ok(value.pointer("/spec/profile").map(Value::to_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starter_is_taken_by_its_type_and_language_where_no_file_has_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("profile.json");
        let clinic = take(Path::new("clinic/de"), &copy).unwrap();
        assert_eq!(clinic, starter(BusinessType::Clinic, Language::German).unwrap());
        assert_eq!(
            Profile::read(&std::fs::read_to_string(&copy).unwrap(), Mode::Strict).unwrap().profile,
            clinic
        );
        for unknown in ["clinic/fr", "bakery/de", "clinic"] {
            assert!(matches!(take(Path::new(unknown), &copy), Err(SourceError::Read(..))), "{unknown}");
        }
    }

    #[test]
    fn the_profile_of_a_client_is_found() {
        let text = "kind: McpClient\nspec: {profile: {schemaVersion: 1}}\n";
        assert_eq!(profile_in(text).unwrap().as_deref(), Some(r#"{"schemaVersion":1}"#));
        assert_eq!(profile_in("schemaVersion: 1").unwrap(), None);
        assert!(profile_in("a: [").is_err());
    }
}
