//! Characters that people cannot see.

/// Texts that may have this many characters may have several lines; shorter ones are names and the like.
const SHORTEST_OF_LINES: u64 = 300;

/// Says what is wrong with a text that has characters which cannot be shown, or which turn the direction of the text
/// around them and so make it read otherwise than it is. `most` is the length the text may have.
pub(super) fn unseen(text: &str, most: u64) -> Option<String> {
    let refused = text.chars().find(|c| match c {
        '\n' | '\t' => most < SHORTEST_OF_LINES,
        // Embeddings, overrides and isolates of the bidirectional algorithm (UAX #9), and a byte order mark.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => true,
        c => c.is_control(),
    })?;
    Some(match refused {
        '\n' | '\t' => "has a line break or a tab: write it on one line".to_owned(),
        c => format!("has a character that cannot be shown (U+{:04X}): remove it", u32::from(c)),
    })
}

/// The beginning of a text, for a message about it.
pub(crate) fn short(text: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
