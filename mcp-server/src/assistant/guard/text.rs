//! A text as the guard reads it: words without accents or decoration, in sentences and clauses.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Letters.
    Word,
    /// Digits.
    Number,
    /// Any other sign.
    Sign,
}

/// One word, number or sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// As written, without decoration.
    pub raw: String,
    /// Lower case without accents.
    pub word: String,
    /// Whether a space stands before it.
    pub spaced: bool,
}

impl Token {
    /// The value of a number of at most six digits.
    pub fn value(&self) -> Option<u32> {
        (self.kind == Kind::Number && self.raw.len() <= 6).then(|| self.raw.parse().ok()).flatten()
    }

    /// Whether it begins with a capital letter.
    pub fn capital(&self) -> bool {
        self.kind == Kind::Word && self.raw.chars().next().is_some_and(char::is_uppercase)
    }
}

/// The word at a place; empty beyond the ends.
pub fn word(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.word.as_str())
}

/// The word `back` places before one; empty beyond the ends.
pub fn before(tokens: &[Token], at: usize, back: usize) -> &str {
    at.checked_sub(back).map_or("", |at| word(tokens, at))
}

/// The value of the number at a place.
pub fn value(tokens: &[Token], at: usize) -> Option<u32> {
    tokens.get(at).and_then(Token::value)
}

/// Letters that look alike made one; what only decorates is dropped.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '\u{300}'..='\u{36f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{20e3}'
        | '\u{ad}'
        | '\u{feff}'
        | '*'
        | '~' => return None,
        '_' => ' ',
        '\u{2019}' | '\u{2018}' | '`' | '´' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '：' => ':',
        '０'..='９' => digit(c, '０'),
        '\u{1d7ce}'..='\u{1d7ff}' => char::from_digit((u32::from(c) - 0x1_d7ce) % 10, 10).unwrap_or(c),
        _ => c,
    })
}

fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c).wrapping_sub(u32::from(zero)) % 10, 10).unwrap_or(c)
}

/// Lower case without accents; `ß` is `ss`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().filter_map(plain).flat_map(char::to_lowercase) {
        match c {
            'á' | 'à' | 'â' | 'ã' | 'ä' => folded.push('a'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'í' | 'ì' | 'î' | 'ï' => folded.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' | 'ö' => folded.push('o'),
            'ú' | 'ù' | 'û' | 'ü' => folded.push('u'),
            'ç' => folded.push('c'),
            'ñ' => folded.push('n'),
            'ß' => folded.push_str("ss"),
            '\u{300}'..='\u{36f}' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// The tokens of a text. A line's end is the sign `\n`; an apostrophe belongs to its word.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    let mut spaced = true;
    for c in text.chars().filter_map(plain) {
        if c.is_whitespace() && c != '\n' {
            spaced = true;
            continue;
        }
        let kind = if c.is_ascii_digit() {
            Kind::Number
        } else if c.is_alphabetic() || c == '\'' {
            Kind::Word
        } else {
            Kind::Sign
        };
        match all.last_mut() {
            Some(last) if !spaced && kind != Kind::Sign && last.kind == kind => last.raw.push(c),
            _ => all.push(Token { kind, raw: c.to_string(), word: String::new(), spaced }),
        }
        spaced = c == '\n';
    }
    for token in &mut all {
        token.word = fold(&token.raw);
    }
    meridiems(all)
}

/// `p.m.` as one word.
fn meridiems(mut all: Vec<Token>) -> Vec<Token> {
    for at in 0.. {
        if at >= all.len() {
            break;
        }
        let dotted =
            matches!(word(&all, at), "a" | "p") && word(&all, at + 1) == "." && word(&all, at + 2) == "m";
        if dotted {
            let end = at + if word(&all, at + 3) == "." { 4 } else { 3 };
            all.drain(at + 1..end);
            all[at].word.push('m');
        }
    }
    all
}

/// A sentence: its tokens without what ends it, and whether it asks.
#[derive(Clone, Debug)]
pub struct Sentence<'a> {
    /// Its tokens.
    pub tokens: &'a [Token],
    /// Ends with a question mark.
    pub asks: bool,
}

/// The sentences of a text.
pub fn sentences(tokens: &[Token]) -> Vec<Sentence<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    for at in 0..tokens.len() {
        if ends(tokens, at) {
            if at > from {
                found.push(Sentence { tokens: &tokens[from..at], asks: word(tokens, at) == "?" });
            }
            from = at + 1;
        }
    }
    if from < tokens.len() {
        found.push(Sentence { tokens: &tokens[from..], asks: false });
    }
    found
}

const MONTH_STARTS: [&str; 24] = [
    "jan", "feb", "fev", "mar", "apr", "abr", "mai", "may", "jun", "jul", "aug", "ago", "sep", "set", "oct",
    "okt", "out", "nov", "dec", "dez", "dic", "ene", "febr", "sept",
];

fn ends(tokens: &[Token], at: usize) -> bool {
    match word(tokens, at) {
        "!" | "?" | "\n" | ";" | "¿" | "¡" => true,
        "." => {
            let Some(next) = tokens.get(at + 1) else { return true };
            let after_number = at > 0 && tokens[at - 1].kind == Kind::Number;
            let month = MONTH_STARTS.iter().any(|start| next.word.starts_with(start));
            let abbreviation = matches!(
                before(tokens, at, 1),
                "dr" | "dra" | "sr" | "sra" | "srta" | "av" | "nr" | "tel" | "mr" | "mrs" | "ms" | "prof"
            );
            let inside = !next.spaced && next.kind != Kind::Sign;
            let ordinal = after_number
                && (matches!(next.word.as_str(), "," | ".")
                    || month
                    || !next.capital() && next.kind == Kind::Word);
            !(inside || ordinal || abbreviation || !next.spaced && next.word == ",")
        }
        _ => false,
    }
}

/// The clauses of a sentence: what stands before and after a `but`.
pub fn clauses(tokens: &[Token]) -> Vec<&[Token]> {
    tokens
        .split(|token| {
            matches!(
                token.word.as_str(),
                "mas" | "porem" | "pero" | "sino" | "aber" | "sondern" | "but" | "though"
            )
        })
        .filter(|clause| !clause.is_empty())
        .collect()
}

/// Whether one of some words stands in the tokens. A `*` at a word's end stands for any ending.
pub fn has(tokens: &[Token], words: &[&str]) -> bool {
    tokens.iter().any(|token| is(&token.word, words))
}

/// Whether a word is one of some.
pub fn is(word: &str, words: &[&str]) -> bool {
    words.iter().any(|one| one.strip_suffix('*').map_or(*one == word, |start| word.starts_with(start)))
}
