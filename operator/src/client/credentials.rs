//! Which keys a credentials Secret has, which are needed, and what is copied to the tenant. Knows no cluster.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use crate::{
    client::{
        outcome::{Reason, Verdict},
        validate::Tenant,
    },
    manifests::Confidential,
};

/// When a key is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Always.
    Always,
    /// With a calendar at Google.
    WithGoogle,
    /// Never; it is copied when it is there and there is a calendar at Google.
    OptionalWithGoogle,
    /// The spec says the same; the Secret's value is only compared.
    SpecWins,
}

/// Every key the platform knows.
const KEYS: &[(&str, Need)] = &[
    ("WHATSAPP_API_TOKEN", Need::Always),
    ("WHATSAPP_APP_SECRET", Need::Always),
    ("WHATSAPP_WEBHOOK_VERIFY_TOKEN", Need::Always),
    ("GEMINI_API_KEY", Need::Always),
    ("GOOGLE_CLIENT_EMAIL", Need::WithGoogle),
    ("GOOGLE_PRIVATE_KEY", Need::WithGoogle),
    ("GOOGLE_PROJECT_ID", Need::OptionalWithGoogle),
    ("WHATSAPP_PHONE_NUMBER_ID", Need::SpecWins),
    ("GOOGLE_CALENDAR_ID", Need::SpecWins),
    ("GEMINI_MODEL", Need::SpecWins),
];

/// Where a PostgreSQL is: `DATABASE_URL`, or the others, of which the port may be left out.
pub const DATABASE_KEYS: [&str; 6] =
    ["DATABASE_URL", "DATABASE_HOST", "DATABASE_PORT", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD"];

/// What a Secret says about a database: its keys if they are enough, otherwise what is to be said about them.
pub fn judge_database(secret: &Secret) -> Result<Credentials, Verdict> {
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    let data: BTreeMap<String, Vec<u8>> = DATABASE_KEYS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), text(secret, key)?.as_bytes().to_vec())))
        .collect();
    let missing: Vec<&str> = ["DATABASE_HOST", "DATABASE_NAME", "DATABASE_USER", "DATABASE_PASSWORD"]
        .into_iter()
        .filter(|key| !data.contains_key(*key))
        .collect();
    if data.contains_key("DATABASE_URL") {
        if missing.len() < 4 || data.contains_key("DATABASE_PORT") {
            let message = format!(
                "the Secret {name} has DATABASE_URL and parts of an address beside it: keep the URL or the parts"
            );
            return Err(Verdict::no(Reason::DatabaseKeysInvalid, message));
        }
    } else if !missing.is_empty() {
        let message =
            format!("the Secret {name} lacks DATABASE_URL, or {}: add them there", missing.join(", "));
        return Err(Verdict::no(Reason::DatabaseKeysInvalid, message));
    }
    Ok(Credentials(Confidential(data)))
}

/// A key's value without surrounding space: a line end at the end of a pasted token is the most common fault of all.
fn text<'a>(secret: &'a Secret, key: &str) -> Option<&'a str> {
    let bytes = &secret.data.as_ref()?.get(key)?.0;
    let text = std::str::from_utf8(bytes).ok()?.trim();
    (!text.is_empty()).then_some(text)
}

/// The keys a server of this tenant reads from its Secret, with whether it can do without.
pub fn keys_of(tenant: &Tenant) -> impl Iterator<Item = (&'static str, bool)> {
    let google = tenant.google_calendar.is_some();
    KEYS.iter().filter_map(move |(key, need)| match need {
        Need::Always => Some((*key, false)),
        Need::WithGoogle if google => Some((*key, false)),
        Need::OptionalWithGoogle if google => Some((*key, true)),
        Need::WithGoogle | Need::OptionalWithGoogle | Need::SpecWins => None,
    })
}

/// Credentials that can be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials(pub Confidential<BTreeMap<String, Vec<u8>>>);

/// What a Secret gives: credentials if it is complete, and in any case what is to be said about it.
pub fn judge(secret: &Secret, tenant: &Tenant) -> (Option<Credentials>, Verdict) {
    let name = secret.metadata.name.as_deref().unwrap_or_default();
    let text = |key: &str| text(secret, key);
    let mut missing = Vec::new();
    let mut data = BTreeMap::new();
    for (key, optional) in keys_of(tenant) {
        match text(key) {
            Some(value) => drop(data.insert(key.to_owned(), value.as_bytes().to_vec())),
            None if optional => {}
            None => missing.push(key),
        }
    }
    if !missing.is_empty() {
        let message = format!(
            "the Secret {name} lacks {}: add them there; complete credentials from before, if any, stay in use",
            missing.join(", ")
        );
        return (None, Verdict::no(Reason::KeysMissing, message));
    }
    let mut remarks = Vec::new();
    let unknown: Vec<&str> = secret
        .data
        .iter()
        .flat_map(BTreeMap::keys)
        .map(String::as_str)
        .filter(|key| KEYS.iter().all(|(known, _)| known != key) && !DATABASE_KEYS.contains(key))
        .collect();
    if !unknown.is_empty() {
        remarks.push(format!(
            "the Secret {name} has keys the platform does not know and leaves out: {}; check their spelling",
            unknown.join(", ")
        ));
    }
    for (key, spec) in [
        ("WHATSAPP_PHONE_NUMBER_ID", Some(tenant.phone_number_id.as_str())),
        ("GOOGLE_CALENDAR_ID", tenant.google_calendar.as_deref()),
        ("GEMINI_MODEL", Some(tenant.model.as_str())),
    ] {
        if text(key).is_some_and(|value| spec.is_some_and(|spec| spec != value)) {
            remarks.push(format!(
                "{key} of the Secret {name} differs from the spec, which wins: remove it there"
            ));
        }
    }
    let message = if remarks.is_empty() { "credentials are complete".to_owned() } else { remarks.join(". ") };
    (Some(Credentials(Confidential(data))), Verdict::yes(message))
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;
    use crate::{
        client::{outcome::Holds, validate::validate},
        render::tests::{NOW, barbershop, settings},
    };

    fn tenant() -> Tenant {
        validate(&barbershop(), &settings(), NOW).unwrap().remove(0)
    }

    fn secret(pairs: &[(&str, &str)]) -> Secret {
        let complete = [
            ("WHATSAPP_API_TOKEN", "token-value"),
            ("WHATSAPP_APP_SECRET", "app-value"),
            ("WHATSAPP_WEBHOOK_VERIFY_TOKEN", "verify-value"),
            ("GEMINI_API_KEY", "gemini-value"),
            ("GOOGLE_CLIENT_EMAIL", "robot@example.com"),
            ("GOOGLE_PRIVATE_KEY", "private-value"),
        ];
        let data =
            complete.iter().chain(pairs).map(|(k, v)| ((*k).to_owned(), ByteString(v.as_bytes().to_vec())));
        Secret { data: Some(data.collect()), ..Secret::default() }
    }

    #[test]
    fn a_complete_secret_gives_its_known_keys_without_surrounding_space() {
        let (credentials, verdict) = judge(&secret(&[("WHATSAPP_API_TOKEN", "token-value\n")]), &tenant());
        let data = credentials.unwrap().0.0;
        assert_eq!(data["WHATSAPP_API_TOKEN"], b"token-value");
        assert_eq!(data.len(), 6);
        assert_eq!(verdict.holds, Holds::Yes);
    }

    #[test]
    fn empty_and_absent_keys_are_named_and_nothing_is_copied() {
        let mut half = secret(&[("GEMINI_API_KEY", " \n")]);
        half.data.as_mut().unwrap().remove("GOOGLE_PRIVATE_KEY");
        let (credentials, verdict) = judge(&half, &tenant());
        assert!(credentials.is_none());
        assert_eq!(verdict.reason, Reason::KeysMissing);
        assert!(verdict.message.contains("GEMINI_API_KEY, GOOGLE_PRIVATE_KEY"), "{}", verdict.message);
    }

    #[test]
    fn unknown_keys_are_named_but_neither_copied_nor_shown() {
        let (credentials, verdict) = judge(&secret(&[("GEMINI_KEY", "do-not-show")]), &tenant());
        assert!(!credentials.unwrap().0.0.contains_key("GEMINI_KEY"));
        assert!(verdict.message.contains("GEMINI_KEY") && !verdict.message.contains("do-not-show"));
    }

    #[test]
    fn a_calendar_in_the_database_needs_no_google() {
        let tenant = Tenant { google_calendar: None, ..tenant() };
        let mut without = secret(&[]);
        without.data.as_mut().unwrap().retain(|key, _| !key.starts_with("GOOGLE"));
        assert_eq!(judge(&without, &tenant).1.holds, Holds::Yes);
    }

    #[test]
    fn what_the_spec_says_differently_is_pointed_out() {
        let (_, verdict) = judge(&secret(&[("WHATSAPP_PHONE_NUMBER_ID", "999")]), &tenant());
        assert!(verdict.message.contains("WHATSAPP_PHONE_NUMBER_ID"), "{}", verdict.message);
        assert_eq!(verdict.holds, Holds::Yes);
    }

    #[test]
    fn credentials_are_not_shown_when_they_are_printed_for_debugging() {
        let (credentials, _) = judge(&secret(&[]), &tenant());
        assert_eq!(format!("{credentials:?}"), "Some(Credentials([redacted]))");
    }

    #[test]
    fn a_database_is_a_url_or_its_parts_and_never_both() {
        let judged = |pairs: &[(&str, &str)]| {
            let data =
                pairs.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())));
            let secret = Secret { data: Some(data.collect()), ..Secret::default() };
            judge_database(&secret).map(|found| found.0.0.len()).map_err(|verdict| verdict.message)
        };
        let parts = [
            ("DATABASE_HOST", "db"),
            ("DATABASE_NAME", "ze"),
            ("DATABASE_USER", "ze"),
            ("DATABASE_PASSWORD", "p"),
        ];
        let url = ("DATABASE_URL", "postgres://ze:p@db/ze\n");
        assert_eq!(judged(&[url]), Ok(1));
        assert_eq!(judged(&parts), Ok(4));
        assert!(judged(&[url, parts[0]]).unwrap_err().contains("keep the URL or the parts"));
        assert!(judged(&parts[..2]).unwrap_err().contains("DATABASE_USER, DATABASE_PASSWORD"));
        assert!(judged(&[]).unwrap_err().contains("lacks DATABASE_URL"));
    }
}
