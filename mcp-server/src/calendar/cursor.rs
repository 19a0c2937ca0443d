//! Where the next synchronisation of a calendar begins, as one text beside its events.

use jiff::{SignedDuration, Timestamp};

/// Google's token, and what it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// When the whole window was listed last.
    pub listed_at: Timestamp,
    /// Whom the calendar blocked then, separated by commas; empty for everybody.
    pub staff: String,
    /// Google's token.
    pub token: String,
}

/// The window moves on with time and a token does not move it: everything is listed anew each day.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);

impl Cursor {
    /// As kept.
    pub fn text(&self) -> String {
        format!("1 {} {} {}", self.listed_at.as_second(), self.staff, self.token)
    }

    /// What is kept, where it still serves; otherwise everything is listed anew.
    pub fn of(text: &str, staff: &str, now: Timestamp) -> Option<Self> {
        let mut parts = text.splitn(4, ' ');
        let (version, listed, kept) = (parts.next()?, parts.next()?, parts.next()?);
        let listed_at = Timestamp::from_second(listed.parse().ok()?).ok()?;
        let age = now.duration_since(listed_at);
        let serves = version == "1" && kept == staff && age < GOOD_FOR && age >= -GOOD_FOR;
        serves.then_some(Self { listed_at, staff: kept.to_owned(), token: parts.next()?.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_serves_for_a_day_and_for_the_same_people() {
        let at = |hour: i64| Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap();
        let cursor = Cursor { listed_at: at(0), staff: "ana,rui".into(), token: "CPDA f8=".into() };
        let text = cursor.text();
        assert_eq!(Cursor::of(&text, "ana,rui", at(23)), Some(cursor));
        assert_eq!(Cursor::of(&text, "ana,rui", at(24)), None);
        assert_eq!(Cursor::of(&text, "ana", at(1)), None);
        assert_eq!(Cursor::of("CPDAf8=", "", at(1)), None);
        let everybody = Cursor { listed_at: at(0), staff: String::new(), token: "t".into() };
        assert_eq!(Cursor::of(&everybody.text(), "", at(1)), Some(everybody));
    }
}
