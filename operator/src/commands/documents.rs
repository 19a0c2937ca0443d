//! Reading files of Kubernetes objects.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// One object of a file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The file it stands in.
    pub file: PathBuf,
    /// The object.
    pub value: Value,
}

impl Document {
    /// Its kind; empty where it has none.
    pub fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    /// Its name; empty where it has none.
    pub fn name(&self) -> &str {
        self.value["metadata"]["name"].as_str().unwrap_or_default()
    }

    /// Its namespace, where it says one.
    pub fn namespace(&self) -> Option<&str> {
        self.value["metadata"]["namespace"].as_str()
    }
}

/// Why files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none, or it may not be read.
    #[error("read {path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is neither YAML nor JSON, or names a field twice.
    #[error("read {path}: {message}")]
    Syntax {
        /// Which.
        path: String,
        /// Where and why.
        message: String,
    },
}

/// Every object in these files, in their order. A folder stands for the YAML files in it and below it, by name; `-` for
/// the standard input.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Document>, ReadError> {
    let mut files = Vec::new();
    for path in paths {
        collect(path, &mut files)?;
    }
    let mut documents = Vec::new();
    for file in files {
        let text = text_of(&file)?;
        documents.extend(objects(&file, &text)?);
    }
    Ok(documents)
}

/// The text of a file, or of the standard input where its name is `-`.
pub fn text_of(path: &Path) -> Result<String, ReadError> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|source| ReadError::File { path: path.display().to_string(), source })?;
    Ok(text)
}

/// How YAML is read: an error names the place, and shows no lines around it, for one of them may be a secret.
pub fn discreet() -> serde_yaml::Options {
    serde_yaml::options! { with_snippet: false }
}

/// The objects of one text.
pub fn objects(file: &Path, text: &str) -> Result<Vec<Document>, ReadError> {
    let values: Vec<Value> = serde_yaml::from_multiple_with_options(text, discreet()).map_err(|error| {
        ReadError::Syntax { path: file.display().to_string(), message: error.to_string() }
    })?;
    Ok(values
        .into_iter()
        .filter(|value| !value.is_null())
        .map(|value| Document { file: file.to_owned(), value })
        .collect())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), ReadError> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let failed = |source| ReadError::File { path: path.display().to_string(), source };
    let entries = std::fs::read_dir(path).map_err(failed)?;
    let mut inside = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    inside.sort();
    for entry in inside {
        let yaml = entry.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if entry.is_dir() || yaml {
            collect(&entry, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stands_for_its_yaml_files_by_name_and_a_file_may_hold_several_objects() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("b/two.yml"), "kind: C\n").unwrap();
        std::fs::write(folder.path().join("a.yaml"), "kind: A\n---\n---\nkind: B\n").unwrap();
        std::fs::write(folder.path().join("read.me"), "kind: [").unwrap();
        let found = read(&[folder.path().to_owned()]).unwrap();
        assert_eq!(found.iter().map(Document::kind).collect::<Vec<_>>(), ["A", "B", "C"]);
    }

    #[test]
    fn a_field_that_stands_twice_is_refused_with_the_files_name() {
        let error = objects(Path::new("x.yaml"), "a: 1\na: 2\n").unwrap_err().to_string();
        assert!(error.starts_with("read x.yaml: "), "{error}");
    }

    #[test]
    fn an_error_shows_nothing_of_the_lines_around_it() {
        let text = "kind: Secret\nstringData:\n  A: canary-one\n  B: canary-two\n  A: canary-three\n";
        let error = objects(Path::new("x.yaml"), text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
