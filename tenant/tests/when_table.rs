//! What people mean, case by case: `data/when.tsv`. The same table is checked by `oracle/when.py`, which wrote the
//! last column.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp, Zoned, civil::DateTime};
use mcp_tenant::when::{Resolved, When, WhenError, WhenReason};

const TABLE: &str = include_str!("data/when.tsv");

fn as_text(answer: Result<Resolved, WhenError>) -> String {
    let found = match answer {
        Ok(found) => found,
        Err(wrong) => {
            assert!(wrong.to_string().len() > 10, "a sentence");
            return serde_json::to_value(wrong.reason()).unwrap().as_str().unwrap().to_owned();
        }
    };
    let window = &found.window;
    let days = if window.first == window.last {
        window.first.to_string()
    } else {
        format!("{}..{}", window.first, window.last)
    };
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let utc = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%MZ").to_string();
    let other = found.other.map(|other| format!(" not {other}")).unwrap_or_default();
    let (from, to) = (utc(found.stretch.from), utc(found.stretch.to));
    format!("{days} {}-{} {from}/{to}{other}", clock(window.from), clock(window.to))
}

#[test]
fn every_wish_of_the_table_means_what_the_table_says() {
    let (mut rows, mut wrong) = (0, Vec::new());
    for row in TABLE.lines().filter(|row| !row.starts_with('#')) {
        let [now, closing, when, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("not four columns: {row}")
        };
        let now: Zoned = now.parse().unwrap();
        let closing = (closing != "-").then(|| closing.parse::<DateTime>().unwrap());
        let when: When = serde_json::from_str(when).unwrap();
        let found = as_text(when.resolve(&now, closing));
        if found != expected {
            wrong.push(format!("{row}\n    found {found}"));
        }
        rows += 1;
    }
    assert!(rows >= 200, "only {rows} rows");
    assert!(wrong.is_empty(), "{} of {rows}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn refusals_name_their_reason_in_a_sentence_and_have_one_code() {
    let now: Zoned = "2026-11-21T10:00:00-03:00[America/Sao_Paulo]".parse().unwrap();
    let said = |when: &str| {
        let when: When = serde_json::from_str(when).unwrap();
        let wrong = when.resolve(&now, None).unwrap_err();
        (wrong.code(), wrong.reason(), wrong.to_string())
    };
    assert_eq!(
        said(r#"{"day": 27, "month": 11, "weekday": "thu"}"#),
        (
            "validation",
            WhenReason::Contradiction,
            "2026-11-27 is not a Thursday, it is a Friday: ask the customer which of the two is meant".into()
        )
    );
    assert!(said(r#"{"day": 20, "month": 11}"#).2.starts_with("2026-11-20 is over"));
    assert!(said(r#"{"day": 31, "month": 4}"#).2.starts_with("day 31 of month 4 does not exist"));
}

#[test]
fn one_day_and_one_time_are_a_start_that_is_wanted() {
    let now: Zoned = "2026-11-21T10:00:00-03:00[America/Sao_Paulo]".parse().unwrap();
    let exact = |when: &str| serde_json::from_str::<When>(when).unwrap().resolve(&now, None).unwrap().exact;
    let three = now.timestamp() + SignedDuration::from_hours(24 + 5);
    assert_eq!(exact(r#"{"offset_days": 1, "at": "15:00"}"#), Some(three));
    assert_eq!(exact(r#"{"offset_days": 1, "from": "15:00", "to": "15:00"}"#), Some(three));
    assert_eq!(exact(r#"{"offset_days": 1, "from": "15:00"}"#), None);
    assert_eq!(exact(r#"{"week": 1, "at": "15:00"}"#), None);
}
