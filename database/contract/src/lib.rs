//! One suite that every database of a tenant passes.
//!
//! The cases are functions over a [`Bed`]: a fresh tenant in one kind of database, with its store, raw SQL beside the
//! store, and processes of their own for races and kills. [`suite!`] has the list of all cases and makes the same
//! tests of it for each database (`tests/sqlite.rs`, `tests/postgres.rs`), and one that compares the list with
//! the cases there are.
//!
//! What takes long is counted by [`scale`]: `CONTRACT_SCALE=10` makes the crash and race suites ten times longer.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "this crate is a test: what cannot go on fails"
)]

pub mod bed;
pub mod cases;
pub mod make;
pub mod processes;
pub mod random;
mod suite;

pub use bed::{Bed, Database, Place};

/// How much longer than usual the long suites run: `CONTRACT_SCALE`, 1 where it is not set.
pub fn scale() -> u32 {
    std::env::var("CONTRACT_SCALE").map_or(1, |text| text.parse().expect("CONTRACT_SCALE is a whole number"))
}

/// The cases there are, `group::name`, as the sources have them: what the list of [`suite!`] is compared with.
pub fn all_cases() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let group = file.file_stem().unwrap().to_str().unwrap();
        for line in std::fs::read_to_string(file).unwrap().lines() {
            if let Some((name, _)) = line.strip_prefix("pub async fn ").and_then(|rest| rest.split_once('('))
            {
                cases.push(format!("{group}::{name}"));
            }
        }
    }
    cases
}
