//! The profile's file: read at start, watched, and reloaded in place; the last good one is kept.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use jiff::Timestamp;
use mcp_tenant::{
    Profile,
    profile::{Mode, ReadError},
    validate,
};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock::SharedClock;

/// A profile that was read and found sound.
#[derive(Debug)]
pub struct Loaded {
    /// The business.
    pub profile: Profile,
    /// SHA-256 of the file, the first 16 hex digits.
    pub hash: String,
    /// Paths of fields that this version of the server does not know and goes without.
    pub ignored: Vec<String>,
    /// What the owner should know of the profile, as of when it was read.
    pub warnings: Vec<validate::Finding>,
}

/// Follows the present profile.
pub type ProfileWatch = watch::Receiver<Arc<Loaded>>;

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("read the profile {path}")]
    Read {
        /// `PROFILE_PATH`.
        path: String,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// Not a profile.
    #[error(transparent)]
    Malformed(#[from] ReadError),
    /// A profile with mistakes.
    #[error("the profile has mistakes: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<validate::Finding>),
}

/// What `/status` says of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileState {
    /// Why the present file is not the one in use.
    pub refused: Option<String>,
}

/// Reads and checks a profile. `now` decides only what is warned of.
pub fn read(text: &str, now: Timestamp) -> Result<Loaded, ProfileError> {
    let read = Profile::read(text, Mode::Lenient)?;
    let findings = read.locate(validate::validate(&read.profile, now));
    let (errors, warnings): (Vec<_>, Vec<_>) = findings.into_iter().partition(validate::Finding::is_error);
    if !errors.is_empty() {
        return Err(ProfileError::Invalid(errors));
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let hash = hex::encode(&digest.as_ref()[..8]);
    Ok(Loaded { profile: read.profile, hash, ignored: read.ignored, warnings })
}

async fn text_of(path: &PathBuf) -> Result<String, ProfileError> {
    let text = tokio::fs::read_to_string(path).await;
    text.map_err(|source| ProfileError::Read { path: path.display().to_string(), source: readable(source) })
}

/// Why a file is no text, for whoever saved it: editors and spreadsheets have other encodings than UTF-8.
pub(crate) fn readable(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::InvalidData => io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not text in UTF-8: save it as plain text in UTF-8",
        ),
        _ => error,
    }
}

/// Says in the log what a profile's owner should know.
fn log(loaded: &Loaded) {
    if !loaded.ignored.is_empty() {
        tracing::warn!(fields = ?loaded.ignored, "the profile has fields that this version of the server ignores");
    }
    for warning in &loaded.warnings {
        tracing::warn!(code = warning.code.as_str(), "the profile: {warning}");
    }
}

/// The profile's file and its watcher. Looked at every two seconds, which is cheaper and surer than following the
/// symbolic links by which a mounted ConfigMap changes.
pub async fn watch(
    path: PathBuf,
    clock: SharedClock,
    stop: CancellationToken,
) -> Result<(ProfileWatch, watch::Receiver<FileState>, impl Future<Output = ()>), ProfileError> {
    let mut used = text_of(&path).await?;
    let first = read(&used, clock.now())?;
    log(&first);
    let (profiles, follow) = watch::channel(Arc::new(first));
    let (states, state) = watch::channel(FileState::default());
    let task = async move {
        let mut broken: Option<String> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
            let loaded = match text_of(&path).await {
                // Nearly always: what was understood once is not read again.
                Ok(text) if text == used => {
                    broken = None;
                    states.send_if_modified(|state| state.refused.take().is_some());
                    continue;
                }
                Ok(text) if broken.as_ref() == Some(&text) => continue,
                Ok(text) => match read(&text, clock.now()) {
                    Ok(loaded) => {
                        (used, broken) = (text, None);
                        Ok(loaded)
                    }
                    Err(error) => {
                        broken = Some(text);
                        Err(error)
                    }
                },
                Err(error) => {
                    broken = None;
                    Err(error)
                }
            };
            match loaded {
                Ok(loaded) => {
                    tracing::info!(profile.hash = loaded.hash, "profile reloaded");
                    log(&loaded);
                    profiles.send_replace(Arc::new(loaded));
                    states.send_replace(FileState::default());
                }
                Err(error) => {
                    let refused = Some(error.to_string());
                    let news = states.send_if_modified(|state| {
                        let new = state.refused != refused;
                        state.refused.clone_from(&refused);
                        new
                    });
                    if news {
                        tracing::warn!(%error, "the profile's new file is refused; the last good one stays in use");
                    }
                }
            }
        }
    };
    Ok((follow, state, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../tenant/src/testdata/barbershop.yaml");

    /// 2026-11-16, before the closure of the example.
    const NOW: Timestamp = Timestamp::constant(1_794_830_400, 0);

    struct At;

    impl crate::clock::Clock for At {
        fn now(&self) -> Timestamp {
            NOW
        }
    }

    #[test]
    fn what_a_newer_profile_has_and_this_server_does_not_know_is_listed_and_left_aside() {
        let newer = GOOD.replace("price: \"80.00\"", "price: \"80.00\"\n    deposit: \"20.00\"");
        let loaded = read(&newer, NOW).unwrap();
        assert_eq!(loaded.ignored, ["services[0].deposit"]);
        assert_eq!(loaded.profile, read(GOOD, NOW).unwrap().profile);
    }

    #[test]
    fn a_closure_that_is_over_is_a_warning_and_no_reason_to_stop_serving() {
        let year = jiff::SignedDuration::from_hours(365 * 24);
        let loaded = read(GOOD, NOW + year).unwrap();
        let codes: Vec<_> = loaded.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(codes, [validate::Code::InThePast]);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        let error = read(&GOOD.replace("bufferAfter: 15m", "bufferAfter: 15min"), NOW).unwrap_err();
        assert!(error.to_string().contains("services[0].bufferAfter (line 15, column 5)"), "{error}");
        let error = read(&GOOD.replace("staff: [ze, rui]", "staff: [ze, ruy]"), NOW).unwrap_err();
        assert!(error.to_string().contains("services[0].staff[1] (line 16, column 17)"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.yaml");
        std::fs::write(&path, GOOD).unwrap();
        let stop = CancellationToken::new();
        let (mut profile, mut state, task) = watch(path.clone(), Arc::new(At), stop.clone()).await.unwrap();
        let task = tokio::spawn(task);

        std::fs::write(&path, GOOD.replace("80.00", "95.00")).unwrap();
        profile.changed().await.unwrap();
        assert_eq!(profile.borrow().profile.services[0].price.to_string(), "95.00");

        std::fs::write(&path, "services: [").unwrap();
        state.wait_for(|state| state.refused.is_some()).await.unwrap();
        assert_eq!(profile.borrow_and_update().profile.services[0].price.to_string(), "95.00");

        std::fs::write(&path, GOOD.replace("America/Sao_Paulo", "Mars/Base")).unwrap();
        state
            .wait_for(|state| state.refused.as_ref().is_some_and(|why| why.contains("Mars/Base")))
            .await
            .unwrap();

        stop.cancel();
        task.await.unwrap();
    }
}
