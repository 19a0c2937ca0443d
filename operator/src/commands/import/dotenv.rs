//! Files of variables, as the older platform wrote and people edited them.

use std::path::Path;

use super::ImportError;
use crate::{commands::documents, manifests::Confidential};

/// The variables of a file in its order.
#[derive(Debug)]
pub struct Variables(pub Vec<(String, Confidential<String>)>);

/// Why a file of variables cannot be read. No value is ever told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DotenvError {
    /// A line without `=`.
    #[error("line {0} is none of: NAME=value, a comment, an empty line")]
    NoVariable(usize),
    /// A quote or a key that is never closed.
    #[error("{name} in line {line} begins a text that never ends: close its quote, or complete the key")]
    Open {
        /// Which variable.
        name: String,
        /// Where.
        line: usize,
    },
    /// A variable stands twice.
    #[error("{name} stands in lines {first} and {second}: remove one of them")]
    Twice {
        /// Which.
        name: String,
        /// Where first.
        first: usize,
        /// Where again.
        second: usize,
    },
}

/// Reads a file of variables.
pub fn read(file: &Path) -> Result<Variables, ImportError> {
    let text = documents::text_of(file)?;
    parse(&text).map_err(|source| ImportError::Dotenv { path: file.display().to_string(), source })
}

/// Reads variables: `export` in front, quotes of both kinds, comments, values over several lines in quotes, and a key
/// in PEM over several lines without.
pub fn parse(text: &str) -> Result<Variables, DotenvError> {
    let mut variables: Vec<(String, Confidential<String>)> = Vec::new();
    let mut places = Vec::new();
    let mut lines = text.trim_start_matches('\u{feff}').lines().zip(1_usize..);
    while let Some((line, number)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or(DotenvError::NoVariable(number))?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(DotenvError::NoVariable(number));
        }
        let mut value = value.trim().to_owned();
        while is_open(&value) {
            let Some((more, _)) = lines.next() else {
                return Err(DotenvError::Open { name: name.to_owned(), line: number });
            };
            value.push('\n');
            value.push_str(more);
        }
        if let Some((_, first)) = places.iter().find(|(known, _)| known == name) {
            return Err(DotenvError::Twice { name: name.to_owned(), first: *first, second: number });
        }
        places.push((name.to_owned(), number));
        variables.push((name.to_owned(), Confidential(unquoted(&value))));
    }
    Ok(Variables(variables))
}

fn is_open(value: &str) -> bool {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => end_of_quote(value, quote).is_none(),
        _ => value.starts_with("-----BEGIN ") && !value.contains("-----END "),
    }
}

/// Where a quoted value's closing quote stands.
fn end_of_quote(value: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    value.char_indices().skip(1).find_map(|(index, c)| {
        let closes = c == quote && !escaped;
        escaped = quote == '"' && c == '\\' && !escaped;
        closes.then_some(index)
    })
}

fn unquoted(value: &str) -> String {
    let inside = |quote| end_of_quote(value, quote).and_then(|end| value.get(1..end));
    match value.chars().next() {
        Some('\'') => inside('\'').unwrap_or(value).to_owned(),
        Some('"') => {
            let mut text = String::new();
            let mut characters = inside('"').unwrap_or(value).chars();
            while let Some(c) = characters.next() {
                match (c, c == '\\') {
                    (_, true) => match characters.next() {
                        Some('n') => text.push('\n'),
                        Some('r') => text.push('\r'),
                        Some('t') => text.push('\t'),
                        Some(other) => text.push(other),
                        None => text.push('\\'),
                    },
                    (c, false) => text.push(c),
                }
            }
            text
        }
        // A comment behind a value begins with a space: `#` alone may be part of a token.
        _ => value.split(" #").next().unwrap_or_default().trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap().0.into_iter().map(|(name, value)| (name, value.0)).collect()
    }

    #[test]
    fn variables_are_read_as_people_write_them() {
        let text = "# all\n\nA=plain # why\nexport B='single # quoted'\nC=\"two\\nlines \\\"x\\\"\"\nD=\nE=a#b=c\nF=\"x\ny\"  # end\n";
        let expected = [
            ("A", "plain"),
            ("B", "single # quoted"),
            ("C", "two\nlines \"x\""),
            ("D", ""),
            ("E", "a#b=c"),
            ("F", "x\ny"),
        ];
        assert_eq!(values(text), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_key_over_several_lines_needs_no_quotes() {
        let key = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----";
        assert_eq!(values(&format!("K={key}\nL=1\n"))[0].1, key);
        assert_eq!(
            values("K=-----BEGIN PRIVATE KEY-----\\nabc\\n-----END PRIVATE KEY-----\\n\nL=1\n").len(),
            2
        );
    }

    #[test]
    fn what_is_wrong_is_told_by_line_and_never_by_value() {
        let said = |text: &str| parse(text).unwrap_err().to_string();
        assert!(said("A=1\nA=secret").contains("A stands in lines 1 and 2"));
        assert!(said("A=1\nsecret").starts_with("line 2 is none of"));
        let open = said("A=\"secret\nB=2");
        assert!(open.contains("A in line 1") && !open.contains("secret"), "{open}");
    }
}
