//! Prices and percentages in a text, in four languages.

use super::{
    numbers::{amount, spelled},
    text::{Kind, Token, before, has, is, value, word},
    vocabulary::NEGATIVE,
};

/// A price that is said: hundredths, and its currency where it is told from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SaidPrice {
    /// Hundredths of the unit.
    pub cents: u64,
    /// Its currency.
    pub currency: Currency,
}

/// The currency of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Currency {
    /// By its ISO 4217 code.
    Named(&'static str),
    /// `$`, `pesos`, a bare number: any.
    Any,
}

impl Currency {
    /// Whether two can be one.
    pub fn fits(self, other: Self) -> bool {
        self == Self::Any || other == Self::Any || self == other
    }
}

/// Verbs whose bare number is a price.
const COSTS: [&str; 24] = [
    "custa",
    "custam",
    "sai",
    "saem",
    "fica",
    "ficam",
    "cuesta",
    "cuestan",
    "vale",
    "valen",
    "kostet",
    "kosten",
    "cost",
    "costs",
    "cobramos",
    "cobro",
    "custaria",
    "custava",
    "preco",
    "precio",
    "preis",
    "price",
    "valor",
    "is priced",
];
/// Codes of other currencies, as prices are written with them.
const CODES: [&str; 24] = [
    "ars", "mxn", "clp", "cop", "pen", "uyu", "pyg", "bob", "crc", "gtq", "dop", "cad", "aud", "nzd", "pln",
    "czk", "sek", "dkk", "nok", "huf", "ron", "zar", "inr", "aed",
];
/// What makes a bare number no price.
const UNITS: [&str; 26] = [
    "min",
    "minutos",
    "minuten",
    "minutes",
    "minutinhos",
    "h",
    "hora",
    "horas",
    "uhr",
    "stunden",
    "hours",
    "dias",
    "tage",
    "days",
    "pessoas",
    "personas",
    "personen",
    "people",
    "anos",
    "metros",
    "%",
    ":",
    "/",
    "vezes",
    "am",
    "pm",
];

fn before_amount(tokens: &[Token], at: usize) -> Option<Currency> {
    let (last, earlier) = (before(tokens, at, 1), before(tokens, at, 2));
    let named = match (earlier, last) {
        ("r", "$") | (_, "brl") => "BRL",
        ("us" | "u", "$") | (_, "usd") => "USD",
        (_, "€" | "eur") => "EUR",
        (_, "£" | "gbp") => "GBP",
        (_, "chf") => "CHF",
        _ => return (last == "$" || is(last, &CODES)).then_some(Currency::Any),
    };
    Some(Currency::Named(named))
}

fn after_amount(tokens: &[Token], at: usize) -> Option<Currency> {
    match word(tokens, at) {
        "€" | "euro" | "euros" | "eur" => Some(Currency::Named("EUR")),
        "reais" | "real" | "brl" => Some(Currency::Named("BRL")),
        "dollar" | "dollars" | "dolares" | "usd" => Some(Currency::Named("USD")),
        "pounds" | "quid" | "£" | "gbp" => Some(Currency::Named("GBP")),
        "franken" | "chf" => Some(Currency::Named("CHF")),
        "$" | "pesos" | "bucks" | "contos" | "conto" | "pila" | "piso" => Some(Currency::Any),
        other => is(other, &CODES).then_some(Currency::Any),
    }
}

/// The prices said in tokens.
pub fn prices(tokens: &[Token]) -> Vec<SaidPrice> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let digits = tokens[at].kind == Kind::Number;
        let read = amount(tokens, at).or_else(|| {
            (!digits).then(|| spelled(tokens, at)).flatten().map(|(whole, len)| (u64::from(whole) * 100, len))
        });
        let article =
            (!digits && is(word(tokens, at), &["a", "einhundert"]) && word(tokens, at + 1) == "hundred")
                .then_some((10_000, 2));
        let Some((cents, len)) = read.or(article) else {
            at += 1;
            continue;
        };
        let currency = after_amount(tokens, at + len).or_else(|| before_amount(tokens, at));
        let currency = currency.or_else(|| bare(tokens, at, at + len).then_some(Currency::Any));
        found.extend(currency.map(|currency| SaidPrice { cents, currency }));
        at += len;
    }
    found
}

/// A number without a currency that is a price by the verb before it.
fn bare(tokens: &[Token], at: usize, end: usize) -> bool {
    let only =
        ["so", "apenas", "solo", "nur", "only", "just", "em", "por", "de", "a", "is", "ist", "es", "e"];
    let lead = (1..=2).find(|back| !is(before(tokens, at, *back), &only)).unwrap_or(3);
    let verb = is(before(tokens, at, lead), &COSTS);
    let follows = tokens.get(end).is_none_or(|next| {
        next.kind == Kind::Sign || is(&next.word, &["e", "y", "und", "and", "com", "con", "mit", "with"])
    });
    verb && follows && !is(word(tokens, end), &UNITS)
}

/// Whether a percentage is denied: the `not` stands before it.
pub fn denied(tokens: &[Token]) -> bool {
    let sign = tokens
        .iter()
        .position(|token| is(&token.word, &["%", "percent", "prozent", "porcento", "cento", "ciento"]));
    has(&tokens[..sign.unwrap_or(tokens.len())], &NEGATIVE)
}

/// The percentages said in tokens.
pub fn percents(tokens: &[Token]) -> Vec<u32> {
    let sign = |at: usize| {
        is(word(tokens, at), &["%", "percent", "prozent", "porcento"])
            || word(tokens, at) == "por" && is(word(tokens, at + 1), &["cento", "ciento"])
    };
    let digits = (0..tokens.len()).filter(|at| sign(at + 1)).filter_map(|at| value(tokens, at));
    let words = (0..tokens.len())
        .filter_map(|at| spelled(tokens, at).filter(|(_, len)| sign(at + len)))
        .map(|(n, _)| n);
    digits.chain(words).collect()
}
