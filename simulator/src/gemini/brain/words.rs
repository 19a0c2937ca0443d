//! Text as words: lower case, without accents, so that "Terça-feira, às 15h!" can be looked up.

/// A text and its words. Both have one folded character per original character.
pub(crate) struct Words {
    original: Vec<char>,
    folded: Vec<char>,
    list: Vec<String>,
}

impl Words {
    pub fn of(text: &str) -> Self {
        let original: Vec<char> = text.chars().collect();
        let folded: Vec<char> = original.iter().map(|character| fold(*character)).collect();
        let folded_text: String = folded.iter().collect();
        let list = folded_text
            .split(|character: char| !(character.is_alphanumeric() || ":/.".contains(character)))
            .map(|word| word.trim_matches([':', '/', '.']).to_owned())
            .filter(|word| !word.is_empty())
            .collect();
        Self { original, folded, list }
    }

    pub fn list(&self) -> &[String] {
        &self.list
    }

    pub fn has(&self, word: &str) -> bool {
        self.list.iter().any(|own| own == word)
    }

    pub fn has_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.has(word))
    }

    /// Whether these words stand one after the other.
    pub fn has_phrase(&self, phrase: &str) -> bool {
        self.position(phrase).is_some()
    }

    /// The same without this phrase.
    pub fn without(&self, phrase: &str) -> Self {
        let mut list = self.list.clone();
        if let Some(at) = self.position(phrase) {
            list.drain(at..at + phrase.split(' ').count());
        }
        Self { original: self.original.clone(), folded: self.folded.clone(), list }
    }

    /// The original text after this phrase, up to the end of the clause.
    pub fn clause_after(&self, phrase: &str) -> Option<String> {
        let phrase: Vec<char> = phrase.chars().collect();
        let at = self.folded.windows(phrase.len()).position(|window| window == phrase)? + phrase.len();
        let clause: String = self
            .original
            .get(at..)?
            .iter()
            .take_while(|character| !",.;!?\n".contains(**character))
            .collect();
        Some(clause.trim().to_owned()).filter(|clause| !clause.is_empty())
    }

    fn position(&self, phrase: &str) -> Option<usize> {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        self.list.windows(phrase.len()).position(|window| window == phrase.as_slice())
    }
}

/// Whether two words come from one stem: "cortar" and "corte", "hair" and "haircut".
pub(crate) fn related(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let shorter = one.chars().count().min(other.chars().count());
    one == other || (common >= 4 && common + 2 >= shorter)
}

fn fold(character: char) -> char {
    match character.to_lowercase().next().unwrap_or(character) {
        'á' | 'à' | 'â' | 'ã' | 'ä' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'ì' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        'ß' => 's',
        other => other,
    }
}
