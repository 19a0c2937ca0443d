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
    /// What else a visit with these services shall have, by page.
    Also(Vec<String>, usize),
    /// Who does these services, by page.
    Staff(Vec<String>, usize),
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

/// The services of a visit, and by whom all of them; `None` for anyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Services, in order.
    pub services: Vec<String>,
    /// Staff member.
    pub staff: Option<String>,
}

/// Services of one visit by menus.
const MOST_SERVICES: usize = 4;
/// Longest ids of them together: a row's id has a limit.
const LONGEST_SERVICES: usize = 64;

impl Want {
    /// A service by anyone or by a person.
    pub fn new(service: &str, staff: Option<&str>) -> Self {
        Self::visit(vec![service.to_owned()], staff.map(str::to_owned))
    }

    /// Services by anyone or by a person.
    pub fn visit(services: Vec<String>, staff: Option<String>) -> Self {
        Self { services, staff }
    }

    /// What a slot is about. By a person where the same one was asked for throughout.
    pub fn of(slot: &SlotRef) -> Self {
        let mut people = slot.parts.iter().map(|part| part.pinned.then_some(&part.staff));
        let first = people.next().flatten();
        let staff = first.filter(|first| people.all(|other| other == Some(first)));
        Self::visit(slot.parts.iter().map(|part| part.service.clone()).collect(), staff.cloned())
    }

    /// The same by anyone.
    #[must_use]
    pub fn by_anyone(&self) -> Self {
        Self { staff: None, ..self.clone() }
    }

    /// As the desk takes it.
    pub fn parts(&self) -> Vec<(&str, Option<&str>)> {
        self.services.iter().map(|service| (service.as_str(), self.staff.as_deref())).collect()
    }

    /// Whether these services can be one visit by menus.
    pub fn has_room<'a>(services: impl Iterator<Item = &'a str> + Clone) -> bool {
        let length = services.clone().map(|service| service.len() + 1).sum::<usize>();
        let count = services.count();
        count == 1 || (count <= MOST_SERVICES && length <= LONGEST_SERVICES + 1)
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
        refs.make_dated_tap(principal, 'm', &self.text(), now)
    }

    /// What an id means; nothing where it is not ours or was made for somebody else.
    pub fn read(refs: &SlotRefs, principal: &Principal, id: &str, now: Timestamp) -> Option<Tapped> {
        let (made, text) = refs.read_dated_tap(principal, 'm', id)?;
        let step = Self::parse(&text)?;
        // Where nothing can have changed, age is no reason.
        let ageless = matches!(step, Self::Main | Self::Person | Self::Services(_) | Self::Mine(_));
        let old = now.duration_since(made) >= OLD && !ageless;
        Some(if old { Tapped::Old } else { Tapped::Step(step) })
    }

    fn text(&self) -> String {
        let visit = |services: &[String]| services.join("+");
        let want =
            |want: &Want| format!("{}~{}", visit(&want.services), want.staff.as_deref().unwrap_or_default());
        let day = |day: &Option<Date>| day.map_or_else(String::new, |day| day.to_string());
        let minute = |minute: &Option<u16>| minute.map_or_else(String::new, |minute| minute.to_string());
        let at = |start: &Timestamp| start.as_second() / 60;
        match self {
            Self::Main => "main".to_owned(),
            Self::Services(page) => format!("s~{page}"),
            Self::Also(services, page) => format!("v~{}~{page}", visit(services)),
            Self::Staff(services, page) => format!("p~{}~{page}", visit(services)),
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
        let visit = |services: &str| services.split('+').map(str::to_owned).collect::<Vec<_>>();
        let want = |services: &str, staff: &str| {
            Want::visit(visit(services), Some(staff.to_owned()).filter(|staff| !staff.is_empty()))
        };
        let at = |text: &str| Timestamp::from_second(text.parse::<i64>().ok()?.checked_mul(60)?).ok();
        Some(match parts.as_slice() {
            ["main"] => Self::Main,
            ["s", page] => Self::Services(page.parse().ok()?),
            ["v", services, page] => Self::Also(visit(services), page.parse().ok()?),
            ["p", services, page] => Self::Staff(visit(services), page.parse().ok()?),
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
        let several: Vec<String> = (0..4).map(|n| "b".repeat(15 + usize::from(n == 0))).collect();
        assert!(Want::has_room(several.iter().map(String::as_str)));
        let (booking, day) = ("f".repeat(32), date(2026, 11, 17));
        let steps = [
            Step::Main,
            Step::Services(3),
            Step::Staff(vec![long.clone()], 1),
            Step::Also(several.clone(), 0),
            Step::Staff(several.clone(), 0),
            Step::Times(Want::visit(several.clone(), Some(long.clone())), day, Some(1080)),
            Step::Hold(Want::visit(several.clone(), Some(long.clone())), now),
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
