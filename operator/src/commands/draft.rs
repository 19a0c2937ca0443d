//! A client that is about to be written as files: what `new` asked for and what `import` found.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use mcp_crds::EnvironmentName;
use mcp_tenant::Profile;
use serde::Serialize;

use crate::{
    commands::{
        check::{self, Faults},
        files::{NewFile, Readers},
    },
    labels,
    manifests::Confidential,
};

/// A client with its credentials.
#[derive(Debug)]
pub struct Draft {
    /// The agency's namespace.
    pub agency: String,
    /// The client's name.
    pub name: String,
    /// Name of the business.
    pub display_name: String,
    /// Where it runs.
    pub environments: Vec<DraftEnvironment>,
    /// The business as data.
    pub profile: Profile,
    /// What goes into the Secret, by variable.
    pub credentials: Confidential<BTreeMap<String, String>>,
}

/// Where a client runs.
#[derive(Clone, Debug)]
pub struct DraftEnvironment {
    /// Which environment.
    pub name: EnvironmentName,
    /// Meta's id of its number.
    pub phone_number_id: String,
    /// Its calendar at Google, if there is one.
    pub google_calendar: Option<String>,
}

/// Why no files came of it.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// The client would be refused.
    #[error("the McpClient `{name}` would be refused:\n{faults}")]
    Refused {
        /// Its name.
        name: String,
        /// Why.
        faults: Faults,
    },
    /// It could not be written as text.
    #[error("write the files of a client: {0}")]
    Encode(String),
}

/// What every client needs to be served; the two of Google with a calendar there.
pub const NEEDED: [&str; 4] =
    ["WHATSAPP_API_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_WEBHOOK_VERIFY_TOKEN", "GEMINI_API_KEY"];
/// What a client with a calendar at Google needs besides.
pub const NEEDED_WITH_GOOGLE: [&str; 2] = ["GOOGLE_CLIENT_EMAIL", "GOOGLE_PRIVATE_KEY"];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClientFile<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: String,
    namespace: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec<'a> {
    display_name: &'a str,
    credentials_secret_ref: Reference,
    environments: Vec<EnvironmentSpec<'a>>,
    profile: &'a Profile,
}

#[derive(Serialize)]
struct Reference {
    name: String,
}

#[derive(Serialize)]
struct EnvironmentSpec<'a> {
    name: &'static str,
    whatsapp: Whatsapp<'a>,
    calendar: Calendar<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whatsapp<'a> {
    phone_number_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Calendar<'a> {
    #[serde(rename_all = "camelCase")]
    Google {
        calendar_id: &'a str,
    },
    Builtin {},
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SecretFile<'a> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    string_data: &'a BTreeMap<String, String>,
}

impl Draft {
    /// Name of the Secret beside the client.
    pub fn secret_name(&self) -> String {
        format!("{}-credentials", self.name)
    }

    /// The keys that are still missing in the Secret.
    pub fn missing(&self) -> Vec<&'static str> {
        let google = self.environments.iter().any(|environment| environment.google_calendar.is_some());
        let needed = NEEDED.into_iter().chain(NEEDED_WITH_GOOGLE.into_iter().filter(|_| google));
        needed.filter(|key| self.credentials.0.get(*key).is_none_or(String::is_empty)).collect()
    }

    /// The two files, checked as the API server and the tenant would.
    pub fn files(&self, folder: &Path, now: Timestamp) -> Result<[NewFile; 2], DraftError> {
        let client = self.client_yaml()?;
        let object = serde_yaml::from_str(&client).map_err(|error| DraftError::Encode(error.to_string()))?;
        check::client(&object, None, now)
            .map_err(|faults| DraftError::Refused { name: self.name.clone(), faults })?;
        let file = |name: String, text, readers| NewFile { path: folder.join(name), text, readers };
        Ok([
            file(format!("{}.yaml", self.name), client, Readers::Any),
            file(format!("{}.yaml", self.secret_name()), self.secret_yaml()?, Readers::Owner),
        ])
    }

    fn client_yaml(&self) -> Result<String, DraftError> {
        let environments = self.environments.iter().map(|environment| EnvironmentSpec {
            name: environment.name.as_str(),
            whatsapp: Whatsapp { phone_number_id: &environment.phone_number_id },
            calendar: match &environment.google_calendar {
                Some(calendar_id) => Calendar::Google { calendar_id },
                None => Calendar::Builtin {},
            },
        });
        encode(
            "",
            &ClientFile {
                api_version: "mcp-platform.dev/v1alpha1",
                kind: "McpClient",
                metadata: Metadata {
                    name: self.name.clone(),
                    namespace: &self.agency,
                    labels: BTreeMap::new(),
                },
                spec: Spec {
                    display_name: &self.display_name,
                    credentials_secret_ref: Reference { name: self.secret_name() },
                    environments: environments.collect(),
                    profile: &self.profile,
                },
            },
        )
    }

    fn secret_yaml(&self) -> Result<String, DraftError> {
        // What is missing stands there empty, to be filled in: the operator names empty keys as missing.
        let mut data = self.credentials.0.clone();
        for key in self.missing() {
            data.entry(key.to_owned()).or_default();
        }
        encode(
            "# Secrets: never commit this file.\n",
            &SecretFile {
                api_version: "v1",
                kind: "Secret",
                metadata: Metadata {
                    name: self.secret_name(),
                    namespace: &self.agency,
                    labels: labels::map([(labels::CREDENTIALS, "true")]),
                },
                string_data: &data,
            },
        )
    }
}

fn encode(head: &str, object: &impl Serialize) -> Result<String, DraftError> {
    let text = serde_yaml::to_string(object).map_err(|error| DraftError::Encode(error.to_string()))?;
    Ok(format!("{head}{text}"))
}

/// A private key with real line ends, however it was written. Says what is wrong with one that is none.
pub fn private_key(text: &str) -> Result<String, &'static str> {
    let text = text.replace("\\r\\n", "\n").replace("\\n", "\n").replace('\r', "");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let framed = |line: Option<&&str>, word: &str| {
        line.is_some_and(|line| line.starts_with(word) && line.ends_with("PRIVATE KEY-----"))
    };
    if !framed(lines.first(), "-----BEGIN ") {
        return Err("a private key begins with -----BEGIN PRIVATE KEY-----");
    }
    if !framed(lines.last(), "-----END ") || lines.len() < 3 {
        return Err("the key has no end: it ends with -----END PRIVATE KEY-----");
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_come_with_either_line_ends() {
        let real = "-----BEGIN PRIVATE KEY-----\nTUlJ\nabc=\n-----END PRIVATE KEY-----\n";
        for written in [
            real.to_owned(),
            real.replace('\n', "\\n"),
            real.replace('\n', "\r\n"),
            format!("  {}  ", real.trim_end()),
        ] {
            assert_eq!(private_key(&written).unwrap(), real, "{written:?}");
        }
        assert!(private_key("AIza-not-a-key").unwrap_err().contains("begins with"));
        assert!(private_key("-----BEGIN PRIVATE KEY-----\\nTUlJ").unwrap_err().contains("no end"));
    }
}
