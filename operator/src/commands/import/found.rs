//! One client of the older platform, and what becomes of its settings.

use std::{collections::BTreeMap, path::Path};

use mcp_crds::EnvironmentName;
use mcp_tenant::{profile::BusinessType, starter::starter};

use super::{
    Choices, ImportError,
    dotenv::Variables,
    fate::{Fate, Ledger},
};
use crate::{
    commands::{
        draft::{Draft, DraftEnvironment, private_key},
        new::words::{kind_in_words, random_word},
    },
    manifests::Confidential,
    names::ClientKey,
};

/// What was found of one client.
#[derive(Debug)]
pub struct Found {
    /// The file, for messages.
    pub source: String,
    /// Its name there.
    pub name: Option<String>,
    /// The business's name.
    pub business_name: Option<String>,
    /// The type of business, in the older platform's words.
    pub business_type: Option<String>,
    /// Where it ran.
    pub environments: Vec<EnvironmentName>,
    /// Its variables.
    pub variables: Variables,
    /// What was noted so far.
    pub ledger: Ledger,
}

/// Where most of the work is done, first: it gets the number.
const BY_WEIGHT: [EnvironmentName; 3] =
    [EnvironmentName::Production, EnvironmentName::Staging, EnvironmentName::Development];
/// The words everybody could read in the older platform's sources begin like this.
const PUBLIC_VERIFY_TOKEN: &str = "mcp_webhook_verify_token";

impl Found {
    /// What a .env file alone tells.
    pub fn from_env(variables: Variables, file: &Path) -> Self {
        let value = |name: &str| {
            let found = variables.0.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.0.clone()).filter(|value| !value.is_empty())
        };
        let environment = value("ENVIRONMENT").and_then(|name| EnvironmentName::from_name(&name));
        Self {
            source: file.display().to_string(),
            name: value("CLIENT_NAME"),
            business_name: None,
            business_type: None,
            environments: vec![environment.unwrap_or(EnvironmentName::Production)],
            variables,
            ledger: Ledger::default(),
        }
    }

    /// The client as it will be, with what became of every setting.
    pub fn draft(self, choices: &Choices) -> Result<(Draft, Ledger), ImportError> {
        let Self { source, name, business_name, business_type, environments, variables, mut ledger } = self;
        let name = choices.name.clone().or(name).ok_or(ImportError::NoName(source))?;
        ClientKey::new(&choices.agency, &name)?;
        let taken = take(variables, &mut ledger);
        let kind = business_type.as_deref().map(|written| (written, kind_in_words(written)));
        let kind = match kind {
            Some((written, Some(kind))) => {
                ledger.note(
                    "business_type",
                    Fate::Mapped,
                    format!("`{written}`: spec.profile.business.type"),
                );
                kind
            }
            Some((written, None)) => {
                let why = format!("`{written}` is no type here: `other`, unless --type says another");
                ledger.note("business_type", Fate::Mapped, why);
                choices.kind.unwrap_or(BusinessType::Other)
            }
            None => choices.kind.unwrap_or(BusinessType::Other),
        };
        let mut profile = starter(kind, choices.language)?;
        if let Some(business_name) = &business_name {
            ledger.note("business_name", Fate::Mapped, "spec.displayName and spec.profile.business.name");
            profile.business.name.clone_from(business_name);
        }
        let display_name = business_name.unwrap_or_else(|| profile.business.name.clone());
        let environments = numbered(&name, &environments, &taken, choices, &mut ledger)?;
        let credentials = Confidential(taken.credentials);
        let agency = choices.agency.clone();
        Ok((Draft { agency, name, display_name, environments, profile, credentials }, ledger))
    }
}

/// What a file of variables gives.
#[derive(Default)]
struct Taken {
    credentials: BTreeMap<String, String>,
    number: Option<String>,
    calendar: Option<String>,
}

/// Notes what becomes of each variable, and takes what is kept. As `docs/decisions/0024` says it.
fn take(variables: Variables, ledger: &mut Ledger) -> Taken {
    let mut taken = Taken::default();
    for (name, Confidential(value)) in variables.0 {
        let value = value.trim().to_owned();
        if value.is_empty() {
            ledger.note(name, Fate::Refused, "it is empty");
            continue;
        }
        let (fate, why) = match name.as_str() {
            "CLIENT_NAME" => (Fate::Mapped, "metadata.name".to_owned()),
            "ENVIRONMENT" => (Fate::Mapped, "spec.environments".to_owned()),
            "WHATSAPP_PHONE_NUMBER_ID" => {
                taken.number = Some(value);
                (Fate::Mapped, "spec.environments[].whatsapp.phoneNumberId".to_owned())
            }
            "GOOGLE_CALENDAR_ID" => {
                taken.calendar = Some(value);
                (Fate::Mapped, "spec.environments[].calendar.google.calendarId".to_owned())
            }
            "WHATSAPP_WEBHOOK_VERIFY_TOKEN" if value.starts_with(PUBLIC_VERIFY_TOKEN) => {
                taken.credentials.insert(name.clone(), random_word());
                let why = "it is the public default; a new one is in the Secret: enter it at Meta";
                (Fate::Refused, why.to_owned())
            }
            "GOOGLE_PRIVATE_KEY" => match private_key(&value) {
                Ok(key) => {
                    taken.credentials.insert(name.clone(), key);
                    (Fate::Kept, "in the Secret, with real line ends".to_owned())
                }
                Err(fault) => (Fate::Refused, fault.to_owned()),
            },
            "WHATSAPP_API_TOKEN"
            | "WHATSAPP_APP_SECRET"
            | "WHATSAPP_WEBHOOK_VERIFY_TOKEN"
            | "GEMINI_API_KEY"
            | "GOOGLE_CLIENT_EMAIL"
            | "GOOGLE_PROJECT_ID" => {
                taken.credentials.insert(name.clone(), value);
                (Fate::Kept, "in the Secret".to_owned())
            }
            other => refusal(other),
        };
        ledger.note(name, fate, why);
    }
    taken
}

/// What is not taken over, with what is there instead.
fn refusal(name: &str) -> (Fate, String) {
    let (fate, why) = match name {
        "DATABASE_HOST" | "DATABASE_PORT" | "DATABASE_NAME" | "DATABASE_USER" | "DATABASE_PASSWORD" => {
            (Fate::Refused, "each tenant has a database of its own; old rows are not moved")
        }
        "GOOGLE_CALENDAR_API_KEY" => {
            (Fate::Refused, "a key cannot write into a calendar: a service account does")
        }
        "REDIS_HOST" | "REDIS_PORT" => (Fate::Refused, "nothing is kept outside of the database"),
        "SECRET_KEY" | "ALGORITHM" => (Fate::Mapped, "the operator makes the key that signs tokens"),
        "ACCESS_TOKEN_EXPIRE_MINUTES" => (Fate::Mapped, "`mcp-server token --ttl`"),
        _ => (Fate::Refused, "not known here"),
    };
    (fate, why.to_owned())
}

/// The environments that have a number. There was one number for all of them, and it can serve one.
fn numbered(
    name: &str,
    environments: &[EnvironmentName],
    taken: &Taken,
    choices: &Choices,
    ledger: &mut Ledger,
) -> Result<Vec<DraftEnvironment>, ImportError> {
    let first = BY_WEIGHT.into_iter().find(|environment| environments.contains(environment));
    let mut drafts = Vec::new();
    for environment in BY_WEIGHT {
        let asked = environments.contains(&environment);
        let given = choices.numbers.get(&environment);
        if !asked && given.is_none() {
            continue;
        }
        let setting = format!("environments.{environment}");
        let old = taken.number.clone().filter(|_| Some(environment) == first);
        match given.cloned().or(old) {
            Some(phone_number_id) => {
                ledger.note(setting, Fate::Kept, format!("spec.environments, with the number {phone_number_id}"));
                drafts.push(DraftEnvironment {
                    name: environment,
                    phone_number_id,
                    google_calendar: taken.calendar.clone(),
                });
            }
            None => ledger.note(
                setting,
                Fate::Refused,
                format!("it has no number of its own, and one number cannot serve two: give --number {environment}=ID"),
            ),
        }
    }
    if drafts.is_empty() { Err(ImportError::NoNumber(name.to_owned())) } else { Ok(drafts) }
}

#[cfg(test)]
mod tests {
    use mcp_tenant::starter::Language;

    use super::*;
    use crate::{commands::import::dotenv, render::tests::NOW};

    const KEY: &str = r"-----BEGIN PRIVATE KEY-----\nTUlJ\n-----END PRIVATE KEY-----\n";

    fn choices() -> Choices {
        Choices {
            agency: "agency".to_owned(),
            name: None,
            kind: None,
            language: Language::Portuguese,
            numbers: BTreeMap::new(),
        }
    }

    fn whole_file() -> String {
        format!(
            "CLIENT_NAME=ze\nENVIRONMENT=production\nDATABASE_HOST=db\nGOOGLE_CALENDAR_ID=agenda@example.com\n\
             GOOGLE_PROJECT_ID=p\nGOOGLE_CLIENT_EMAIL=robot@example.com\nGOOGLE_PRIVATE_KEY=\"{KEY}\"\n\
             GOOGLE_CALENDAR_API_KEY=x\nGEMINI_API_KEY=g\nWHATSAPP_API_TOKEN=t\nWHATSAPP_PHONE_NUMBER_ID=106540352242922\n\
             WHATSAPP_WEBHOOK_VERIFY_TOKEN=mcp_webhook_verify_token_ze123  # change this\nREDIS_HOST=r\nSECRET_KEY=s\n\
             ALGORITHM=HS256\nACCESS_TOKEN_EXPIRE_MINUTES=30\nPORT=8000\n"
        )
    }

    fn draft(text: &str, choices: &Choices) -> (Draft, Ledger) {
        Found::from_env(dotenv::parse(text).unwrap(), Path::new(".env")).draft(choices).unwrap()
    }

    #[test]
    fn a_whole_file_becomes_a_client_that_would_be_accepted_and_every_line_is_told_of() {
        let (draft, ledger) = draft(&whole_file(), &choices());
        for line in whole_file().lines() {
            let name = line.split('=').next().unwrap();
            assert!(ledger.of(name).is_some(), "{name} is not told of");
        }
        assert_eq!(ledger.of("GEMINI_API_KEY"), Some(Fate::Kept));
        assert_eq!(ledger.of("WHATSAPP_PHONE_NUMBER_ID"), Some(Fate::Mapped));
        assert_eq!(ledger.of("PORT"), Some(Fate::Refused));
        assert_eq!(draft.missing(), ["WHATSAPP_APP_SECRET"]);
        let [client, secret] = draft.files(Path::new("."), NOW).unwrap();
        assert!(client.text.contains("calendarId: agenda@example.com"), "{}", client.text);
        assert!(secret.text.starts_with("# Secrets: never commit"), "{}", secret.text);
        let read: serde_json::Value = serde_yaml::from_str(&secret.text).unwrap();
        assert_eq!(read["stringData"]["GOOGLE_PRIVATE_KEY"], KEY.replace("\\n", "\n"));
        assert!(!ledger.to_string().contains("TUlJ"));
    }

    #[test]
    fn the_public_verify_token_is_replaced() {
        let (draft, ledger) = draft(&whole_file(), &choices());
        let token = &draft.credentials.0["WHATSAPP_WEBHOOK_VERIFY_TOKEN"];
        assert!(token.len() >= 24 && !token.contains("mcp_webhook"), "{token}");
        assert_eq!(ledger.of("WHATSAPP_WEBHOOK_VERIFY_TOKEN"), Some(Fate::Refused));
    }

    #[test]
    fn one_number_serves_the_weightiest_environment_and_others_need_their_own() {
        let found = |choices: &Choices| {
            let mut found = Found::from_env(dotenv::parse(&whole_file()).unwrap(), Path::new(".env"));
            found.environments = EnvironmentName::ALL.into();
            let (draft, ledger) = found.draft(choices).unwrap();
            (draft.environments.iter().map(|one| one.name).collect::<Vec<_>>(), ledger)
        };
        let (names, ledger) = found(&choices());
        assert_eq!(names, [EnvironmentName::Production]);
        assert_eq!(ledger.of("environments.staging"), Some(Fate::Refused));
        let numbers = BTreeMap::from([(EnvironmentName::Staging, "10654035224".to_owned())]);
        let (names, _) = found(&Choices { numbers, ..choices() });
        assert_eq!(names, [EnvironmentName::Production, EnvironmentName::Staging]);
    }
}
