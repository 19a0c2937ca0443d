//! What a button or a row of a menu means. Ids carry the state of the menu: nothing is remembered between two taps, so
//! any replica understands them, at any time. They are signed for one customer, and never longer than a row's id may be.

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::booking::{Principal, SlotRef, SlotRefs};

/// A menu that is older gives way to a fresh one.
const OLD: SignedDuration = SignedDuration::from_hours(12);

/// One step of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The main menu.
    Main,
    /// Services, by page.
    Services(usize),
    /// Who does a service, by page.
    Staff(String, usize),
    /// Days with a free slot, from a day on.
    Days(Want, Option<Date>),
    /// Times of a day, from a minute of the day on; without one, all, or the parts of the day where there are many.
    Times(Want, Date, Option<u16>),
    /// Holds a slot.
    Hold(Want, Timestamp),
    /// Books what is held, or was.
    Confirm {
        /// The hold's booking.
        hold: String,
        /// Service, and who does it.
        want: Want,
        /// Whether this very person was asked for.
        pinned: bool,
        /// Start.
        start: Timestamp,
    },
    /// The customer's appointments, by page.
    Mine(usize),
    /// One of them.
    One(String),
    /// Days to move one to, from a day on.
    MoveDays(String, Option<Date>),
    /// Times of a day to move one to.
    MoveTimes(String, Date, Option<u16>),
    /// Asks whether to move one, as it was at this revision.
    MoveAsk(String, i64, Timestamp),
    /// Moves it.
    Move(String, i64, Timestamp),
    /// Asks whether to cancel one.
    CancelAsk(String),
    /// Cancels it, as it was at this revision.
    Cancel(String, i64),
    /// Leaves it as it is.
    Keep(String),
    /// A person.
    Person,
}

/// A service, and by whom; `None` for anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Service.
    pub service: String,
    /// Staff member.
    pub staff: Option<String>,
}

impl Want {
    /// A service by anyone or by a person.
    pub fn new(service: &str, staff: Option<&str>) -> Self {
        Self { service: service.to_owned(), staff: staff.map(str::to_owned) }
    }

    /// The slot at a start, as the desk takes it, where the staff member who would do it is known.
    pub fn slot(&self, staff: &str, start: Timestamp) -> SlotRef {
        SlotRef::one(&self.service, staff, start, self.staff.is_some())
    }
}

/// What a tapped id means to whoever tapped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// A step of a menu.
    Step(Step),
    /// A step of a menu that is too old to go on with.
    Old,
}

impl Step {
    /// The id of the button or row.
    pub fn id(&self, refs: &SlotRefs, principal: &Principal, now: Timestamp) -> String {
        refs.make_tap(principal, &format!("m~{}~{}", now.as_second() / 60, self.text()))
    }

    /// What an id means; nothing where it is not ours or was made for somebody else.
    pub fn read(refs: &SlotRefs, principal: &Principal, id: &str, now: Timestamp) -> Option<Tapped> {
        let meaning = refs.read_tap(principal, id)?;
        let (made, text) = meaning.strip_prefix("m~")?.split_once('~')?;
        let made = Timestamp::from_second(made.parse::<i64>().ok()?.checked_mul(60)?).ok()?;
        let step = Self::parse(text)?;
        // Where nothing can have changed, age is no reason.
        let ageless = matches!(step, Self::Main | Self::Person | Self::Services(_) | Self::Mine(_));
        let old = now.duration_since(made) >= OLD && !ageless;
        Some(if old { Tapped::Old } else { Tapped::Step(step) })
    }

    fn text(&self) -> String {
        let want = |want: &Want| format!("{}~{}", want.service, want.staff.as_deref().unwrap_or_default());
        let day = |day: &Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        let minute = |minute: &Option<u16>| minute.map_or_else(String::new, |minute| minute.to_string());
        let at = |start: &Timestamp| start.as_second() / 60;
        match self {
            Self::Main => "main".to_owned(),
            Self::Services(page) => format!("s~{page}"),
            Self::Staff(service, page) => format!("p~{service}~{page}"),
            Self::Days(of, from) => format!("d~{}~{}", want(of), day(from)),
            Self::Times(of, on, from) => format!("t~{}~{on}~{}", want(of), minute(from)),
            Self::Hold(of, start) => format!("h~{}~{}", want(of), at(start)),
            Self::Confirm { hold, want: of, pinned, start } => {
                format!("c~{hold}~{}~{}~{}", want(of), u8::from(*pinned), at(start))
            }
            Self::Mine(page) => format!("a~{page}"),
            Self::One(booking) => format!("o~{booking}"),
            Self::MoveDays(booking, from) => format!("md~{booking}~{}", day(from)),
            Self::MoveTimes(booking, on, from) => format!("mt~{booking}~{on}~{}", minute(from)),
            Self::MoveAsk(booking, revision, start) => format!("ma~{booking}~{revision}~{}", at(start)),
            Self::Move(booking, revision, start) => format!("mm~{booking}~{revision}~{}", at(start)),
            Self::CancelAsk(booking) => format!("ca~{booking}"),
            Self::Cancel(booking, revision) => format!("cc~{booking}~{revision}"),
            Self::Keep(booking) => format!("k~{booking}"),
            Self::Person => "person".to_owned(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('~').collect();
        let want =
            |service: &str, staff: &str| Want::new(service, Some(staff).filter(|staff| !staff.is_empty()));
        let at = |text: &str| Timestamp::from_second(text.parse::<i64>().ok()?.checked_mul(60)?).ok();
        Some(match parts.as_slice() {
            ["main"] => Self::Main,
            ["s", page] => Self::Services(page.parse().ok()?),
            ["p", service, page] => Self::Staff((*service).to_owned(), page.parse().ok()?),
            ["d", service, staff, from] => Self::Days(want(service, staff), optional(from)?),
            ["t", service, staff, on, from] => {
                Self::Times(want(service, staff), on.parse().ok()?, optional(from)?)
            }
            ["h", service, staff, start] => Self::Hold(want(service, staff), at(start)?),
            ["c", hold, service, staff, pinned, start] => Self::Confirm {
                hold: (*hold).to_owned(),
                want: want(service, staff),
                pinned: *pinned == "1",
                start: at(start)?,
            },
            ["a", page] => Self::Mine(page.parse().ok()?),
            ["o", booking] => Self::One((*booking).to_owned()),
            ["md", booking, from] => Self::MoveDays((*booking).to_owned(), optional(from)?),
            ["mt", booking, on, from] => {
                Self::MoveTimes((*booking).to_owned(), on.parse().ok()?, optional(from)?)
            }
            ["ma", booking, revision, start] => {
                Self::MoveAsk((*booking).to_owned(), revision.parse().ok()?, at(start)?)
            }
            ["mm", booking, revision, start] => {
                Self::Move((*booking).to_owned(), revision.parse().ok()?, at(start)?)
            }
            ["ca", booking] => Self::CancelAsk((*booking).to_owned()),
            ["cc", booking, revision] => Self::Cancel((*booking).to_owned(), revision.parse().ok()?),
            ["k", booking] => Self::Keep((*booking).to_owned()),
            ["person"] => Self::Person,
            _ => return None,
        })
    }
}

/// A field that may be empty.
#[expect(clippy::option_option, reason = "an empty field is not a wrong one")]
fn optional<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_step_comes_back_for_its_customer_within_a_rows_length() {
        let refs = SlotRefs::new(b"secret");
        let (ana, bia) = (Principal::Customer(i64::MAX), Principal::Customer(2));
        let now = Timestamp::from_second(1_794_830_400).unwrap();
        let long = "a".repeat(40);
        let want = Want::new(&long, Some(&long));
        let (booking, day) = ("f".repeat(32), date(2026, 11, 17));
        let steps = [
            Step::Main,
            Step::Services(3),
            Step::Staff(long.clone(), 1),
            Step::Days(want.clone(), Some(day)),
            Step::Days(Want::new("corte", None), None),
            Step::Times(want.clone(), day, Some(1080)),
            Step::Hold(want.clone(), now),
            Step::Confirm { hold: booking.clone(), want, pinned: true, start: now },
            Step::Mine(1),
            Step::One(booking.clone()),
            Step::MoveDays(booking.clone(), None),
            Step::MoveTimes(booking.clone(), day, None),
            Step::MoveAsk(booking.clone(), 12, now),
            Step::Move(booking.clone(), 12, now),
            Step::CancelAsk(booking.clone()),
            Step::Cancel(booking.clone(), 12),
            Step::Keep(booking),
            Step::Person,
        ];
        for step in steps {
            let id = step.id(&refs, &ana, now);
            assert!(id.len() <= 200, "{} for {step:?}", id.len());
            assert_eq!(Step::read(&refs, &bia, &id, now), None);
            assert_eq!(Step::read(&refs, &ana, &id, now), Some(Tapped::Step(step)));
        }
    }

    #[test]
    fn yesterdays_menu_is_old_and_forged_ones_are_nothing() {
        let refs = SlotRefs::new(b"secret");
        let ana = Principal::Customer(1);
        let now = Timestamp::from_second(1_794_830_400).unwrap();
        let id = Step::Hold(Want::new("corte", None), now).id(&refs, &ana, now);
        assert_eq!(Step::read(&refs, &ana, &id, now + OLD), Some(Tapped::Old));
        for forged in ["", "main", "bWFpbg", "h~corte~~1", &id[1..]] {
            assert_eq!(Step::read(&refs, &ana, forged, now), None);
        }
    }
}
