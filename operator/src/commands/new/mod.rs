//! `new`: from a few questions to the files of a client.

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;
use mcp_crds::EnvironmentName;
use mcp_tenant::{profile::BusinessType, starter::starter};

use crate::{
    commands::{
        draft::{Draft, DraftEnvironment, DraftError},
        files::{self, NewFile, WriteError},
        import::{ImportError, dotenv},
    },
    manifests::Confidential,
    telemetry,
};

pub mod answers;
pub mod credentials;
pub mod questions;
pub mod terminal;
pub mod words;

use answers::{AnsweredEnvironment, Answers};
use terminal::{Ask, Terminal};
use words::{number, word};

/// Arguments of `new`.
#[derive(Debug, Args)]
#[command(after_help = "\
What no flag and no file answers is asked for on the terminal; credentials are not shown while they are typed. Two files
are written: NAME.yaml, and NAME-credentials.yaml with the secrets, which only you can read and which must never be
committed. The profile is a starter for the type of business: put in the real services, staff and hours.

Examples:
  mcp-operator new
  mcp-operator new --name bella-salon --type salon --language en --number production=106540352242922 --env-file .env
  mcp-operator new --answers answers.yaml --out clients

A file of answers:
  name: bella-salon
  displayName: Bella Salon
  type: salon
  language: pt-BR
  environments: [{name: production, phoneNumberId: \"106540352242922\", calendarId: agenda@bella.example}]
  credentialsFile: bella.env
  publicUrl: https://wa.agency.example")]
pub struct New {
    /// Name of the client: at most 51 small letters, digits and hyphens, beginning with a letter.
    #[arg(long)]
    name: Option<String>,
    /// The agency's namespace.
    #[arg(short = 'n', long)]
    agency: Option<String>,
    /// Name of the business.
    #[arg(long)]
    display_name: Option<String>,
    /// Type of business: barbershop, salon, clinic, spa, shop or other.
    #[arg(long = "type", value_name = "TYPE", value_parser = word::<BusinessType>)]
    kind: Option<BusinessType>,
    /// Language of the business: pt-BR, es, de or en.
    #[arg(long)]
    language: Option<String>,
    /// Time zone, where it is not the one of the language's country: `America/Manaus`.
    #[arg(long)]
    time_zone: Option<String>,
    /// An environment with Meta's id of its number; may be repeated.
    #[arg(long, value_name = "ENVIRONMENT=ID", value_parser = number)]
    number: Vec<(EnvironmentName, String)>,
    /// The calendar at Google, for the environments of --number.
    #[arg(long, value_name = "ID", requires = "number")]
    calendar: Option<String>,
    /// A .env file with the credentials.
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// The key file of the Google service account (JSON).
    #[arg(long, value_name = "FILE")]
    google_key: Option<PathBuf>,
    /// Where tenants are reached from outside, to print the webhook's address: `https://wa.agency.example`.
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Answers to all of this. Flags win.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Folder to write into.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Replaces files that are there already.
    #[arg(long)]
    force: bool,
}

/// Why no client was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// The answers cannot be used.
    #[error(transparent)]
    Answers(#[from] answers::AnswersError),
    /// A question stays open.
    #[error(transparent)]
    Question(#[from] questions::QuestionError),
    /// The file of credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] ImportError),
    /// The key file cannot be used.
    #[error("read the key of the service account: {0}")]
    GoogleKey(String),
    /// The terminal went away, or Ctrl+C was pressed.
    #[error("read an answer: {0}; nothing was written")]
    Terminal(#[from] std::io::Error),
    /// The files of this program are wrong.
    #[error(transparent)]
    Starter(#[from] mcp_tenant::starter::StarterError),
    /// The client would be refused.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// A file was not written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl New {
    /// Asks, writes the files and says what comes next.
    pub fn execute(self, now: Timestamp) -> Result<(), NewError> {
        let mut terminal = Terminal::open();
        self.with(&mut terminal, now)
    }

    fn with(self, ask: &mut Option<impl Ask>, now: Timestamp) -> Result<(), NewError> {
        let (out, force, google_key) = (self.out.clone(), self.force, self.google_key.clone());
        let answers = self.answered()?;
        let agency = answers.agency.clone().unwrap_or_else(|| "agency".to_owned());
        // Before any question: answers typed for nothing are the worst of all.
        refuse_existing(&out, answers.name.as_deref(), force)?;
        let answered = questions::complete(&answers, &agency, ask)?;
        refuse_existing(&out, Some(&answered.name), force)?;

        let mut known = match &answers.credentials_file {
            Some(file) => answers::credentials(dotenv::read(file)?),
            None => BTreeMap::new(),
        };
        if let Some(file) = google_key {
            known.extend(credentials::from_google_file(&file).map_err(NewError::GoogleKey)?);
        }
        if let Some(key) = known.get_mut("GOOGLE_PRIVATE_KEY") {
            *key = crate::commands::draft::private_key(key)
                .map_err(|why| NewError::GoogleKey(why.to_owned()))?;
        }
        let google = answered.environments.iter().any(|environment| environment.calendar_id.is_some());
        if let Some(ask) = ask {
            credentials::ask(&mut known, google, ask)?;
        }
        credentials::fill_verify_token(&mut known);
        known.retain(|_, value| !value.is_empty());

        let mut profile = starter(answered.kind, answered.language)?;
        profile.business.name.clone_from(&answered.display_name);
        if let Some(zone) = &answers.time_zone {
            profile.business.time_zone.clone_from(zone);
        }
        let draft = Draft {
            agency,
            name: answered.name,
            display_name: answered.display_name,
            environments: answered.environments.into_iter().map(draft_environment).collect(),
            profile,
            credentials: Confidential(known),
        };
        let new_files = draft.files(&out, now)?;
        files::write_all(&new_files, force)?;
        telemetry::print(&next_steps(&draft, &new_files, answers.public_url.as_deref()));
        Ok(())
    }

    /// The answers of the file, with those of the flags over them.
    fn answered(self) -> Result<Answers, NewError> {
        let Self { name, agency, display_name, kind, language, time_zone, number, calendar, .. } = self;
        let file = self.answers.as_deref().map(answers::read).transpose()?.unwrap_or_default();
        let numbers = number.into_iter().map(|(name, phone_number_id)| AnsweredEnvironment {
            name,
            phone_number_id,
            calendar_id: calendar.clone(),
        });
        let numbers: Vec<AnsweredEnvironment> = numbers.collect();
        Ok(Answers {
            name: name.or(file.name),
            agency: agency.or(file.agency),
            display_name: display_name.or(file.display_name),
            kind: kind.or(file.kind),
            language: language.or(file.language),
            time_zone: time_zone.or(file.time_zone),
            environments: if numbers.is_empty() { file.environments } else { Some(numbers) },
            public_url: self.public_url.or(file.public_url),
            credentials_file: self.env_file.or(file.credentials_file),
        })
    }
}

fn refuse_existing(out: &Path, name: Option<&str>, force: bool) -> Result<(), WriteError> {
    let path = name.map(|name| out.join(format!("{name}.yaml"))).filter(|path| !force && path.exists());
    path.map_or(Ok(()), |path| Err(WriteError::Exists(path)))
}

fn draft_environment(answered: AnsweredEnvironment) -> DraftEnvironment {
    let AnsweredEnvironment { name, phone_number_id, calendar_id } = answered;
    DraftEnvironment { name, phone_number_id, google_calendar: calendar_id }
}

/// What was made, and what comes next. The verify token is the one secret in it: it is entered at Meta by hand.
fn next_steps(draft: &Draft, files: &[NewFile; 2], public_url: Option<&str>) -> String {
    let [client, secret] = files.each_ref().map(|file| file.path.display());
    let base = public_url.unwrap_or("https://YOUR-HOST").trim_end_matches('/');
    let token = draft.credentials.0.get("WHATSAPP_WEBHOOK_VERIFY_TOKEN").map_or("", String::as_str);
    let mut text = format!("written: {client}\nwritten: {secret} (secrets: never commit it)\n\n");
    for environment in &draft.environments {
        let _ = writeln!(
            text,
            "webhook of {environment}: {base}/{name}/{environment}/webhooks/whatsapp",
            environment = environment.name,
            name = draft.name
        );
    }
    let _ = writeln!(text, "verify token: {token}\n\nNext:");
    let mut steps = Vec::new();
    let missing = draft.missing();
    if !missing.is_empty() {
        steps.push(format!("fill in {} in {secret}", missing.join(", ")));
    }
    steps.push(format!(
        "put the real services, staff and hours into {client}; try them with `mcp-server dev {client}`"
    ));
    steps.push(format!("kubectl apply -f {secret} -f {client}"));
    steps.push(format!("mcp-operator doctor {} -n {}", draft.name, draft.agency));
    steps.push("at Meta (app, WhatsApp, Configuration) enter the webhook and the verify token, and subscribe to `messages`".to_owned());
    for (index, step) in steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {step}", index + 1);
    }
    text
}
