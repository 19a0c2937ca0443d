use super::*;

#[test]
fn a_message_is_known_by_its_language_or_not_at_all() {
    let mut wrong = Vec::new();
    let lines = include_str!("lines.txt");
    for line in lines.lines() {
        let (tag, text) = line.split_once(' ').unwrap_or((line, ""));
        let wanted = (tag != "-").then(|| Language::of(tag));
        let found = detect(text);
        if found != wanted {
            wrong.push(format!("{text}: {found:?}, not {wanted:?}"));
        }
    }
    assert!(lines.lines().count() >= 200);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_conversation_keeps_its_language_until_another_one_is_clear() {
    use Language::{English, German, Portuguese, Spanish};
    let spoken = [Portuguese, Spanish];
    assert_eq!(conversation("ok", None, &spoken), Portuguese);
    assert_eq!(conversation("ok", Some(Spanish), &spoken), Spanish);
    assert_eq!(conversation("hola, quiero una cita", Some(Portuguese), &spoken), Spanish);
    // A language the business does not speak changes nothing.
    assert_eq!(conversation("ich möchte einen Termin", Some(Spanish), &spoken), Spanish);
    assert_eq!(conversation("hello", Some(German), &spoken), Portuguese);
    assert_eq!(conversation("hello", None, &[]), English);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,300}") {
        let _ = detect(&text);
    }
}
