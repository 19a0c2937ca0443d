//! Words customers read: dates, money, and the sentences code writes. Portuguese, and English for every other
//! language.

use jiff::{
    Zoned,
    civil::{Date, Weekday},
};
pub use mcp_tenant::words::time;
use mcp_tenant::{Profile, profile::localized, scalar::Money, when::Resolved, words};

/// A language code can speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Brazilian Portuguese.
    Portuguese,
    /// English.
    English,
}

impl Language {
    /// The language of a profile.
    pub fn of(profile: &Profile) -> Self {
        if profile.language().to_ascii_lowercase().starts_with("pt") {
            Self::Portuguese
        } else {
            Self::English
        }
    }

    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Portuguese => "pt-BR",
            Self::English => "en",
        }
    }

    /// How dates and times are said in it.
    fn dates(self) -> words::Language {
        words::Language::of(self.tag())
    }

    /// `terça-feira`.
    pub fn weekday(self, day: Weekday) -> &'static str {
        self.dates().weekday(day)
    }

    /// `terça-feira, 24/11/2026`.
    pub fn date(self, date: Date) -> String {
        self.dates().date(date)
    }

    /// `terça-feira, 24/11/2026 às 15:00`.
    pub fn moment(self, at: &Zoned) -> String {
        self.dates().moment(at)
    }

    /// Which days and times were meant, with the other reading where the words had two.
    pub fn meant(self, resolved: &Resolved) -> String {
        self.dates().meant(resolved)
    }

    /// Said when a message cannot be answered by the assistant now.
    pub fn cannot_answer(self, person: &str) -> String {
        match self {
            Self::Portuguese => format!("Desculpe, não consigo responder agora. {person}"),
            Self::English => format!("Sorry, I cannot answer right now. {person}"),
        }
    }

    /// Said when a message waited for long.
    pub fn late_answer(self, person: &str) -> String {
        match self {
            Self::Portuguese => {
                format!("Desculpe a demora: sua mensagem só chegou agora. Ainda posso ajudar? {person}")
            }
            Self::English => {
                format!("Sorry for the delay: your message only reached us now. Can I still help? {person}")
            }
        }
    }

    /// Said to what is not text.
    pub fn only_text(self) -> &'static str {
        match self {
            Self::Portuguese => "Por enquanto só consigo ler mensagens de texto. Pode escrever, por favor?",
            Self::English => "I can only read text messages for now. Could you write it, please?",
        }
    }

    /// The way to a person.
    pub fn person(self, profile: &Profile) -> String {
        let contact = &profile.business.contact;
        let own = localized(&profile.assistant.handover.message, self.tag());
        let own = (!own.is_empty()).then(|| own.to_owned());
        let way = own.or_else(|| match (&contact.phone, &contact.email) {
            (Some(phone), _) => Some(match self {
                Self::Portuguese => format!("Para falar com uma pessoa, ligue para {phone}."),
                Self::English => format!("To speak with a person, call {phone}."),
            }),
            (None, Some(email)) => Some(match self {
                Self::Portuguese => format!("Para falar com uma pessoa, escreva para {email}."),
                Self::English => format!("To reach a person, write to {email}."),
            }),
            (None, None) => None,
        });
        way.unwrap_or_else(|| {
            match self {
                Self::Portuguese => "Por favor, fale diretamente com a equipe.",
                Self::English => "Please contact the team directly.",
            }
            .to_owned()
        })
    }
}

/// `R$ 80,00`; other currencies by their code.
pub fn money(amount: Money, currency: &str) -> String {
    let (whole, cents) = (amount.cents() / 100, amount.cents() % 100);
    match currency {
        "BRL" => format!("R$ {whole},{cents:02}"),
        "EUR" => format!("{whole},{cents:02} €"),
        "USD" => format!("US$ {whole}.{cents:02}"),
        other => format!("{other} {whole}.{cents:02}"),
    }
}
