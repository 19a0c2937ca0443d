//! From what was given to what is needed.

use mcp_store::Tenant;
use secrecy::{ExposeSecret, SecretString};

use super::{
    DatabaseArgs, GeminiSettings, GoogleSettings, ServeArgs, Settings, SigningArgs, WhatsAppSettings,
};

/// Settings that are missing or wrong, all of them.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("settings are missing or wrong; set these variables (or the flags of the same name):\n{}", .0.join("\n"))]
pub struct SettingsError(Vec<String>);

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn text(&mut self, name: &str, hint: &str, value: Option<String>) -> String {
        if let Some(value) = value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()) {
            value
        } else {
            self.0.push(format!("  {name}: missing ({hint})"));
            String::new()
        }
    }

    fn secret(&mut self, name: &str, hint: &str, value: Option<&SecretString>) -> SecretString {
        if let Some(value) = value.filter(|v| !v.expose_secret().trim().is_empty()) {
            SecretString::from(value.expose_secret().trim().to_owned())
        } else {
            self.0.push(format!("  {name}: missing ({hint})"));
            SecretString::default()
        }
    }

    fn url(&mut self, name: &str, value: &str) -> String {
        let value = value.trim().trim_end_matches('/').to_owned();
        if !value.is_empty() && reqwest::Url::parse(&value).is_err() {
            self.0.push(format!("  {name}: `{value}` is not a URL; write it with https://"));
        }
        value
    }

    fn finish<T>(self, value: T) -> Result<T, SettingsError> {
        if self.0.is_empty() { Ok(value) } else { Err(SettingsError(self.0)) }
    }
}

impl DatabaseArgs {
    /// The database URL.
    pub fn url(&self) -> Result<String, SettingsError> {
        let mut problems = Problems::default();
        let url = problems.text("DATABASE_URL", "sqlite:///data/tenant.db", self.database_url.clone());
        problems.finish(url)
    }

    /// Whose database it is.
    pub fn tenant(&self) -> Tenant {
        Tenant::new(&self.client_name, &self.environment)
    }
}

impl SigningArgs {
    /// The PEM of the signing key.
    pub fn key(&self) -> Result<SecretString, SettingsError> {
        let mut problems = Problems::default();
        let key = problems.secret("TOKEN_SIGNING_KEY", SIGNING_HINT, self.token_signing_key.as_ref());
        problems.finish(key)
    }
}

const SIGNING_HINT: &str = "Ed25519 private key as PKCS#8 PEM";

impl ServeArgs {
    /// Checks everything and names all that is wrong at once.
    pub fn settings(self) -> Result<Settings, SettingsError> {
        let mut p = Problems::default();
        let profile_path = self.profile_path.map(|path| path.display().to_string());
        let phone_number_id = p.text(
            "WHATSAPP_PHONE_NUMBER_ID",
            "the id of the number, not the number",
            self.whatsapp_phone_number_id,
        );
        let app_secret = p.secret(
            "WHATSAPP_APP_SECRET",
            "App settings > Basic; several separated by commas during rotation",
            self.whatsapp_app_secret.as_ref(),
        );
        let app_secrets: Vec<SecretString> = app_secret
            .expose_secret()
            .split(',')
            .map(str::trim)
            .filter(|secret| !secret.is_empty())
            .map(|secret| SecretString::from(secret.to_owned()))
            .collect();
        if app_secrets.is_empty() && !app_secret.expose_secret().is_empty() {
            p.0.push("  WHATSAPP_APP_SECRET: holds no secret between its commas".to_owned());
        }
        let google = [&self.google_calendar_id, &self.google_client_email].iter().any(|v| v.is_some())
            || self.google_private_key.is_some();
        let google = google.then(|| GoogleSettings {
            calendar_base: p.url("GOOGLE_CALENDAR_BASE", &self.google_calendar_base),
            token_url: p.url("GOOGLE_TOKEN_URL", &self.google_token_url),
            calendar_id: p.text(
                "GOOGLE_CALENDAR_ID",
                "the calendar to mirror bookings into",
                self.google_calendar_id,
            ),
            client_email: p.text(
                "GOOGLE_CLIENT_EMAIL",
                "the service account's address",
                self.google_client_email,
            ),
            private_key: line_ends(&p.secret(
                "GOOGLE_PRIVATE_KEY",
                "the service account's private key as PEM",
                self.google_private_key.as_ref(),
            )),
        });
        let settings = Settings {
            profile_path: p.text("PROFILE_PATH", "the business's profile, YAML", profile_path).into(),
            tenant: self.database.tenant(),
            database_url: p.text("DATABASE_URL", "sqlite:///data/tenant.db", self.database.database_url),
            listen_public: self.listen_public,
            listen_internal: self.listen_internal,
            base_path: base_path(&mut p, &self.base_path),
            public_url: {
                let url = p.text(
                    "PUBLIC_URL",
                    "base URL of this tenant, the audience of its tokens",
                    self.public_url,
                );
                p.url("PUBLIC_URL", &url)
            },
            allowed_hosts: self
                .allowed_hosts
                .split(',')
                .map(str::trim)
                .filter(|h| !h.is_empty())
                .map(Into::into)
                .collect(),
            extra_ca_file: self.extra_ca_file,
            whatsapp: WhatsAppSettings {
                graph_base: p.url("WHATSAPP_GRAPH_BASE", &self.whatsapp_graph_base),
                api_token: p.secret(
                    "WHATSAPP_API_TOKEN",
                    "token of the system user",
                    self.whatsapp_api_token.as_ref(),
                ),
                phone_number_id,
                app_secrets,
                verify_token: p.secret(
                    "WHATSAPP_WEBHOOK_VERIFY_TOKEN",
                    "a word of your own, also entered at Meta",
                    self.whatsapp_webhook_verify_token.as_ref(),
                ),
            },
            gemini: GeminiSettings {
                base: p.url("GEMINI_BASE", &self.gemini_base),
                api_key: p.secret("GEMINI_API_KEY", "key of a paid tier", self.gemini_api_key.as_ref()),
                model: self.gemini_model,
            },
            google,
            signing_key: p.secret("TOKEN_SIGNING_KEY", SIGNING_HINT, self.signing.token_signing_key.as_ref()),
        };
        p.finish(settings)
    }
}

fn base_path(problems: &mut Problems, given: &str) -> String {
    let trimmed = given.trim().trim_end_matches('/');
    let sound = trimmed.is_empty()
        || (trimmed.starts_with('/')
            && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'))
            && !trimmed.contains("//"));
    if !sound {
        problems.0.push(format!("  BASE_PATH: `{given}` is not a path; write it like /client/production"));
    }
    trimmed.to_owned()
}

/// PEM files pasted into one line carry `\n` as two characters.
fn line_ends(pem: &SecretString) -> SecretString {
    SecretString::from(pem.expose_secret().replace("\\n", "\n"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn parse(flags: &[&str]) -> Result<Settings, SettingsError> {
        ServeArgs::try_parse_from(std::iter::once(&"serve").chain(flags)).unwrap().settings()
    }

    const ENOUGH: [&str; 18] = [
        "--profile-path",
        "/p.yaml",
        "--database-url",
        "sqlite:///t.db",
        "--public-url",
        "http://t.example/",
        "--whatsapp-api-token",
        "canary-token",
        "--whatsapp-phone-number-id",
        "1",
        "--whatsapp-app-secret",
        "canary-a, canary-b",
        "--whatsapp-webhook-verify-token",
        "canary-v",
        "--gemini-api-key",
        "canary-g",
        "--token-signing-key",
        "canary-k",
    ];

    #[test]
    fn all_missing_settings_are_named_at_once() {
        let error = parse(&[]).unwrap_err().to_string();
        for name in [
            "PROFILE_PATH",
            "DATABASE_URL",
            "PUBLIC_URL",
            "WHATSAPP_API_TOKEN",
            "WHATSAPP_PHONE_NUMBER_ID",
            "WHATSAPP_APP_SECRET",
            "WHATSAPP_WEBHOOK_VERIFY_TOKEN",
            "GEMINI_API_KEY",
            "TOKEN_SIGNING_KEY",
        ] {
            assert!(error.contains(name), "{name} is not in: {error}");
        }
        assert!(!error.contains("GOOGLE"), "a tenant without Google is complete: {error}");
    }

    #[test]
    fn half_of_google_asks_for_the_other_half() {
        let error = parse(&[&ENOUGH[..], &["--google-client-email", "a@b.example"]].concat())
            .unwrap_err()
            .to_string();
        assert!(error.contains("GOOGLE_CALENDAR_ID") && error.contains("GOOGLE_PRIVATE_KEY"), "{error}");
    }

    #[test]
    fn secrets_are_split_and_never_shown() {
        let settings = parse(&ENOUGH).unwrap();
        assert_eq!(settings.whatsapp.app_secrets.len(), 2);
        assert_eq!(settings.public_url, "http://t.example");
        let shown = format!("{settings:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn a_key_pasted_into_one_line_gets_its_line_ends_back() {
        let google = [
            "--google-calendar-id",
            "c",
            "--google-client-email",
            "a@b.example",
            "--google-private-key",
            r"a\nb\n",
        ];
        let settings = parse(&[&ENOUGH[..], &google].concat()).unwrap();
        assert_eq!(settings.google.unwrap().private_key.expose_secret(), "a\nb\n");
    }
}
