//! Words people write on the command line and in answers.

use std::fmt::Write;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use mcp_crds::EnvironmentName;
use mcp_tenant::{profile::BusinessType, starter::Language};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};

/// A word of a closed set, as it stands in the files: `salon`, `production`.
pub fn word<T: DeserializeOwned>(written: &str) -> Result<T, String> {
    let lower = written.trim().to_lowercase();
    T::deserialize(lower.as_str().into_deserializer()).map_err(|error: Error| error.to_string())
}

/// A language there are starters in.
pub fn language(written: &str) -> Result<Language, String> {
    let found =
        Language::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(written.trim()));
    found.ok_or_else(|| "write one of pt-BR, es, de, en".to_owned())
}

/// `ENVIRONMENT=ID` of a phone number.
pub fn number(written: &str) -> Result<(EnvironmentName, String), String> {
    let (environment, id) =
        written.split_once('=').ok_or("write ENVIRONMENT=ID, e.g. production=106540352242922")?;
    Ok((word(environment)?, phone_number_id(id)?))
}

/// Meta's id of a number.
pub fn phone_number_id(written: &str) -> Result<String, String> {
    let id = written.trim();
    let digits = id.bytes().all(|b| b.is_ascii_digit()) && (5..=20).contains(&id.len());
    digits.then(|| id.to_owned()).ok_or_else(|| {
        "the phone number id is the one Meta gives the number, digits only, e.g. 106540352242922; it is not the \
         telephone number"
            .to_owned()
    })
}

/// The type of business in the words of the older platform, which spoke Portuguese.
pub fn kind_in_words(written: &str) -> Option<BusinessType> {
    match written.trim().to_lowercase().as_str() {
        "barbearia" => Some(BusinessType::Barbershop),
        "salão" | "salao" => Some(BusinessType::Salon),
        "clínica" | "clinica" => Some(BusinessType::Clinic),
        "mercearia" | "loja" => Some(BusinessType::Shop),
        "outro" => Some(BusinessType::Other),
        other => word(other).ok(),
    }
}

/// A word nobody can guess; empty, and so told as missing, where the system gives no randomness.
pub fn random_word() -> String {
    let mut bytes = [0_u8; 16];
    if SystemRandom::new().fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_closed_sets_are_read_and_others_explained() {
        assert_eq!(word::<BusinessType>(" Salon ").unwrap(), BusinessType::Salon);
        assert!(word::<BusinessType>("circus").unwrap_err().contains("barbershop"));
        assert_eq!(language("PT-br").unwrap(), Language::Portuguese);
        assert_eq!(number("staging=12345").unwrap(), (EnvironmentName::Staging, "12345".to_owned()));
        assert!(number("staging=+55 11 3333").unwrap_err().contains("not the telephone number"));
        assert_eq!(kind_in_words("Salão"), Some(BusinessType::Salon));
    }

    #[test]
    fn random_words_differ() {
        assert_eq!(random_word().len(), 32);
        assert_ne!(random_word(), random_word());
    }
}
