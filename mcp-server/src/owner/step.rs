//! What a button under a message to an owner means. As in the customers' menus, ids carry the state and are signed, here
//! for one owner.

use jiff::{SignedDuration, Timestamp, civil::Date};
use mcp_store::booking::BookingRow;
use mcp_tenant::{
    adjustment::{Change, Target},
    hours::Interval,
};

use super::command::Wanted;
use crate::{
    booking::{Principal, SlotRefs},
    words::owner::Title,
};

/// A confirmation that is older asks again: "tomorrow" has become today.
const OLD: SignedDuration = SignedDuration::from_hours(12);

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The owner's menu.
    Main,
    /// Nothing shall be done.
    Nothing,
    /// What is booked on a day.
    Agenda(Date),
    /// What waits for a decision.
    Pending,
    /// One request.
    Request(String),
    /// Approves or declines a booking as it was at this revision.
    Decide(String, i64, bool),
    /// Changes in force.
    Changes,
    /// Asks whether to take a change back.
    UndoAsk(String),
    /// Takes it back.
    Undo(String),
    /// Changes hours.
    Adjust(Wanted),
    /// Tells the customers whose bookings fall into a change.
    Tell(String),
    /// Moves a booking as it was at this revision, because its event was moved.
    Move(String, i64, Timestamp),
    /// Cancels one.
    Cancel(String, i64),
    /// Leaves one as it is.
    Keep(String),
}

/// What a tapped id means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tapped {
    /// A step.
    Step(Step),
    /// One that is too old to be done unseen.
    Old,
}

impl Step {
    /// The two answers to a request, with the words of their buttons.
    pub fn decisions(row: &BookingRow) -> [(Self, Title); 2] {
        let decide = |yes| Self::Decide(row.booking.id.clone(), row.revision, yes);
        [(decide(true), Title::Approve), (decide(false), Title::Decline)]
    }

    /// The id of the button or row.
    pub fn id(&self, refs: &SlotRefs, principal: &Principal, now: Timestamp) -> String {
        refs.make_dated_tap(principal, 'w', &self.text(), now)
    }

    /// What an id means; nothing where it is not ours or was made for somebody else.
    pub fn read(refs: &SlotRefs, principal: &Principal, id: &str, now: Timestamp) -> Option<Tapped> {
        let (made, text) = refs.read_dated_tap(principal, 'w', id)?;
        let step = Self::parse(&text)?;
        // Decisions about a booking name its revision; hours name only days.
        let old = now.duration_since(made) >= OLD && matches!(step, Self::Adjust(_));
        Some(if old { Tapped::Old } else { Tapped::Step(step) })
    }

    fn text(&self) -> String {
        match self {
            Self::Main => "main".to_owned(),
            Self::Nothing => "no".to_owned(),
            Self::Agenda(day) => format!("a~{day}"),
            Self::Pending => "p".to_owned(),
            Self::Request(booking) => format!("r~{booking}"),
            Self::Decide(booking, revision, yes) => format!("d~{booking}~{revision}~{}", u8::from(*yes)),
            Self::Changes => "c".to_owned(),
            Self::UndoAsk(id) => format!("ua~{id}"),
            Self::Undo(id) => format!("u~{id}"),
            Self::Adjust(wanted) => {
                let target = match &wanted.target {
                    Target::Business => "b".to_owned(),
                    Target::Staff(id) => format!("s:{id}"),
                    Target::Resource(id) => format!("r:{id}"),
                };
                let change = match &wanted.change {
                    Change::Closed => "x".to_owned(),
                    Change::Hours(hours) => {
                        hours.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
                    }
                };
                format!("h~{}~{}~{target}~{change}", wanted.first, wanted.last)
            }
            Self::Tell(id) => format!("t~{id}"),
            Self::Move(booking, revision, start) => {
                format!("m~{booking}~{revision}~{}", start.as_second() / 60)
            }
            Self::Cancel(booking, revision) => format!("cc~{booking}~{revision}"),
            Self::Keep(booking) => format!("k~{booking}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('~').collect();
        Some(match parts.as_slice() {
            ["main"] => Self::Main,
            ["no"] => Self::Nothing,
            ["a", day] => Self::Agenda(day.parse().ok()?),
            ["p"] => Self::Pending,
            ["r", booking] => Self::Request((*booking).to_owned()),
            ["d", booking, revision, yes] => {
                Self::Decide((*booking).to_owned(), revision.parse().ok()?, *yes == "1")
            }
            ["c"] => Self::Changes,
            ["ua", id] => Self::UndoAsk((*id).to_owned()),
            ["u", id] => Self::Undo((*id).to_owned()),
            ["h", first, last, target, change] => Self::Adjust(Wanted {
                first: first.parse().ok()?,
                last: last.parse().ok()?,
                target: match target.split_once(':') {
                    None => Target::Business,
                    Some(("s", id)) => Target::Staff(id.to_owned()),
                    Some((_, id)) => Target::Resource(id.to_owned()),
                },
                change: match *change {
                    "x" => Change::Closed,
                    "" => Change::Hours(Vec::new()),
                    hours => {
                        let hours: Result<Vec<Interval>, _> = hours.split(',').map(str::parse).collect();
                        Change::Hours(hours.ok()?)
                    }
                },
            }),
            ["t", id] => Self::Tell((*id).to_owned()),
            ["m", booking, revision, start] => {
                let start = Timestamp::from_second(start.parse::<i64>().ok()?.checked_mul(60)?).ok()?;
                Self::Move((*booking).to_owned(), revision.parse().ok()?, start)
            }
            ["cc", booking, revision] => Self::Cancel((*booking).to_owned(), revision.parse().ok()?),
            ["k", booking] => Self::Keep((*booking).to_owned()),
            _ => return None,
        })
    }
}
