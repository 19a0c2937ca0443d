//! Of every type of business there is an example to apply, and those that begin with a starter have it to the letter.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{fs, path::PathBuf};

use mcp_tenant::{
    Profile,
    profile::{BusinessType, Mode},
    starter::{Language, starter},
};
use serde_json::Value;

/// Set to anything to write the files instead of comparing them.
const UPDATE: &str = "UPDATE_EXAMPLES";

/// A client made from a starter: its file and name, what it is, and where it is.
const MADE: [(&str, &str, BusinessType, Language); 5] = [
    ("clinic", "hausarztpraxis-lindenstrasse", BusinessType::Clinic, Language::German),
    ("salon", "salao-bela-vista", BusinessType::Salon, Language::Portuguese),
    ("spa", "spa-brisa", BusinessType::Spa, Language::Spanish),
    ("shop", "spoke-and-chain-bikes", BusinessType::Shop, Language::English),
    ("studio", "horizon-studio", BusinessType::Other, Language::English),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The file of an example, as this crate writes it.
fn file_of(n: usize, name: &str, kind: BusinessType, language: Language) -> String {
    let profile = starter(kind, language).unwrap();
    let yaml = serde_yaml::to_string(&profile).unwrap();
    let indented: String = yaml.lines().flat_map(|line| ["    ", line, "\n"]).collect();
    let (title, tag) = (&profile.business.name, language.tag());
    let kind = serde_json::to_value(kind).unwrap();
    let kind = kind.as_str().unwrap();
    format!(
        "# {title}: the starter profile of the type `{kind}` in `{tag}`. Copy it, and make it yours.
# Its credentials are a Secret like that of barbershop-credentials.example.yaml, under the name below.
apiVersion: mcp-platform.dev/v1alpha1
kind: McpClient
metadata:
  name: {name}
  namespace: agency
spec:
  displayName: {title}
  credentialsSecretRef: {{name: {name}-credentials}}
  environments:
    - name: production
      whatsapp: {{phoneNumberId: \"20000000000010{n}\"}}
      model: {{name: gemini-3.8-flash}}
      calendar: {{builtin: {{}}}}
      database: {{sqlite: {{size: 1Gi}}}}
  profile:
{indented}"
    )
}

#[test]
fn what_is_made_from_a_starter_is_the_starter() {
    for (n, (file, name, kind, language)) in MADE.into_iter().enumerate() {
        let path = folder().join(format!("{file}.yaml"));
        let made = file_of(n, name, kind, language);
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&path, &made).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(made == kept, "{file}.yaml is out of date: run `{UPDATE}=1 cargo test -p mcp-tenant`");
        let client: Value = serde_yaml::from_str(&kept).unwrap();
        let profile = Profile::read(&client["spec"]["profile"].to_string(), Mode::Strict).unwrap().profile;
        assert_eq!(profile, starter(kind, language).unwrap(), "{file}");
    }
}

#[test]
fn there_is_an_example_of_every_type_of_business_and_no_two_share_a_name_or_a_number() {
    let (mut kinds, mut own) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder()).unwrap() {
        let client: Value =
            serde_yaml::from_str(&fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        if client["kind"] != "McpClient" {
            continue;
        }
        kinds.push(client["spec"]["profile"]["business"]["type"].clone());
        own.push(client["metadata"]["name"].to_string());
        for environment in client["spec"]["environments"].as_array().unwrap() {
            own.push(environment["whatsapp"]["phoneNumberId"].to_string());
        }
    }
    for kind in BusinessType::ALL {
        assert!(kinds.contains(&serde_json::to_value(kind).unwrap()), "{kind:?}");
    }
    let count = own.len();
    own.sort();
    own.dedup();
    assert_eq!(own.len(), count, "{own:?}");
}
