//! Which credentials there are, and how each is asked for.

use std::{collections::BTreeMap, io};

use serde_json::Value;

use super::terminal::Ask;
use crate::commands::{
    documents,
    draft::{NEEDED, NEEDED_WITH_GOOGLE, private_key},
    new::words::random_word,
};

/// Every variable that is a credential.
pub const ALL: [&str; 7] = [
    "WHATSAPP_API_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_WEBHOOK_VERIFY_TOKEN",
    "GEMINI_API_KEY",
    "GOOGLE_CLIENT_EMAIL",
    "GOOGLE_PRIVATE_KEY",
    "GOOGLE_PROJECT_ID",
];

/// Where each comes from, for the question.
fn origin(name: &str) -> &'static str {
    match name {
        "WHATSAPP_API_TOKEN" => "token of a system user (Meta Business settings)",
        "WHATSAPP_APP_SECRET" => "Meta app, Settings, Basic",
        "GEMINI_API_KEY" => "Google AI Studio",
        "GOOGLE_CLIENT_EMAIL" => "address of the service account",
        _ => "",
    }
}

/// What a service account's JSON file says, by variable.
pub fn from_google_file(path: &std::path::Path) -> Result<BTreeMap<String, String>, String> {
    let text = documents::text_of(path).map_err(|error| error.to_string())?;
    // Its parser's words are not told: they may quote the key.
    let value: Value = serde_json::from_str(&text).map_err(|_| format!("{} is not JSON", path.display()))?;
    let field = |name: &str| value[name].as_str().map(str::to_owned);
    let (Some(email), Some(key)) = (field("client_email"), field("private_key")) else {
        return Err(format!(
            "{} is no key file of a service account: it has no client_email or no private_key",
            path.display()
        ));
    };
    let key = private_key(&key).map_err(str::to_owned)?;
    let mut found =
        BTreeMap::from([("GOOGLE_CLIENT_EMAIL".to_owned(), email), ("GOOGLE_PRIVATE_KEY".to_owned(), key)]);
    found.extend(field("project_id").map(|project| ("GOOGLE_PROJECT_ID".to_owned(), project)));
    Ok(found)
}

/// Asks for what is missing. An empty answer leaves it to be filled in later.
pub fn ask(known: &mut BTreeMap<String, String>, google: bool, ask: &mut dyn Ask) -> io::Result<()> {
    let missing = |known: &BTreeMap<String, String>, name: &str| known.get(name).is_none_or(String::is_empty);
    for name in NEEDED.into_iter().filter(|name| *name != "WHATSAPP_WEBHOOK_VERIFY_TOKEN") {
        if missing(known, name) {
            let answer = ask.hidden(&format!("{name}, {}", origin(name)))?;
            known.insert(name.to_owned(), answer.trim().to_owned());
        }
    }
    if google && NEEDED_WITH_GOOGLE.iter().any(|name| missing(known, name)) {
        let path = ask.line("Key file of the Google service account (JSON), or Enter to paste the key")?;
        if !path.trim().is_empty() {
            match from_google_file(std::path::Path::new(path.trim())) {
                Ok(found) => known.extend(found),
                Err(fault) => ask.say(&fault)?,
            }
        }
        if missing(known, "GOOGLE_CLIENT_EMAIL") {
            let answer = ask.line(&format!("GOOGLE_CLIENT_EMAIL, {}", origin("GOOGLE_CLIENT_EMAIL")))?;
            known.insert("GOOGLE_CLIENT_EMAIL".to_owned(), answer.trim().to_owned());
        }
        while missing(known, "GOOGLE_PRIVATE_KEY") {
            let ends = |line: &str| line.trim().is_empty() || line.contains("-----END ");
            let pasted =
                ask.hidden_lines("GOOGLE_PRIVATE_KEY, paste all of it, or Enter for later", &ends)?;
            if pasted.trim().is_empty() {
                break;
            }
            match private_key(&pasted) {
                Ok(key) => drop(known.insert("GOOGLE_PRIVATE_KEY".to_owned(), key)),
                Err(fault) => ask.say(fault)?,
            }
        }
    }
    Ok(())
}

/// A verify token of our own where there is none.
pub fn fill_verify_token(known: &mut BTreeMap<String, String>) {
    let token = known.entry("WHATSAPP_WEBHOOK_VERIFY_TOKEN".to_owned()).or_default();
    if token.is_empty() {
        *token = random_word();
    }
}
