//! The definition that is checked in is the one the types make.

use std::{fs, path::Path};

/// Set to anything to write the file instead of comparing it.
const UPDATE: &str = "UPDATE_GENERATED";

#[test]
fn the_checked_in_definition_is_what_the_types_make() {
    let made = mcp_crds::definition_yaml().unwrap();
    // The chart has a copy of its own, for a packaged chart holds only files of its folder.
    for file in ["generated/mcpclients.yaml", "../charts/mcp-platform/files/mcpclients.yaml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os(UPDATE).is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &made).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(made == kept, "{file} is out of date: run `{UPDATE}=1 cargo test -p mcp-crds`");
    }
}
