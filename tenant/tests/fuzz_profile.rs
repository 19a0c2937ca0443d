//! Arbitrary text through the reader and the validation: never a panic, never without an end.
//!
//! Each target runs for `FUZZ_SECONDS` (3 by default) from `FUZZ_SEED`; a failure prints both, and the input.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test that uses it")]

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use mcp_tenant::{
    Profile,
    profile::{BusinessType, Mode, ReadError},
    starter::{Language, starter},
    validate::{Code, validate},
};
use serde_json::{Map, Value, json};

/// `SplitMix64`: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    fn now(&mut self) -> Timestamp {
        match self.below(4) {
            0 => *self.one(&[Timestamp::MIN, Timestamp::MAX, Timestamp::UNIX_EPOCH]),
            // Anywhere in this century.
            _ => Timestamp::from_second(i64::try_from(self.next() % 3_155_760_000).unwrap()).unwrap(),
        }
    }
}

fn variable(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// Runs a target on inputs it makes itself until the time is up.
fn fuzz(target: &str, mut input: impl FnMut(&mut Random) -> String) {
    let seconds = Duration::from_secs(variable("FUZZ_SECONDS").unwrap_or(3));
    let seed = variable("FUZZ_SEED").unwrap_or(0x5eed);
    let (mut random, started) = (Random(seed), Instant::now());
    let (mut count, mut read, mut slowest) = (0_u64, 0_u64, Duration::ZERO);
    while started.elapsed() < seconds {
        let (text, now) = (input(&mut random), random.now());
        let begun = Instant::now();
        match catch_unwind(AssertUnwindSafe(|| check(&text, now))) {
            Ok(good) => read += u64::from(good),
            Err(panic) => {
                drop(panic);
                panic!("{target} fails at input {count} of FUZZ_SEED={seed}, now {now}:\n{text:?}")
            }
        }
        slowest = slowest.max(begun.elapsed());
        count += 1;
    }
    println!("{target}: {count} inputs from seed {seed}, {read} read; the slowest took {slowest:?}");
    assert!(count > 0);
}

/// What must hold for every text; whether it was read.
fn check(text: &str, now: Timestamp) -> bool {
    let strict = Profile::read(text, Mode::Strict);
    let lenient = match Profile::read(text, Mode::Lenient) {
        Ok(read) => read,
        Err(error) => {
            assert!(strict.is_err(), "strict takes what lenient refuses");
            let findings = error.into_findings();
            assert!(findings.iter().any(|finding| finding.is_error() && !finding.message.is_empty()));
            return false;
        }
    };
    match strict {
        Ok(strict) => {
            assert_eq!(strict.profile, lenient.profile);
            assert_eq!(lenient.ignored, Vec::<String>::new());
        }
        Err(ReadError::Shape(findings)) => {
            assert!(!lenient.ignored.is_empty());
            assert!(findings.iter().any(|finding| finding.code == Code::UnknownField));
        }
        Err(other) => panic!("only strict finds: {other}"),
    }
    let findings = lenient.locate(validate(&lenient.profile, now));
    assert!(findings.iter().all(|finding| finding.place.is_some_and(|place| place.line > 0)));
    // What stands in it is written and read again as it was.
    let written = serde_json::to_string(&lenient.profile).unwrap();
    if written.len() <= Profile::MAX_BYTES {
        assert_eq!(Profile::read(&written, Mode::Strict).unwrap().profile, lenient.profile);
    }
    true
}

fn corpus() -> Vec<Value> {
    let all =
        BusinessType::ALL.into_iter().flat_map(|kind| Language::ALL.map(|one| starter(kind, one).unwrap()));
    all.map(|profile| serde_json::to_value(profile).unwrap()).collect()
}

fn text_of(random: &mut Random, value: &Value) -> String {
    match random.below(3) {
        0 => value.to_string(),
        1 => format!("{value:#}"),
        _ => serde_yaml::to_string(value).unwrap_or_else(|_| value.to_string()),
    }
}

#[rustfmt::skip]
const WORDS: &[&str] = &[
    "", " ", "\u{0}", "\u{7}", "\n", "\u{202e}", "\u{feff}", "é", "💈", "0m", "366d", "99999999999d", "1h1h",
    "24:00", "00:00-24:00", "22:00-02:00", "23:59-00:00", "09:00-09:00", "9999-12-31", "-9999-01-01",
    "0001-01-01", "2027-02-29", "0.00", "999999999.99", "1e309", "-0", "NaN", ".inf", "null", "~", "yes", "UTC",
    "Etc/GMT+12", "Pacific/Apia", "Australia/Lord_Howe", "JPY", "opening", "owner-approves", "&a", "*a",
    "!!binary x", "<<", "{", "}", "[", "]", ": ", "- ", "#", "\"", "'", "|", ">", "---", "%YAML", "\t",
    "schemaVersion", "services", "pt-BR",
];

fn scalar(random: &mut Random) -> Value {
    match random.below(8) {
        0 => json!(random.next()),
        1 => json!(random.below(5)),
        2 => json!(-1),
        3 => json!(0.5),
        4 => Value::Null,
        5 => json!(random.next().is_multiple_of(2)),
        6 => json!("x".repeat(1 << random.below(12))),
        _ => json!(random.one(WORDS)),
    }
}

/// Texts of one form each: what fits one of a list is changed for another of it.
#[rustfmt::skip]
const FORMS: &[&[&str]] = &[
    &["0m", "1m", "15m", "25m", "1h", "24h", "1439m", "1d", "7d", "14d", "60d", "366d", "365d23h59m", "0d0h0m"],
    &["00:00-24:00", "00:00-00:01", "23:59-24:00", "22:00-02:00", "23:59-00:01", "09:00-12:00", "12:00-13:00"],
    &["-9999-01-01", "0001-01-01", "1970-01-01", "2026-11-20", "2026-12-20", "2027-03-28", "2027-10-31", "9999-12-31"],
    &["0", "0.00", "0.01", "80", "80.5", "999999999.99"],
    &["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia", "Etc/GMT-14", "Africa/Monrovia"],
    &["BRL", "JPY", "KWD", "XXX"],
    &["pt-BR", "es", "de", "en", "zz"],
];

/// A value that may well stand in the place of another.
fn similar(random: &mut Random, value: &Value) -> Value {
    match value {
        Value::Number(_) => {
            json!(random.one(&[0_i64, 1, 2, 3, 8, 100, 200, 1000, 10_000, i64::from(u32::MAX), i64::MAX]))
        }
        Value::String(text) => {
            let digits = |text: &str| {
                text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>()
            };
            let form = FORMS.iter().find(|form| form.iter().any(|one| digits(one) == digits(text)));
            match form {
                Some(form) => json!(random.one(form)),
                None => scalar(random),
            }
        }
        _ => scalar(random),
    }
}

/// Changes one place of a value: another scalar, more of the same, less, a field of another place.
fn mutate(random: &mut Random, value: &mut Value, donor: &Value) {
    match value {
        Value::Array(items) if !items.is_empty() && random.below(3) > 0 => {
            let at = random.below(items.len());
            mutate(random, &mut items[at], donor);
        }
        Value::Object(fields) if !fields.is_empty() && random.below(6) > 0 => {
            let name = fields.keys().nth(random.below(fields.len())).unwrap().clone();
            mutate(random, fields.get_mut(&name).unwrap(), donor.get(&name).unwrap_or(donor));
        }
        Value::Array(items) => match random.below(4) {
            0 if items.len() < 200 => {
                let copies: Vec<Value> =
                    items.iter().cycle().take(items.len() * (1 + random.below(20))).cloned().collect();
                items.extend(copies);
            }
            1 => items.clear(),
            2 => items.push(scalar(random)),
            _ => *value = scalar(random),
        },
        Value::Object(fields) => match random.below(4) {
            0 => {
                fields.insert((*random.one(WORDS)).to_owned(), scalar(random));
            }
            1 => {
                let name = fields.keys().nth(random.below(fields.len())).cloned().unwrap_or_default();
                fields.remove(&name);
            }
            2 => *value = donor.clone(),
            _ => *value = scalar(random),
        },
        scalar if random.below(3) > 0 => *scalar = similar(random, scalar),
        _ if random.below(20) == 0 => {
            *value = (0..=random.below(60)).fold(scalar(random), |inner, _| {
                if random.below(2) == 0 {
                    json!([inner])
                } else {
                    Value::Object(Map::from_iter([("a".to_owned(), inner)]))
                }
            });
        }
        _ => *value = scalar(random),
    }
}

#[test]
fn profiles_with_other_values() {
    let corpus = corpus();
    fuzz("profiles with other values", |random| {
        let mut value = random.one(&corpus).clone();
        let donor = random.one(&corpus).clone();
        for _ in 0..=random.below(6) {
            mutate(random, &mut value, &donor);
        }
        text_of(random, &value)
    });
}

#[test]
fn profiles_with_other_characters() {
    let corpus: Vec<String> = corpus()
        .iter()
        .enumerate()
        .map(
            |(at, value)| {
                if at % 2 == 0 { format!("{value:#}") } else { serde_yaml::to_string(value).unwrap() }
            },
        )
        .collect();
    fuzz("profiles with other characters", |random| {
        let mut text: Vec<char> = random.one(&corpus).chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            let until = at + random.below(40).min(text.len() - at);
            match random.below(5) {
                0 => drop(text.drain(at..until)),
                1 => {
                    let piece: Vec<char> = text[at..until].repeat(1 + random.below(50));
                    let to = random.below(text.len());
                    text.splice(to..to, piece);
                }
                2 => {
                    let times = 1 + random.below(3000);
                    let word: Vec<char> = random.one(WORDS).chars().collect();
                    text.splice(at..at, word.repeat(times));
                }
                3 => {
                    text[at] = char::from_u32(u32::try_from(random.next() % 0x11_0000).unwrap())
                        .unwrap_or('\u{fffd}');
                }
                _ => {
                    let word: Vec<char> = random.one(WORDS).chars().collect();
                    text.splice(at..until, word);
                }
            }
            if text.is_empty() {
                break;
            }
        }
        text.into_iter().collect()
    });
}

#[test]
fn arbitrary_bytes() {
    let all: Vec<u8> = (0..=255).collect();
    let alphabets: [&[u8]; 3] = [b"{}[]:,\"'\\ \n\t-&*!|>#%@`?a01.~", b" \n-:a&*[", &all];
    fuzz("arbitrary bytes", |random| {
        let alphabet = alphabets[random.below(alphabets.len())];
        let length = 1 << random.below(13);
        let bytes: Vec<u8> = (0..length).map(|_| *random.one(alphabet)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    });
}
