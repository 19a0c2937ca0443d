//! Claims that something was done or will be: tables of phrases per language, and what makes a phrase no claim.
//!
//! A phrase is words in order. `a|b` is either, `boo*` any ending, `?a|b` may be missing, `~3` is up to three words of
//! any kind. All languages are looked for in every text: a model does not keep to one.

mod english;
pub mod general;
mod german;
mod portuguese;
mod spanish;

use std::sync::LazyLock;

use super::text::{Token, before, has, is, word};

/// What a phrase claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The speaker did it. A question mark does not undo it.
    Deed,
    /// The speaker does or will do it; no claim under a condition.
    Promise,
    /// An appointment stands. True of the customer's standing ones.
    Stands,
    /// An appointment was cancelled or moved, or is gone.
    Gone,
    /// Words of parting that count on an appointment, where a day or a time is with them.
    Parting,
    /// Words of parting that count on what was agreed.
    Until,
    /// The whole sentence, at most with an emoji, says that it is done.
    Done,
    /// Agreement, where nothing but a day or time comes with it.
    Agreed,
}

/// The phrases of one language.
struct Table {
    phrases: &'static [(Claim, &'static [&'static str])],
}

enum Piece {
    Words(Vec<String>),
    Maybe(Vec<String>),
    Gap(usize),
}

struct Phrase {
    claim: Claim,
    pieces: Vec<Piece>,
}

static PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| {
    let tables = [portuguese::TABLE, spanish::TABLE, german::TABLE, english::TABLE];
    let lines = tables.iter().flat_map(|table| table.phrases.iter());
    lines.flat_map(|(claim, phrases)| phrases.iter().map(|phrase| read(*claim, phrase))).collect()
});

fn read(claim: Claim, phrase: &str) -> Phrase {
    let words = |piece: &str| piece.split('|').map(str::to_owned).collect::<Vec<_>>();
    let piece = |piece: &str| {
        if let Some(count) = piece.strip_prefix('~') {
            Piece::Gap(count.parse().unwrap_or(0))
        } else if let Some(maybe) = piece.strip_prefix('?') {
            Piece::Maybe(words(maybe))
        } else {
            Piece::Words(words(piece))
        }
    };
    Phrase { claim, pieces: phrase.split(' ').map(piece).collect() }
}

fn fits(word: &str, one_of: &[String]) -> bool {
    one_of.iter().any(|one| one.strip_suffix('*').map_or(one == word, |start| word.starts_with(start)))
}

/// Where a phrase that begins at a place ends. Phrases are short and gaps small: the work is bounded.
fn matches(pieces: &[Piece], tokens: &[Token], at: usize) -> Option<usize> {
    let Some((piece, rest)) = pieces.split_first() else { return Some(at) };
    match piece {
        Piece::Words(words) => {
            tokens.get(at).filter(|token| fits(&token.word, words))?;
            matches(rest, tokens, at + 1)
        }
        Piece::Maybe(words) => tokens
            .get(at)
            .filter(|token| fits(&token.word, words))
            .and_then(|_| matches(rest, tokens, at + 1))
            .or_else(|| matches(rest, tokens, at)),
        Piece::Gap(most) => (0..=*most)
            .take_while(|count| *count == 0 || tokens.get(at + count - 1).is_some())
            .find_map(|count| matches(rest, tokens, at + count)),
    }
}

/// A phrase found in a clause.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// What it claims.
    pub claim: Claim,
    /// Its first token.
    pub at: usize,
    /// Behind its last token.
    pub end: usize,
}

/// Every phrase of effect in a clause.
pub fn find(clause: &[Token]) -> Vec<Found> {
    let mut found = Vec::new();
    for phrase in PHRASES.iter() {
        for at in 0..clause.len() {
            if let Some(end) = matches(&phrase.pieces, clause, at) {
                found.push(Found { claim: phrase.claim, at, end });
            }
        }
    }
    found
}

const NOT: [&str; 32] = [
    "nao", "nada", "nenhum", "nenhuma", "nunca", "ninguem", "sem", "no", "ningun", "ninguna", "nunca", "aun",
    "todavia", "tampoco", "nicht", "nichts", "kein", "keine", "keinen", "nie", "not", "nothing", "never",
    "none", "isn't", "wasn't", "haven't", "hasn't", "don't", "didn't", "cannot", "can't",
];
/// A condition that a promise depends on.
const CONDITION: [&str; 29] = [
    "se", "caso", "quando", "assim", "depois", "antes", "apos", "enquanto", "si", "cuando", "cuanto",
    "despues", "vez", "wenn", "falls", "sobald", "bevor", "nachdem", "sofern", "ob", "if", "once", "when",
    "before", "after", "unless", "until", "soon", "whether",
];
/// Whether a clause has a condition. Spanish `se ha completado` has none.
pub fn conditional(clause: &[Token]) -> bool {
    (0..clause.len()).any(|at| {
        let reflexive = word(clause, at) == "se"
            && clause
                .get(at + 1)
                .is_some_and(|next| is(&next.word, &["ha", "han"]) || next.raw.ends_with('ó'));
        is(word(clause, at), &CONDITION) && !reflexive
    })
}

/// Words by which something is already so.
const NOW: [&str; 16] = [
    "ja", "esta", "foi", "ficou", "ya", "fue", "ha", "queda", "quedo", "ist", "wurde", "steht", "is", "has",
    "was", "are",
];

/// Whether a `not` stands with a phrase.
fn negated(clause: &[Token], found: &Found) -> bool {
    let from = found.at.saturating_sub(7);
    let to = (found.end + 3).min(clause.len());
    // Behind the phrase only where it follows at once: `gebucht ist noch nichts`.
    let ahead = clause[from..found.end]
        .iter()
        .rev()
        .take_while(|token| token.word != ",")
        .any(|token| is(&token.word, &NOT))
        || clause[from..found.at].iter().filter(|token| is(&token.word, &NOT)).count() > 0
            && !clause[from..found.at].iter().any(|token| token.word == ",");
    ahead
        || clause[found.end..to]
            .iter()
            .take_while(|token| token.word != ",")
            .any(|token| is(&token.word, &["nicht", "nichts", "kein*", "nada", "nothing"]))
}

/// Whether a question mark asks for the phrase, not for agreement with it: `..., ok?`
fn asked(clause: &[Token], found: &Found, asks: bool) -> bool {
    if !asks {
        return false;
    }
    let tag = clause.iter().rposition(|token| token.word == ",").filter(|comma| *comma >= found.end);
    tag.is_none_or(|comma| clause.len() - comma > 4)
}

/// Whether the phrase is said of something that may come to be: `assim que você escolher, ele fica reservado`.
fn supposed(clause: &[Token], found: &Found) -> bool {
    let Some(condition) = clause[..found.at].iter().position(|token| is(&token.word, &CONDITION)) else {
        return purpose(clause, found);
    };
    let comma =
        clause[condition..found.at].iter().rposition(|token| token.word == ",").map(|at| condition + at);
    match comma {
        Some(comma) => !has(&clause[comma..found.end], &NOW),
        None => true,
    }
}

/// `para cancelar um horário marcado`, `to cancel a booked appointment`: any one, none of these.
fn purpose(clause: &[Token], found: &Found) -> bool {
    (0..found.at).any(|at| {
        let next = word(clause, at + 1);
        match word(clause, at) {
            "para" => next.ends_with("ar") || next.ends_with("er") || next.ends_with("ir"),
            "to" => at == 0 && !next.is_empty(),
            _ => false,
        }
    })
}

/// `esse horário já está reservado`: somebody else's.
fn of_another(clause: &[Token], found: &Found) -> bool {
    (0..found.at).any(|at| {
        is(word(clause, at), &["horario", "hora", "vaga", "zeit", "uhrzeit", "time", "slot", "one"])
            && is(before(clause, at, 1), &["esse", "este", "outro", "esa", "esta", "ese", "diese", "dieser", "that", "this"])
    }) || is(before(clause, found.at, 1), &["fully", "completely"])
        // `com hora marcada`: by appointment.
        || is(before(clause, found.at, 1), &["hora", "horario"]) && is(before(clause, found.at, 2), &["com", "sem"])
}

/// Of which appointment a clause speaks, by its days and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Of none that stands.
    Other,
    /// Of one that waits to be confirmed.
    Requested,
    /// Of one that is confirmed.
    Confirmed,
}

/// What a clause is held against.
pub struct Context {
    /// The sentence ends with a question mark.
    pub asks: bool,
    /// Of which appointment it speaks.
    pub standing: Standing,
    /// It names a day or a time.
    pub timed: bool,
    /// It says what is free, or the next sentence asks for consent.
    pub offers: bool,
}

/// Whether a phrase in a clause is a claim.
pub fn claimed(clause: &[Token], found: &Found, context: &Context) -> bool {
    match found.claim {
        Claim::Deed => {
            let conditional = (1..=3).any(|back| {
                is(
                    before(clause, found.at, back),
                    &["once", "sobald", "wenn", "if", "when", "se", "si", "nachdem", "after"],
                )
            });
            // `¿Quieres que la reserve?`: written like the past without its accent.
            let wished = context.asks && (1..=2).any(|back| before(clause, found.at, back) == "que");
            !negated(clause, found) && !conditional && !wished
        }
        Claim::Promise => {
            !negated(clause, found) && !asked(clause, found, context.asks) && !conditional(clause)
        }
        Claim::Stands => {
            let unconfirmed =
                clause[found.at..found.end].iter().any(|token| is(&token.word, &["confirm*", "bestatig*"]))
                    && context.standing != Standing::Confirmed;
            !(negated(clause, found)
                || asked(clause, found, context.asks)
                || supposed(clause, found)
                || of_another(clause, found)
                || (context.standing != Standing::Other && !unconfirmed))
        }
        Claim::Gone => {
            !(asked(clause, found, context.asks) || supposed(clause, found) || negated_gone(clause, found))
        }
        Claim::Parting => {
            context.timed
                && context.standing == Standing::Other
                && !asked(clause, found, context.asks)
                && !negated(clause, found)
                && !conditional(clause)
        }
        Claim::Until => !context.asks,
        Claim::Done => {
            found.at == 0
                && clause[found.end..].iter().all(|token| token.kind == super::text::Kind::Sign)
                && !context.asks
        }
        Claim::Agreed => {
            found.at == 0
                && context.timed
                && context.standing == Standing::Other
                && !context.asks
                && !context.offers
                && !conditional(clause)
                && !negated(clause, found)
        }
    }
}

fn negated_gone(clause: &[Token], found: &Found) -> bool {
    clause[..found.at].iter().any(|token| is(&token.word, &NOT))
        || clause[found.end..].iter().take(2).any(|token| is(&token.word, &["nicht"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_begins_with_a_word_that_must_be_there() {
        for phrase in PHRASES.iter() {
            assert!(
                matches!(phrase.pieces.first(), Some(Piece::Words(words)) if words.iter().all(|word| !word.is_empty()))
            );
        }
    }
}
