//! The profile's file: read at start, watched, and reloaded in place; the last good one is kept.

use std::{path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use mcp_tenant::{Profile, validate};
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A profile that was read and found sound.
#[derive(Debug)]
pub struct Loaded {
    /// The business.
    pub profile: Profile,
    /// SHA-256 of the file, the first 16 hex digits.
    pub hash: String,
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
        source: std::io::Error,
    },
    /// Not a profile.
    #[error(transparent)]
    Malformed(#[from] mcp_tenant::profile::ReadError),
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

/// Reads and checks a profile.
pub fn read(text: &str) -> Result<Loaded, ProfileError> {
    let profile = Profile::from_yaml(text)?;
    let findings = validate::validate(&profile);
    if !findings.is_empty() {
        return Err(ProfileError::Invalid(findings));
    }
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let hash = hex::encode(&digest.as_ref()[..8]);
    Ok(Loaded { profile, hash })
}

async fn load(path: &PathBuf) -> Result<(String, Loaded), (Option<String>, ProfileError)> {
    let text = tokio::fs::read_to_string(path)
        .await
        .map_err(|source| (None, ProfileError::Read { path: path.display().to_string(), source }))?;
    match read(&text) {
        Ok(loaded) => Ok((text, loaded)),
        Err(error) => Err((Some(text), error)),
    }
}

/// The profile's file and its watcher. Looked at every two seconds, which is cheaper and surer than following the
/// symbolic links by which a mounted ConfigMap changes.
pub async fn watch(
    path: PathBuf,
    stop: CancellationToken,
) -> Result<(ProfileWatch, watch::Receiver<FileState>, impl Future<Output = ()>), ProfileError> {
    let (mut seen, first) = load(&path).await.map_err(|(_, error)| error)?;
    let (profiles, follow) = watch::channel(Arc::new(first));
    let (states, state) = watch::channel(FileState::default());
    let task = async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
            }
            match load(&path).await {
                Ok((text, _)) if text == seen => {
                    states.send_if_modified(|state| state.refused.take().is_some());
                }
                Ok((text, loaded)) => {
                    tracing::info!(profile.hash = loaded.hash, "profile reloaded");
                    seen = text;
                    profiles.send_replace(Arc::new(loaded));
                    states.send_replace(FileState::default());
                }
                Err((text, error)) => {
                    if text.as_ref() == Some(&seen) {
                        continue;
                    }
                    let refused = Some(error.to_string());
                    let news = states.send_if_modified(|state| {
                        let new = state.refused != refused;
                        state.refused.clone_from(&refused);
                        new
                    });
                    if news {
                        tracing::warn!(error = %error, "the profile's new file is refused; the last good one stays in use");
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

    #[tokio::test(start_paused = true)]
    async fn a_changed_file_is_taken_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.yaml");
        std::fs::write(&path, GOOD).unwrap();
        let stop = CancellationToken::new();
        let (mut profile, mut state, task) = watch(path.clone(), stop.clone()).await.unwrap();
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
