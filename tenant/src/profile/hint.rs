//! What a person most likely did where a text is neither YAML nor JSON. The reader's own words are about its grammar;
//! whoever keeps a shop thinks in lines.

use crate::validate::{Place, short};

/// A line with its number, from 1.
type Line<'a> = (usize, &'a str);

/// What is wrong near the place where the reader gave up, if that can be told.
pub(super) fn hint(text: &str, at: Place) -> Option<String> {
    let number = usize::try_from(at.line).ok()?;
    // The reader notices some things a line early, and most a line late.
    let lines: Vec<Line<'_>> = (1..).zip(text.lines()).take(number.saturating_add(1)).collect();
    let here = *lines.get(number.checked_sub(1)?)?;
    let before = lines.iter().take(number - 1).rev().find(|(_, line)| says_something(line)).copied();
    let near = before.into_iter().chain([here]);
    let after = lines.get(number).copied();
    near.clone()
        .chain(after)
        .find_map(merge)
        .or_else(|| near.clone().chain(after).find_map(tab))
        .or_else(|| near.clone().find_map(open_quote))
        .or_else(|| near.clone().find_map(open_bracket))
        .or_else(|| field(here))
        .or_else(|| indentation(before?, here))
}

fn says_something(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

fn merge((number, line): Line<'_>) -> Option<String> {
    let left = ["<<<<<<<", "=======", ">>>>>>>"].into_iter().find(|mark| line.starts_with(mark))?;
    Some(format!(
        "line {number}, `{left}`, is left over from joining two versions: keep one and remove the marks"
    ))
}

fn tab((number, line): Line<'_>) -> Option<String> {
    let space = line.len() - line.trim_start().len();
    let tab = line.get(..space)?.contains('\t');
    tab.then(|| format!("line {number} is indented with a tab: use spaces"))
}

fn open_quote((number, line): Line<'_>) -> Option<String> {
    let (mut open, mut escaped) = (false, false);
    for c in line.chars() {
        open ^= c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
    }
    open.then(|| format!("line {number} has a quote (\") that is not closed"))
}

fn open_bracket((number, line): Line<'_>) -> Option<String> {
    let (mut open, mut quoted) = (Vec::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => open.push(c),
            ']' | '}' if !quoted => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop().map(|bracket| format!("line {number} opens `{bracket}` and does not close it"))
}

/// The name and the rest of a line that is meant to be a field.
fn field((number, line): Line<'_>) -> Option<String> {
    let content = without_dashes(line).trim_end();
    let Some((name, value)) = content.split_once(':') else {
        let plain = says_something(content) && content == line.trim();
        return plain.then(|| format!("line {number} has no colon: a field is written like `name: value`"));
    };
    if value.starts_with(|c: char| c != ' ') {
        let (name, value) = (short(name), short(value));
        return Some(format!(
            "a space is missing behind the colon in line {number}: write `{name}: {value}`"
        ));
    }
    let value = value.trim_start();
    let quoted = value.starts_with(['"', '\'', '[', '{', '|', '>', '#']);
    (value.contains(": ") && !quoted).then(|| {
        format!("line {number} has a second colon: put quotes around what stands behind the first one")
    })
}

/// Fields of one thing begin in one column; the dash of a list is part of the way there.
fn indentation((above, earlier): Line<'_>, (number, line): Line<'_>) -> Option<String> {
    let column = |line: &str| line.chars().count() - without_dashes(line).chars().count();
    let (a, b) = (column(earlier), column(line));
    (a != b).then(|| {
        format!(
            "line {number} begins behind {b} spaces, line {above} behind {a}: what belongs to one thing begins in one \
             column"
        )
    })
}

fn without_dashes(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some(inner) = rest.strip_prefix("- ") {
        rest = inner.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use crate::{
        Profile,
        profile::{Mode, ReadError},
    };

    const GOOD: &str = include_str!("../testdata/barbershop.yaml");

    /// What is said of the profile with a mistake in it.
    fn told(right: &str, wrong: &str) -> String {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{right}");
        match Profile::read(&text, Mode::Strict) {
            Err(ReadError::Syntax(finding)) => finding.message,
            other => panic!("{wrong}: {other:?}"),
        }
    }

    #[test]
    fn who_mistypes_is_told_the_line_and_what_to_do() {
        for (right, wrong, expected) in [
            ("    name: {pt-BR: Corte", "\tname: {pt-BR: Corte", "line 12 is indented with a tab"),
            ("    duration: 45m", "   duration: 45m", "line 13 begins behind 3 spaces, line 12 behind 4"),
            ("    duration: 45m", "      duration: 45m", "line 13 begins behind 6 spaces, line 12 behind 4"),
            ("  currency: BRL", "    currency: BRL", "line 7 begins behind 4 spaces, line 6 behind 2"),
            ("  currency: BRL", "currency: BRL", "line 8 begins behind 2 spaces, line 7 behind 0"),
            ("  currency: BRL", "  currency BRL", "line 7 has no colon"),
            ("  currency: BRL", "  currency:BRL", "behind the colon in line 7: write `currency: BRL`"),
            ("[ze, rui]", "[ze, rui", "line 16 opens `[`"),
            ("price: \"80.00\"", "price: \"80.00", "line 14 has a quote"),
            ("Barbearia do Zé", "Barbearia: do Zé", "line 4 has a second colon: put quotes"),
            ("business:", "<<<<<<< HEAD\nbusiness:", "line 2, `<<<<<<<`, is left over"),
        ] {
            let message = told(right, wrong);
            assert!(message.contains(expected), "{wrong:?}: {message}");
        }
    }

    #[test]
    fn where_nothing_is_known_the_reader_has_the_word() {
        let message = told("[ze, rui]", "[ze, rui]]");
        assert!(message.starts_with("this is neither YAML nor JSON: "), "{message}");
    }
}
