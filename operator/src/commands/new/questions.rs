//! The questions that the flags and the answers left open, in their order.

use std::io;

use mcp_crds::EnvironmentName;
use mcp_tenant::{profile::BusinessType, starter::Language};

use super::{
    answers::{AnsweredEnvironment, Answers},
    terminal::Ask,
    words::{language, phone_number_id, word},
};
use crate::names::ClientKey;

/// Everything answered but the credentials.
#[derive(Debug)]
pub struct Answered {
    /// The client's name.
    pub name: String,
    /// Name of the business.
    pub display_name: String,
    /// Type of business.
    pub kind: BusinessType,
    /// Language of the business.
    pub language: Language,
    /// Where it runs.
    pub environments: Vec<AnsweredEnvironment>,
}

/// Why questions stay open.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// There is nobody to ask.
    #[error(
        "{0} is not answered, and there is no terminal to ask on: give --answers with a file, or the flags of --help"
    )]
    Open(&'static str),
    /// An answer cannot be.
    #[error("{what}: {why}")]
    Wrong {
        /// Which answer.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// The terminal went away, or Ctrl+C was pressed.
    #[error("read an answer: {0}; nothing was written")]
    Terminal(#[from] io::Error),
}

/// Takes the answers there are, and asks for the others where there is somebody to ask.
pub fn complete<A: Ask>(
    answers: &Answers,
    agency: &str,
    ask: &mut Option<A>,
) -> Result<Answered, QuestionError> {
    let mut open = |what, given: Option<String>, question: &str, default: Option<&str>, check: Check<'_>| {
        one(what, given, question, default, check, ask)
    };
    let name =
        open("name", answers.name.clone(), "Name of the client, e.g. bella-salon", None, &|written| {
            ClientKey::new(agency, written).map(drop).map_err(|error| error.to_string())
        })?;
    let display_name = open(
        "displayName",
        answers.display_name.clone(),
        "Name of the business, as customers know it",
        None,
        &|written| {
            let length = written.chars().count();
            if (1..=80).contains(&length) { Ok(()) } else { Err("write 1 to 80 characters".to_owned()) }
        },
    )?;
    let kind = answers.kind.map(|kind| words_of(kind).to_owned());
    let kind = open(
        "type",
        kind,
        "Type: barbershop, salon, clinic, spa, shop or other",
        Some("other"),
        &|written| word::<BusinessType>(written).map(drop),
    )?;
    let tongue = open(
        "language",
        answers.language.clone(),
        "Language: pt-BR, es, de or en",
        Some("pt-BR"),
        &|written| language(written).map(drop),
    )?;
    let environments = if let Some(environments) = &answers.environments {
        environments.clone()
    } else {
        let list = open(
            "environments",
            None,
            "Environments, with commas: development, staging, production",
            Some("production"),
            &|written| names(written).map(drop),
        )?;
        let mut environments = Vec::new();
        for name in names(&list).map_err(|why| QuestionError::Wrong { what: "environments", why })? {
            let question = format!("Phone number id of {name} (Meta app, WhatsApp, API setup)");
            let phone_number_id =
                open("phoneNumberId", None, &question, None, &|written| phone_number_id(written).map(drop))?;
            let question = format!("Google calendar id of {name}, or Enter for the built-in calendar");
            let calendar = open("calendarId", None, &question, Some(""), &|_| Ok(()))?;
            let calendar_id = (!calendar.is_empty()).then_some(calendar);
            environments.push(AnsweredEnvironment { name, phone_number_id, calendar_id });
        }
        environments
    };
    let wrong = |what: &'static str| move |why| QuestionError::Wrong { what, why };
    Ok(Answered {
        name,
        display_name,
        kind: word(&kind).map_err(wrong("type"))?,
        language: language(&tongue).map_err(wrong("language"))?,
        environments,
    })
}

type Check<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// One answer: the one given, or asked for until it can be.
fn one<A: Ask>(
    what: &'static str,
    given: Option<String>,
    question: &str,
    default: Option<&str>,
    check: Check<'_>,
    ask: &mut Option<A>,
) -> Result<String, QuestionError> {
    if let Some(given) = given {
        return check(&given).map(|()| given).map_err(|why| QuestionError::Wrong { what, why });
    }
    let Some(ask) = ask else {
        return default.map(str::to_owned).ok_or(QuestionError::Open(what));
    };
    let question = match default {
        Some(default) if !default.is_empty() => format!("{question} [{default}]"),
        _ => question.to_owned(),
    };
    loop {
        let answer = ask.line(&question)?;
        let answer = match (answer.trim(), default) {
            ("", Some(default)) => default,
            (answer, _) => answer,
        };
        match check(answer) {
            Ok(()) => return Ok(answer.to_owned()),
            Err(why) => ask.say(&why)?,
        }
    }
}

fn names(written: &str) -> Result<Vec<EnvironmentName>, String> {
    let mut names = Vec::new();
    for one in written.split(',') {
        let name = word(one)?;
        if names.contains(&name) {
            return Err(format!("{name} stands there twice"));
        }
        names.push(name);
    }
    Ok(names)
}

/// The word of a type in the files.
const fn words_of(kind: BusinessType) -> &'static str {
    match kind {
        BusinessType::Barbershop => "barbershop",
        BusinessType::Salon => "salon",
        BusinessType::Clinic => "clinic",
        BusinessType::Spa => "spa",
        BusinessType::Shop => "shop",
        BusinessType::Other => "other",
    }
}
