//! Never say what did not happen: checks a model's text before a customer reads it.
//!
//! Times, dates and prices must stand in what the model was given in this turn; words of effect need an effect, and a
//! turn that has one never sends the model's text: what is done is told by receipts. All of it holds in four languages
//! at once, whatever the profile's: a model does not keep to one. The work grows with the length of the text.

mod dates;
mod effects;
mod internal;
mod known;
mod money;
mod numbers;
mod plain;
mod reading;
mod said;
mod scope;
mod text;
mod times;
mod vocabulary;

use jiff::civil::Date;

use effects::{Claim, Context, Standing};
use known::Known;
pub use reading::{Reader, Reading};
use said::Said;
use text::{Sentence, Token, has, is, word};
use vocabulary::CONSENT;

/// What a text says that it must not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    /// A time of day nobody offered.
    #[error("the time {0} is in no result of this turn")]
    Time(String),
    /// A date nobody offered, a weekday that is another one, or a time on a day it is not free.
    #[error("the date {0} is in no result of this turn")]
    Date(String),
    /// A price that is not in the profile.
    #[error("the price {0} is not in the profile")]
    Price(String),
    /// A claim that something was done.
    #[error("the text claims that something was done (\"{0}\")")]
    Effect(String),
    /// Somebody who does not work here.
    #[error("{0} is nobody of the staff")]
    Name(String),
    /// Something of the machinery.
    #[error("the text shows what is internal ({0})")]
    Internal(String),
    /// Something a receptionist does not send.
    #[error("the text is not a receptionist's ({0})")]
    Scope(String),
}

impl Lie {
    /// Its kind in a word, for logs: its words may be a person's.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Time(_) => "time",
            Self::Date(_) => "date",
            Self::Price(_) => "price",
            Self::Effect(_) => "effect",
            Self::Name(_) => "name",
            Self::Internal(_) => "internal",
            Self::Scope(_) => "scope",
        }
    }
}

/// What a text is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// Results of this turn's functions, as JSON: what they name as `date` and `time`, or `start`, is free.
    pub results: &'a [&'a str],
    /// The system instruction as far as it is the profile: hours, prices, answers.
    pub profile: Option<&'a Reading>,
    /// What the system instruction says of this turn alone.
    pub present: &'a str,
    /// What the customer wrote: its times may be repeated where nothing is offered, in a question or to say that
    /// they are not free.
    pub asked: &'a str,
    /// The customer's committed appointments, one per line.
    pub standing: &'a str,
    /// Today at the business.
    pub today: Option<Date>,
}

impl<'a> Given<'a> {
    /// All of it as text.
    fn sources(&self) -> Vec<&'a str> {
        let own = [self.profile.map_or("", Reading::text), self.present, self.standing, self.asked];
        self.results.iter().copied().chain(own).collect()
    }
}

/// Whether a text may be sent.
pub fn check(text: &str, given: &Given<'_>) -> Result<(), Lie> {
    let known_text = given.sources();
    if let Some(why) = scope::beyond(text, &known_text) {
        return Err(Lie::Scope(why));
    }
    if let Some(what) = internal::leak(text) {
        return Err(Lie::Internal(what));
    }
    let known = Known::read(given);
    let tokens = plain::plain(&text::tokens(text));
    for code in internal::codes(&tokens) {
        if !known_text.iter().any(|source| source.contains(&code)) {
            return Err(Lie::Internal(code));
        }
    }
    let mut before = Before::default();
    let all = text::sentences(&tokens);
    for (at, sentence) in all.iter().enumerate() {
        let consent = all.get(at + 1).is_some_and(|next| next.asks && has(next.tokens, &CONSENT));
        sentence_holds(sentence, before, consent, &known, given)?;
        before = Before::of(sentence);
    }
    Ok(())
}

/// What the sentence before one makes of it.
#[derive(Clone, Copy, Default)]
struct Before {
    /// It agreed, and said nothing else.
    agreed: bool,
    /// It said when the business is open.
    hours: bool,
}

impl Before {
    fn of(sentence: &Sentence<'_>) -> Self {
        let clauses = text::clauses(sentence.tokens);
        let agreed = clauses.iter().any(|clause| {
            clause.len() <= 2
                && effects::find(clause).iter().any(|found| found.claim == Claim::Agreed && found.at == 0)
        });
        let hours = clauses.iter().any(|clause| {
            let said = Said::of(clause, sentence.asks);
            said.says.hours && !said.says.offers && !said.times.is_empty()
        });
        Self { agreed, hours }
    }
}

fn sentence_holds(
    sentence: &Sentence<'_>,
    before: Before,
    consent: bool,
    known: &Known,
    given: &Given<'_>,
) -> Result<(), Lie> {
    for clause in text::clauses(sentence.tokens) {
        let said = Said::of(clause, sentence.asks);
        if let Some(claim) = effect(clause, &said, (before, consent), known) {
            return Err(Lie::Effect(claim));
        }
        said.dates_hold(clause, known)?;
        said.times_hold(clause, known)?;
        prices_hold(clause, &said, known)?;
        if let Some(name) = stranger(clause, &said, given) {
            return Err(Lie::Name(name));
        }
    }
    Ok(())
}

fn prices_hold(clause: &[Token], said: &Said, known: &Known) -> Result<(), Lie> {
    let same = |price: &money::SaidPrice, list: &[money::SaidPrice]| {
        list.iter().any(|other| price.cents == other.cents && price.currency.fits(other.currency))
    };
    for price in money::prices(clause) {
        if !(same(&price, &known.prices) || said.harmless() && same(&price, &known.asked_prices)) {
            return Err(Lie::Price(format!("{}.{:02}", price.cents / 100, price.cents % 100)));
        }
    }
    match money::percents(clause).into_iter().find(|percent| !known.percents.contains(percent)) {
        // `Não damos 10 %`: what is denied is denied before it.
        Some(percent) if !money::denied(clause) => Err(Lie::Price(format!("{percent} %"))),
        _ => Ok(()),
    }
}

/// A claim of effect in a clause.
fn effect(clause: &[Token], said: &Said, (before, consent): (Before, bool), known: &Known) -> Option<String> {
    let standing = match (said.of_standing(known), known.confirmed) {
        (false, _) => Standing::Other,
        (true, false) => Standing::Requested,
        (true, true) => Standing::Confirmed,
    };
    let context =
        Context { asks: said.asks, standing, timed: said.timed(), offers: said.says.offers || consent };
    let found = effects::find(clause);
    let claim = found.iter().find(|found| {
        let until = found.claim == Claim::Until && !known.standing.is_empty();
        // Several times are a choice, not an agreement.
        let choice = found.claim == Claim::Agreed && said.times.len() > 1;
        !until && !choice && effects::claimed(clause, found, &context)
    });
    if let Some(claim) = claim {
        let words: Vec<&str> = clause[claim.at..claim.end].iter().map(|token| token.raw.as_str()).collect();
        return Some(words.join(" "));
    }
    let harmless = said.says.negative || said.asks || effects::conditional(clause);
    // `Todo en orden, mañana a las 15:00.`: one day, one time, nothing else to be said of them.
    let one = said.times.len() == 1 && !(said.days.is_empty() && said.dates.is_empty());
    // `Abrimos às 9h. No sábado também às 9h.`: hours go on, where nothing is free at that time.
    let free = |time: &times::SaidTime| time.minutes.iter().any(|minute| known.free.contains(minute));
    let hours = before.hours && !said.times.iter().any(free);
    let named = one && standing == Standing::Other && !harmless && !consent && !hours;
    if named && !(said.says.offers || said.says.hours || effects::general::wished(clause)) {
        return Some(words_of(clause));
    }
    if let Some(claim) = effects::general::claim(clause, &context, harmless) {
        return Some(claim);
    }
    // `Fechado! Terça às 15:00.`
    let bare = before.agreed
        && !consent
        && context.timed
        && standing == Standing::Other
        && !context.asks
        && !said.says.offers
        && !said.says.negative
        && !said.says.hours
        && clause.len() <= 12;
    bare.then(|| words_of(clause))
}

fn words_of(clause: &[Token]) -> String {
    clause.iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ")
}

/// A name that a time is offered with and that nobody here has: `às 15:00 com a Fernanda`.
fn stranger(clause: &[Token], said: &Said, given: &Given<'_>) -> Option<String> {
    if said.times.is_empty() {
        return None;
    }
    let sources = given.sources();
    let known = |name: &str| sources.iter().any(|source| source.contains(name));
    (0..clause.len())
        .filter(|at| is(word(clause, *at), &["com", "con", "with"]))
        .filter_map(|at| {
            let article = usize::from(is(word(clause, at + 1), &["a", "o", "la", "el"]));
            clause.get(at + 1 + article)
        })
        .find(|token| token.capital() && token.raw.chars().count() > 2 && !known(&token.raw))
        .map(|token| token.raw.clone())
}

#[cfg(test)]
mod tests;
