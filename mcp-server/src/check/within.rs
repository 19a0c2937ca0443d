//! Profiles inside an `McpClient`, without knowing Kubernetes.

use mcp_tenant::validate::{Code, Finding};
use serde_json::Value;

/// One profile of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it stands, `spec.profile`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether lines and columns of `text` are those of the file.
    pub placed: bool,
}

/// The profiles of an `McpClient`; `None` where the file is none (it is a profile then, or nothing).
pub(super) fn profiles(text: &str) -> Option<Result<Vec<Part>, Finding>> {
    let object: Value = serde_yaml::from_str(text).ok()?;
    if object["kind"] != "McpClient" {
        return None;
    }
    let mut parts = Vec::new();
    let mut add = |path: String, profile: &Value| {
        if !profile.is_null() {
            let found = block(text, profile);
            let placed = found.is_some();
            parts.push(Part { path, text: found.unwrap_or_else(|| profile.to_string()), placed });
        }
    };
    add("spec.profile".to_owned(), &object["spec"]["profile"]);
    for (index, environment) in object["spec"]["environments"].as_array().into_iter().flatten().enumerate() {
        add(format!("spec.environments[{index}].profile"), &environment["profile"]);
    }
    if parts.is_empty() {
        let message = "the client has no profile: add `profile` under `spec`";
        return Some(Err(Finding::new("spec", Code::MissingField, message)));
    }
    Some(Ok(parts))
}

/// The lines of the file that are this profile, all others empty, so that every line and column stays what it is.
/// `None` where it does not stand in lines of its own (flow style, an alias).
fn block(text: &str, profile: &Value) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let heads = lines.iter().enumerate().filter(|(_, line)| {
        let word = line.trim_start_matches([' ', '-']);
        let rest = word.strip_prefix("profile:").map(str::trim);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
    });
    for (head, line) in heads {
        let column = line.len() - line.trim_start_matches([' ', '-']).len();
        let inside = lines.iter().skip(head + 1).take_while(|line| {
            let blank = line.trim().is_empty() || line.trim_start().starts_with('#');
            blank || indent(line) > column
        });
        let body: Vec<&str> = inside.copied().collect();
        let found = format!("{}{}\n", "\n".repeat(head + 1), body.join("\n"));
        if serde_yaml::from_str::<Value>(&found).is_ok_and(|value| value == *profile) {
            return Some(found);
        }
    }
    None
}

/// A path inside a profile, as a path of the file.
pub(super) fn join(outer: &str, inner: &str) -> String {
    match inner {
        "" => outer.to_owned(),
        inner if inner.starts_with('[') => format!("{outer}{inner}"),
        inner => format!("{outer}.{inner}"),
    }
}
