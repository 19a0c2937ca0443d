//! From what was given to what is needed.

use mcp_store::Tenant;
use secrecy::{ExposeSecret, SecretString};

use super::{
    DatabaseArgs, GeminiSettings, GoogleSettings, ServeArgs, Settings, SigningArgs, WhatsAppSettings,
    problems::{Problems, SettingsError},
};

impl DatabaseArgs {
    /// The database URL.
    pub fn url(&self) -> Result<SecretString, SettingsError> {
        let mut problems = Problems::default();
        let url = self.url_or(&mut problems);
        problems.finish(url)
    }

    /// The URL, or one made of its parts.
    fn url_or(&self, problems: &mut Problems) -> SecretString {
        let Some(host) = self.database_host.as_deref().map(str::trim).filter(|host| !host.is_empty()) else {
            let url = problems.secret(
                "DATABASE_URL",
                "sqlite:///data/tenant.db, or postgres://role:password@host:port/database; or set DATABASE_HOST",
                self.database_url.as_ref(),
            );
            return self.trusting(url);
        };
        if self.database_url.as_ref().is_some_and(|url| !url.expose_secret().trim().is_empty()) {
            problems.0.push("  DATABASE_URL: set beside DATABASE_HOST; keep one of them".to_owned());
        }
        let name =
            problems.text("DATABASE_NAME", "the database on DATABASE_HOST", self.database_name.clone());
        let user = problems.text("DATABASE_USER", "the tenant's role", self.database_user.clone());
        let password =
            problems.secret("DATABASE_PASSWORD", "the role's password", self.database_password.as_ref());
        let Ok(mut url) = reqwest::Url::parse(&format!("postgres://{host}:{}", self.database_port)) else {
            problems.0.push("  DATABASE_HOST: not a host name".to_owned());
            return SecretString::default();
        };
        url.set_path(&name);
        let set = url.set_username(&user).and_then(|()| url.set_password(Some(password.expose_secret())));
        if set.is_err() {
            problems.0.push("  DATABASE_HOST: takes no role and password".to_owned());
        }
        self.trusting(SecretString::from(String::from(url)))
    }

    /// With the server's roots, where they are given: its certificate and name are checked then.
    fn trusting(&self, url: SecretString) -> SecretString {
        let Some(roots) = self.database_ca_file.as_ref().filter(|path| !path.as_os_str().is_empty()) else {
            return url;
        };
        match reqwest::Url::parse(url.expose_secret()) {
            Ok(mut parsed) if matches!(parsed.scheme(), "postgres" | "postgresql") => {
                if !parsed.query_pairs().any(|(name, _)| name == "sslmode") {
                    parsed.query_pairs_mut().append_pair("sslmode", "verify-full");
                }
                parsed.query_pairs_mut().append_pair("sslrootcert", &roots.to_string_lossy());
                SecretString::from(String::from(parsed))
            }
            _ => url,
        }
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
            poll: std::time::Duration::from_secs(self.google_calendar_poll.into()),
        });
        let settings = Settings {
            profile_path: p.text("PROFILE_PATH", "the business's profile, YAML", profile_path).into(),
            tenant: self.database.tenant(),
            database_url: self.database.url_or(&mut p),
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
            allowed_hosts: named(&self.allowed_hosts),
            extra_ca_file: self.extra_ca_file,
            whatsapp: WhatsAppSettings {
                graph_base: p.url("WHATSAPP_GRAPH_BASE", &self.whatsapp_graph_base),
                api_token: p.secret(
                    "WHATSAPP_API_TOKEN",
                    "token of the system user",
                    self.whatsapp_api_token.as_ref(),
                ),
                phone_number_id,
                business_account_id: self
                    .whatsapp_business_account_id
                    .map(|id| id.trim().to_owned())
                    .filter(|id| !id.is_empty()),
                messages_per_second: self.whatsapp_messages_per_second,
                templates: p.templates(self.whatsapp_templates.as_deref()),
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
                fallbacks: models(&mut p, &self.gemini_fallback_models),
                model: self.gemini_model,
                prices: p.prices(self.gemini_prices.as_deref()),
            },
            google,
            dependency_check: std::time::Duration::from_secs(self.dependency_check_seconds.into()),
            traces: self.traces.settings(&mut p),
            signing_key: p.secret("TOKEN_SIGNING_KEY", SIGNING_HINT, self.signing.token_signing_key.as_ref()),
        };
        p.finish(settings)
    }
}

/// What is between commas.
fn named(given: &str) -> Vec<String> {
    given.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Model ids become a part of the URL.
fn models(problems: &mut Problems, given: &str) -> Vec<String> {
    let named = named(given);
    let sound =
        |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !named.iter().all(sound) {
        problems.0.push(
            "  GEMINI_FALLBACK_MODELS: holds a name that is no model id; write them like gemini-3.5-flash-lite"
                .to_owned(),
        );
    }
    named
}

fn base_path(problems: &mut Problems, given: &str) -> String {
    let trimmed = given.trim().trim_end_matches('/');
    let sound = trimmed.is_empty()
        || (trimmed.starts_with('/')
            && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'))
            && !trimmed.contains("//"));
    if !sound {
        problems.0.push("  BASE_PATH: is not a path; write it like /client/production".to_owned());
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
    use crate::whatsapp::template::Templates;

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
    fn templates_are_read_and_what_is_none_is_named() {
        let with = |json| parse(&[&ENOUGH[..], &["--whatsapp-templates", json]].concat());
        let templates =
            with(r#"{"reminder": {"name": "lembrete", "language": "pt_BR"}}"#).unwrap().whatsapp.templates;
        assert_ne!(templates, Templates::default());
        for wrong in
            ["{", r#"{"reminder": "lembrete"}"#, r#"{"farewell": {"name": "x", "language": "pt_BR"}}"#]
        {
            assert!(with(wrong).unwrap_err().to_string().contains("WHATSAPP_TEMPLATES"), "{wrong}");
        }
    }

    #[test]
    fn prices_are_read_and_what_is_none_is_named() {
        let with = |json| parse(&[&ENOUGH[..], &["--gemini-prices", json]].concat());
        let prices = with(r#"{"currency": "USD", "models": {"m": {"input": "0.75", "output": "3.75"}}}"#);
        assert_eq!(prices.unwrap().gemini.prices.currency.as_str(), "USD");
        for wrong in [
            "{",
            r#"{"models": {}}"#,
            r#"{"currency": "dollars", "models": {}}"#,
            r#"{"currency": "USD", "models": {"m": {"input": "0.75"}}}"#,
            r#"{"currency": "USD", "models": {"m": {"input": "free", "output": "1"}}}"#,
        ] {
            assert!(with(wrong).unwrap_err().to_string().contains("GEMINI_PRICES"), "{wrong}");
        }
    }

    #[test]
    fn half_of_google_asks_for_the_other_half() {
        let error = parse(&[&ENOUGH[..], &["--google-client-email", "a@b.example"]].concat())
            .unwrap_err()
            .to_string();
        assert!(error.contains("GOOGLE_CALENDAR_ID") && error.contains("GOOGLE_PRIVATE_KEY"), "{error}");
    }

    #[test]
    fn what_is_malformed_is_named_without_its_value() {
        let wrong = ["--gemini-base", "canary base", "--base-path", "canary path"];
        let error = parse(&[&ENOUGH[..], &wrong].concat()).unwrap_err().to_string();
        assert!(error.contains("GEMINI_BASE") && error.contains("BASE_PATH"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }

    #[test]
    fn a_database_server_is_named_by_parts_and_its_certificate_checked_where_roots_are_given() {
        let url = |flags: &[&str]| {
            let args = DatabaseArgs::try_parse_from(std::iter::once(&"migrate").chain(flags)).unwrap();
            args.url().map(|url| url.expose_secret().to_owned()).map_err(|error| error.to_string())
        };
        let parts = ["--database-host", "db.example", "--database-name", "t", "--database-user", "r"];
        let secret = ["--database-password", "p@ss/canary"];
        let roots = ["--database-ca-file", "/etc/db/ca.pem"];
        assert_eq!(
            url(&[&parts[..], &secret, &roots].concat()).unwrap(),
            "postgres://r:p%40ss%2Fcanary@db.example:5432/t?sslmode=verify-full&sslrootcert=%2Fetc%2Fdb%2Fca.pem"
        );
        let error = url(&[&parts[..2], &secret].concat()).unwrap_err();
        assert!(error.contains("DATABASE_NAME") && error.contains("DATABASE_USER"), "{error}");
        assert!(!error.contains("canary"), "{error}");
        let file = ["--database-url", "sqlite:///data/t.db", "--database-host", ""];
        assert_eq!(url(&[&file[..], &roots].concat()).unwrap(), "sqlite:///data/t.db");
        assert!(url(&[&file[..2], &parts, &secret].concat()).unwrap_err().contains("keep one of them"));
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
