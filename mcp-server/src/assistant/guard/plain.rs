//! What a text is read without: courtesies that say `no` and mean nothing by it, and the Portuguese `no`, which is `em o`.

use super::text::{Kind, Token, has, word};

/// Courtesies, by their words. What stands beside them is not excused by their `no`.
const COURTESIES: [&[&str]; 40] = [
    &["sem", "problema", "nenhum"],
    &["sem", "problema"],
    &["sem", "problemas"],
    &["sem", "stress"],
    &["sem", "estresse"],
    &["sem", "pressa"],
    &["nao", "se", "preocupe"],
    &["nao", "precisa", "se", "preocupar"],
    &["nao", "tem", "problema"],
    &["nao", "ha", "problema"],
    &["nao", "ha", "de", "que"],
    &["sin", "problema"],
    &["sin", "problemas"],
    &["sin", "prisa"],
    &["no", "te", "preocupes"],
    &["no", "se", "preocupe"],
    &["no", "hay", "problema"],
    &["no", "hay", "de", "que"],
    &["no", "pasa", "nada"],
    &["de", "nada"],
    &["por", "nada"],
    &["kein", "problem"],
    &["keine", "sorge"],
    &["keine", "ursache"],
    &["keine", "eile"],
    &["kein", "stress"],
    &["kein", "thema"],
    &["nicht", "schlimm"],
    &["gar", "nicht", "schlimm"],
    &["macht", "nichts"],
    &["das", "macht", "nichts"],
    &["no", "worries"],
    &["no", "problem", "at", "all"],
    &["no", "problem"],
    &["no", "stress"],
    &["no", "rush"],
    &["no", "hurry"],
    &["don't", "worry"],
    &["not", "to", "worry"],
    &["not", "a", "problem"],
];

/// Words that no other of the four languages has.
const PORTUGUESE: [&str; 25] = [
    "voce", "vc", "voces", "seu", "sua", "seus", "suas", "com", "nao", "pra", "tem", "temos", "tenho", "foi",
    "ja", "mais", "ao", "uma", "pelo", "pela", "amanha", "terca", "quarta", "quinta", "sexta",
];

/// The tokens without what must not be taken for a negation.
pub fn plain(tokens: &[Token]) -> Vec<Token> {
    let portuguese = has(tokens, &PORTUGUESE);
    let mut kept: Vec<Token> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if let Some(len) = courtesy(tokens, at, kept.last()) {
            at += len;
            continue;
        }
        let mut token = tokens[at].clone();
        let noun = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word);
        if portuguese && noun && token.word == "no" {
            "em".clone_into(&mut token.word);
        }
        kept.push(token);
        at += 1;
    }
    kept
}

/// The length of a courtesy that stands for itself, with the comma or dash behind it.
fn courtesy(tokens: &[Token], at: usize, before: Option<&Token>) -> Option<usize> {
    if before.is_some_and(|before| before.kind != Kind::Sign) {
        return None;
    }
    let words = COURTESIES
        .iter()
        .filter(|words| words.iter().enumerate().all(|(n, one)| word(tokens, at + n) == *one));
    let len = words.map(|words| words.len()).max()?;
    match tokens.get(at + len) {
        None => Some(len),
        Some(next) if matches!(next.word.as_str(), "," | "-" | ":") => Some(len + 1),
        Some(next) => (next.kind == Kind::Sign).then_some(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistant::guard::text::tokens;

    fn read(text: &str) -> String {
        plain(&tokens(text)).iter().map(|token| token.word.clone()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_courtesy_is_no_negation_and_neither_is_the_portuguese_article() {
        for (text, kept) in [
            ("No worries, I moved it.", "i moved it ."),
            ("Ist notiert, keine Sorge!", "ist notiert , !"),
            ("Sem problema nenhum 😊 mudei", "😊 mudei"),
            ("Você ganha 10% no corte", "voce ganha 10 % em corte"),
            ("No tengo hueco", "no tengo hueco"),
            ("There is no problem with that", "there is no problem with that"),
        ] {
            assert_eq!(read(text), kept, "{text}");
        }
    }
}
