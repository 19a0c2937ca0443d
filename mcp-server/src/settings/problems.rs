//! Reading one setting, and remembering what is wrong with it.

use secrecy::{ExposeSecret, SecretString};

use crate::{assistant::gemini::Prices, whatsapp::template::Templates};

/// Settings that are missing or wrong, all of them.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("settings are missing or wrong; set these variables (or the flags of the same name):\n{}", .0.join("\n"))]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// Each by its variable's name, and never with a value that may be secret.
    pub fn problems(&self) -> &[String] {
        &self.0
    }
}

#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<String>);

impl Problems {
    pub(super) fn text(&mut self, name: &str, hint: &str, value: Option<String>) -> String {
        if let Some(value) = value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty()) {
            value
        } else {
            self.0.push(format!("  {name}: missing ({hint})"));
            String::new()
        }
    }

    pub(super) fn secret(&mut self, name: &str, hint: &str, value: Option<&SecretString>) -> SecretString {
        if let Some(value) = value.filter(|v| !v.expose_secret().trim().is_empty()) {
            SecretString::from(value.expose_secret().trim().to_owned())
        } else {
            self.0.push(format!("  {name}: missing ({hint})"));
            SecretString::default()
        }
    }

    pub(super) fn url(&mut self, name: &str, value: &str) -> String {
        let value = value.trim().trim_end_matches('/').to_owned();
        if !value.is_empty() && reqwest::Url::parse(&value).is_err() {
            self.0.push(format!("  {name}: is not a URL; write it with https://"));
        }
        value
    }

    pub(super) fn templates(&mut self, given: Option<&str>) -> Templates {
        let Some(given) = given.filter(|given| !given.trim().is_empty()) else { return Templates::default() };
        serde_json::from_str(given).unwrap_or_else(|error| {
            self.0.push(format!(
                "  WHATSAPP_TEMPLATES: is not a map of templates ({error}); write it like \
                 {{\"reminder\": {{\"name\": \"appointment_reminder\", \"language\": \"pt_BR\"}}}}"
            ));
            Templates::default()
        })
    }

    pub(super) fn prices(&mut self, given: Option<&str>) -> Prices {
        let Some(given) = given.filter(|given| !given.trim().is_empty()) else { return Prices::default() };
        serde_json::from_str(given).unwrap_or_else(|error| {
            self.0.push(format!(
                "  GEMINI_PRICES: is no list of prices ({error}); write it like {{\"currency\": \"USD\", \"models\": \
                 {{\"gemini-3.8-flash\": {{\"input\": \"0.75\", \"output\": \"3.75\"}}}}}}"
            ));
            Prices::default()
        })
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, SettingsError> {
        if self.0.is_empty() { Ok(value) } else { Err(SettingsError(self.0)) }
    }
}
