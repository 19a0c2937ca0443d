//! The way to a person.

use mcp_tenant::{Profile, profile::localized};

use super::{Language, formal};

/// The way to a person, in one sentence: the profile's own words, else its telephone, else its e-mail address.
pub fn person(language: Language, profile: &Profile) -> String {
    let own = localized(&profile.assistant.handover.message, language.tag());
    if !own.is_empty() {
        return own.to_owned();
    }
    contact(language, profile)
}

/// The business's telephone, else its e-mail address, in one sentence; whatever its own words promise.
pub fn contact(language: Language, profile: &Profile) -> String {
    let contact = &profile.business.contact;
    match (&contact.phone, &contact.email) {
        (Some(phone), _) => call(language, formal(profile), phone),
        (None, Some(email)) => write(language, formal(profile), email),
        (None, None) => ask(language, formal(profile)),
    }
}

fn call(language: Language, formal: bool, phone: &str) -> String {
    match (language, formal) {
        (Language::Portuguese, _) => format!("Para falar com uma pessoa, ligue para {phone}."),
        (Language::Spanish, false) => format!("Para hablar con una persona, llama al {phone}."),
        (Language::Spanish, true) => format!("Para hablar con una persona, llame al {phone}."),
        (Language::German, false) => {
            format!("Wenn du mit einem Menschen sprechen möchtest, ruf an: {phone}.")
        }
        (Language::German, true) => {
            format!("Wenn Sie mit einem Menschen sprechen möchten, rufen Sie an: {phone}.")
        }
        (Language::English, _) => format!("To speak with a person, call {phone}."),
    }
}

fn write(language: Language, formal: bool, email: &str) -> String {
    match (language, formal) {
        (Language::Portuguese, _) => format!("Para falar com uma pessoa, escreva para {email}."),
        (Language::Spanish, false) => format!("Para hablar con una persona, escribe a {email}."),
        (Language::Spanish, true) => format!("Para hablar con una persona, escriba a {email}."),
        (Language::German, false) => format!("Einen Menschen erreichst du unter {email}."),
        (Language::German, true) => format!("Einen Menschen erreichen Sie unter {email}."),
        (Language::English, _) => format!("To reach a person, write to {email}."),
    }
}

fn ask(language: Language, formal: bool) -> String {
    match (language, formal) {
        (Language::Portuguese, _) => "Por favor, fale diretamente com a equipe.",
        (Language::Spanish, false) => "Por favor, habla directamente con el equipo.",
        (Language::Spanish, true) => "Por favor, hable directamente con el equipo.",
        (Language::German, false) => "Bitte wende dich direkt an das Team.",
        (Language::German, true) => "Bitte wenden Sie sich direkt an das Team.",
        (Language::English, _) => "Please contact the team directly.",
    }
    .to_owned()
}
