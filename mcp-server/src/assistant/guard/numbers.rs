//! Numbers in words, in four languages at once. Words that are articles too (`um`, `una`, `ein`) are none.

use std::{collections::HashMap, sync::LazyLock};

use super::text::{Kind, Token, before, value, word};

const UNITS: [&[&str]; 20] = [
    &["zero", "cero", "null"],
    &["eins", "one"],
    &["dois", "duas", "dos", "zwei", "two"],
    &["tres", "drei", "three"],
    &["quatro", "cuatro", "vier", "four"],
    &["cinco", "funf", "five"],
    &["seis", "sechs", "six"],
    &["sete", "siete", "sieben", "seven"],
    &["oito", "ocho", "acht", "eight"],
    &["nove", "nueve", "neun", "nine"],
    &["dez", "diez", "zehn", "ten"],
    &["onze", "once", "elf", "eleven"],
    &["doze", "doce", "zwolf", "twelve"],
    &["treze", "trece", "dreizehn", "thirteen"],
    &["quatorze", "catorze", "catorce", "vierzehn", "fourteen"],
    &["quinze", "quince", "funfzehn", "fifteen"],
    &["dezesseis", "dieciseis", "sechzehn", "sixteen"],
    &["dezessete", "diecisiete", "siebzehn", "seventeen"],
    &["dezoito", "dieciocho", "achtzehn", "eighteen"],
    &["dezenove", "diecinueve", "neunzehn", "nineteen"],
];
const TENS: [&[&str]; 8] = [
    &["vinte", "veinte", "zwanzig", "twenty"],
    &["trinta", "treinta", "dreissig", "thirty"],
    &["quarenta", "cuarenta", "vierzig", "forty"],
    &["cinquenta", "cincuenta", "funfzig", "fifty"],
    &["sessenta", "sesenta", "sechzig", "sixty"],
    &["setenta", "siebzig", "seventy"],
    &["oitenta", "ochenta", "achtzig", "eighty"],
    &["noventa", "neunzig", "ninety"],
];
const HUNDREDS: [&[&str]; 9] = [
    &["cem", "cento", "cien", "ciento", "hundert", "einhundert", "hundred"],
    &["duzentos", "duzentas", "doscientos", "zweihundert"],
    &["trezentos", "trescientos", "dreihundert"],
    &["quatrocentos", "cuatrocientos", "vierhundert"],
    &["quinhentos", "quinientos", "funfhundert"],
    &["seiscentos", "seiscientos", "sechshundert"],
    &["setecentos", "setecientos", "siebenhundert"],
    &["oitocentos", "ochocientos", "achthundert"],
    &["novecentos", "novecientos", "neunhundert"],
];

/// Every word of the tables with its value: a text has thousands of words, and most are none of these.
static WORDS: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let units = (0..).zip(UNITS);
    let tens = (20..).step_by(10).zip(TENS);
    let hundreds = (100..).step_by(100).zip(HUNDREDS);
    let thousand: &[&str] = &["mil", "tausend", "eintausend", "thousand"];
    let all = units.chain(tens).chain(hundreds).chain([(1000, thousand)]);
    all.flat_map(|(value, words)| words.iter().map(move |word| (*word, value))).collect()
});

fn listed(word: &str) -> Option<u32> {
    WORDS.get(word).copied()
}

fn unit(word: &str) -> Option<u32> {
    listed(word).filter(|value| *value < 20)
}

fn ten(word: &str) -> Option<u32> {
    listed(word).filter(|value| (20..100).contains(value))
}

fn simple(word: &str) -> Option<u32> {
    listed(word).or_else(|| compound(word))
}

/// `funfundzwanzig`, `hundertzwanzig`, `veinticinco`.
fn compound(word: &str) -> Option<u32> {
    if let Some(rest) = word.strip_prefix("veinti") {
        return unit(rest).filter(|unit| (1..10).contains(unit)).map(|unit| 20 + unit);
    }
    if let Some((head, rest)) = word.split_once("hundert") {
        let head = if head.is_empty() { 1 } else { unit(head)? };
        let rest = rest.strip_prefix("und").unwrap_or(rest);
        return Some(head * 100 + if rest.is_empty() { 0 } else { below_hundred(rest)? });
    }
    below_hundred(word)
}

fn below_hundred(word: &str) -> Option<u32> {
    if let Some(value) = unit(word).or_else(|| ten(word)) {
        return Some(value);
    }
    let (one, tens) = word.split_once("und")?;
    let one = if one == "ein" { 1 } else { unit(one).filter(|unit| *unit < 10)? };
    Some(ten(tens)? + one)
}

/// A number in words that begins at a place, and how many tokens it takes.
pub fn spelled(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    let mut total = simple(word(tokens, at))?;
    let mut len = 1;
    loop {
        // `forty-five`, `oitenta e cinco`, `two hundred and ten`.
        let joined = matches!(word(tokens, at + len), "e" | "y" | "and" | "-");
        let next = at + len + usize::from(joined);
        let Some(more) = simple(word(tokens, next)) else { break };
        let english = matches!(word(tokens, next), "hundred" | "thousand");
        if english && total < 100 && !joined {
            total *= more;
        } else if english && more == 1000 && !joined {
            total = total.saturating_mul(1000);
        } else if fits(total, more) {
            total += more;
        } else {
            break;
        }
        len = next + 1 - at;
    }
    Some((total, len))
}

/// Whether a number in words may be continued by a smaller one: twenty by three, a hundred by twenty.
fn fits(total: u32, more: u32) -> bool {
    let tens = total % 100 >= 20 && total.is_multiple_of(10);
    (tens && (1..10).contains(&more))
        || (total.is_multiple_of(100) && total > 0 && more < 100 && more > 0 && !total.is_multiple_of(1000))
        || (total.is_multiple_of(1000) && total > 0 && more < 1000 && more > 0)
}

/// A number in digits or words.
pub fn number(tokens: &[Token], at: usize) -> Option<(u32, usize)> {
    value(tokens, at).map(|value| (value, 1)).or_else(|| spelled(tokens, at))
}

/// An amount in digits, in hundredths, and how many tokens it takes: `1.200,00`, `45,50`, `40`.
pub fn amount(tokens: &[Token], at: usize) -> Option<(u64, usize)> {
    let first = tokens.get(at).filter(|token| token.kind == Kind::Number && token.raw.len() <= 9)?;
    // The tail of a number is none of its own.
    if matches!(before(tokens, at, 1), "." | ",")
        && !first.spaced
        && at >= 2
        && tokens[at - 2].kind == Kind::Number
    {
        return None;
    }
    let mut groups: Vec<&str> = vec![&first.raw];
    let mut len = 1;
    while let (Some(sign), Some(digits)) = (tokens.get(at + len), tokens.get(at + len + 1)) {
        let joined = matches!(sign.word.as_str(), "." | ",") && !sign.spaced && !digits.spaced;
        if !joined || digits.kind != Kind::Number || digits.raw.len() > 3 || groups.len() > 3 {
            break;
        }
        groups.push(&digits.raw);
        len += 2;
    }
    // The last separator is a decimal one where one or two digits follow it; every other one groups thousands.
    let cents = match groups.last() {
        Some(last) if groups.len() > 1 && last.len() <= 2 => {
            let cents = format!("{last:0<2}").parse().ok()?;
            groups.pop();
            cents
        }
        _ => 0,
    };
    let whole: u64 = groups.concat().parse().ok()?;
    Some((whole.saturating_mul(100).saturating_add(cents), len))
}
