//! Words customers read: the sentences code writes, one file per topic, each in four languages.

use mcp_store::conversation::ConversationRow;
pub use mcp_tenant::words::{Language, time};
use mcp_tenant::{Profile, profile::Tone, scalar::Money};

pub mod detect;
pub mod menu;
pub mod notice;
pub mod owner;
pub mod person;
pub mod receipt;
pub mod refusal;
pub mod sorry;
pub mod turn;

/// The text of a language, of those in Portuguese, Spanish, German and English.
fn four(language: Language, [portuguese, spanish, german, english]: [&'static str; 4]) -> &'static str {
    match language {
        Language::Portuguese => portuguese,
        Language::Spanish => spanish,
        Language::German => german,
        Language::English => english,
    }
}

/// The language a business prefers.
pub fn language(profile: &Profile) -> Language {
    Language::of(profile.language())
}

/// The language a conversation is held in: the one it was last in, else the business's first.
pub fn held_in(profile: &Profile, conversation: &ConversationRow) -> Language {
    conversation.language.as_deref().map_or_else(|| language(profile), Language::of)
}

/// The languages a business speaks, the preferred one first, each once. A tag that code has no sentences for counts
/// as English.
pub fn spoken(profile: &Profile) -> Vec<Language> {
    let mut spoken = Vec::new();
    for tag in &profile.business.languages {
        let language = Language::of(tag);
        if !spoken.contains(&language) {
            spoken.push(language);
        }
    }
    if spoken.is_empty() {
        spoken.push(language(profile));
    }
    spoken
}

/// Whether customers are addressed as strangers are: `usted`, `Sie`.
pub fn formal(profile: &Profile) -> bool {
    profile.assistant.tone == Tone::Formal
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

#[cfg(test)]
mod testing;
