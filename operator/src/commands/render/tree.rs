//! The tree `render --out` writes: a folder per environment, each with a kustomization that lists its files in the order
//! of delivery, and one over all of them. `kubectl apply -k` takes it, and so does Argo CD, as a kustomization or as a
//! plain directory.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::manifests::{ManifestsError, Rendered, yaml};

/// The beginning of every file's first line. A file that begins otherwise is somebody else's.
const MARK: &str = "# Rendered by mcp-operator";
/// A kustomization is no object of a cluster; this word keeps Argo CD from applying it in a plain directory.
const NOT_AN_OBJECT: &str = "# +argocd:skip-file-rendering";
/// What keeps Argo CD from deleting data because a file went away.
const KEEP: (&str, &str) = ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false");
/// The file that makes a folder a kustomization.
const KUSTOMIZATION: &str = "kustomization.yaml";

/// Why the tree was not written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file stands in the way.
    #[error("{} was not rendered by mcp-operator, and nothing was written: move it away or choose another folder", .0.display())]
    Foreign(PathBuf),
    /// Reading or writing failed.
    #[error("write {}: {source}", .path.display())]
    Failed {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It could not be written as text.
    #[error(transparent)]
    Encode(#[from] ManifestsError),
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Files that are new or changed.
    pub written: usize,
    /// Files that stood as they are.
    pub unchanged: usize,
    /// Files of ours that are no longer asked for.
    pub removed: usize,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written, {} unchanged, {} removed", self.written, self.unchanged, self.removed)
    }
}

/// The files of the tree by their path in it.
pub fn files(rendered: &[Rendered]) -> Result<BTreeMap<PathBuf, String>, TreeError> {
    let mut files = BTreeMap::new();
    let mut folders: Vec<&str> = Vec::new();
    for environment in rendered {
        let folder = Path::new(&environment.namespace);
        let mut names = Vec::new();
        for (index, manifest) in environment.manifests.iter().enumerate() {
            let name = format!("{:02}-{}.yaml", index + 1, manifest.kind.to_lowercase());
            let head =
                format!("{MARK} from the McpClient {}: change that and render again.", environment.owner);
            let text = format!("{head}\n{}", yaml(&kept(&manifest.kind, manifest.value.clone()))?);
            files.insert(folder.join(&name), text);
            names.push(name);
        }
        files.insert(folder.join(KUSTOMIZATION), kustomization(&names)?);
        folders.push(&environment.namespace);
    }
    folders.sort_unstable();
    files.insert(PathBuf::from(KUSTOMIZATION), kustomization(&folders)?);
    Ok(files)
}

fn kustomization(resources: &[impl AsRef<str>]) -> Result<String, TreeError> {
    let resources: Vec<&str> = resources.iter().map(AsRef::as_ref).collect();
    let object = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
        // In the order of the list, which is the order of delivery.
        "sortOptions": {"order": "fifo"},
    });
    Ok(format!("{MARK}.\n{NOT_AN_OBJECT}\n{}", yaml(&object)?))
}

fn kept(kind: &str, mut manifest: Value) -> Value {
    if matches!(kind, "Namespace" | "PersistentVolumeClaim") {
        manifest["metadata"]["annotations"][KEEP.0] = KEEP.1.into();
    }
    manifest
}

/// Makes a folder hold these files, and removes those of ours that are not among them. Nothing is touched when a file
/// of somebody else's stands in the way.
pub fn write(folder: &Path, files: &BTreeMap<PathBuf, String>) -> Result<Done, TreeError> {
    let mut done = Done::default();
    let mut changed = Vec::new();
    for (path, text) in files {
        let path = folder.join(path);
        match read(&path)? {
            Some(old) if old == *text => done.unchanged += 1,
            Some(old) if !old.starts_with(MARK) => return Err(TreeError::Foreign(path)),
            _ => changed.push((path, text)),
        }
    }
    for (path, text) in changed {
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)).map_err(failed(&path))?;
        done.written += 1;
    }
    for path in ours(folder)? {
        if path.strip_prefix(folder).is_ok_and(|inside| !files.contains_key(inside)) {
            fs::remove_file(&path).map_err(failed(&path))?;
            done.removed += 1;
            if let Some(parent) = path.parent().filter(|parent| *parent != folder) {
                // Stays where something of somebody else's is in it.
                let _ = fs::remove_dir(parent);
            }
        }
    }
    Ok(done)
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TreeError {
    move |source| TreeError::Failed { path: path.to_owned(), source }
}

/// The text of a file, or none where there is none. What is no text is not ours.
fn read(path: &Path) -> Result<Option<String>, TreeError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

/// Files of ours in the folder and one level below; links are not followed.
fn ours(folder: &Path) -> Result<Vec<PathBuf>, TreeError> {
    let mut found = Vec::new();
    let list = |folder: &Path| -> Result<Vec<(PathBuf, fs::FileType)>, TreeError> {
        let entries = fs::read_dir(folder).map_err(failed(folder))?;
        let entries = entries.map(|entry| {
            let entry = entry?;
            Ok((entry.path(), entry.file_type()?))
        });
        entries.collect::<Result<_, io::Error>>().map_err(failed(folder))
    };
    for (path, kind) in list(folder)? {
        if kind.is_dir() {
            found.extend(list(&path)?.into_iter().filter(|(_, kind)| kind.is_file()).map(|(path, _)| path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    let mut ours = Vec::new();
    for path in found {
        if path.extension().is_some_and(|extension| extension == "yaml")
            && read(&path)?.is_some_and(|text| text.starts_with(MARK))
        {
            ours.push(path);
        }
    }
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::render::manifests::render,
        render::{
            Platform,
            tests::{NOW, barbershop, settings},
        },
    };

    fn tree(names: &[&str]) -> BTreeMap<PathBuf, String> {
        let clients: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                let mut client = barbershop();
                client.metadata.name = Some((*name).to_owned());
                client.spec.environments[0].whatsapp.phone_number_id = format!("5700000{index}");
                client
            })
            .collect();
        let platform = Platform { settings: settings(), extra_ca: None };
        files(&render(&clients, &[], &[], &platform, false, NOW).unwrap()).unwrap()
    }

    #[test]
    fn twice_in_a_row_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(folder.path(), &tree(&["ze", "ana"])).unwrap();
        assert!(first.written > 10 && first.unchanged == 0, "{first}");
        let second = write(folder.path(), &tree(&["ze", "ana"])).unwrap();
        assert_eq!((second.written, second.unchanged, second.removed), (0, first.written, 0));
    }

    #[test]
    fn what_is_no_longer_asked_for_goes_and_what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &tree(&["ze", "ana", "rui"])).unwrap();
        fs::write(folder.path().join("ana-production/own.yaml"), "kind: ConfigMap\n").unwrap();
        fs::write(folder.path().join("README.md"), "# Rendered by mcp-operator, says somebody\n").unwrap();
        let done = write(folder.path(), &tree(&["ze"])).unwrap();
        assert!(done.removed > 10, "{done}");
        assert!(!folder.path().join("rui-production").exists());
        assert!(folder.path().join("ana-production/own.yaml").exists());
        assert!(!folder.path().join("ana-production/01-namespace.yaml").exists());
        assert!(folder.path().join("README.md").exists());
    }

    #[test]
    fn a_file_of_somebody_elses_in_the_way_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(KUSTOMIZATION), "resources: []\n").unwrap();
        let error = write(folder.path(), &tree(&["ze"])).unwrap_err().to_string();
        assert!(error.contains("was not rendered by mcp-operator"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_holds_data_is_never_pruned() {
        let tree = tree(&["ze"]);
        for (path, text) in &tree {
            let name = path.display().to_string();
            let holds_data = name.contains("namespace") || name.contains("persistentvolumeclaim");
            assert_eq!(text.contains("Prune=false,Delete=false"), holds_data, "{name}");
        }
    }
}
