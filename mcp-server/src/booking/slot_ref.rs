//! What a slot is called between an offer and a booking.

use jiff::Timestamp;

/// A start and the services that follow from it, in order. A name, not a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRef {
    /// Start of the first service.
    pub start: Timestamp,
    /// The services of the visit; at least one.
    pub parts: Vec<SlotPart>,
}

/// One service of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPart {
    /// Service.
    pub service: String,
    /// Staff member.
    pub staff: String,
    /// Whether this very staff member was asked for; otherwise somebody else may do it.
    pub pinned: bool,
}

impl SlotRef {
    /// A slot of one service.
    pub fn one(service: impl Into<String>, staff: impl Into<String>, start: Timestamp, pinned: bool) -> Self {
        Self { start, parts: vec![SlotPart { service: service.into(), staff: staff.into(), pinned }] }
    }

    /// The services with the people who were asked for.
    pub fn wanted(&self) -> Vec<(&str, Option<&str>)> {
        let staff = |part: &SlotPart| part.pinned.then_some(());
        self.parts
            .iter()
            .map(|part| (part.service.as_str(), staff(part).map(|()| part.staff.as_str())))
            .collect()
    }

    /// The services with the people who were offered.
    pub fn offered(&self) -> Vec<(&str, Option<&str>)> {
        self.parts.iter().map(|part| (part.service.as_str(), Some(part.staff.as_str()))).collect()
    }

    /// The services with anyone who does them.
    pub fn by_anyone(&self) -> Vec<(&str, Option<&str>)> {
        self.parts.iter().map(|part| (part.service.as_str(), None)).collect()
    }

    /// As text; [`SlotRef::read`] is the way back. Minutes are exact: bookings begin on whole ones.
    pub(super) fn text(&self) -> String {
        let mut text = (self.start.as_second() / 60).to_string();
        for part in &self.parts {
            let pin = if part.pinned { "!" } else { "" };
            text.extend(["~", &part.service, "~", &part.staff, "~", pin]);
        }
        text
    }

    /// From [`SlotRef::text`].
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fields = text.split('~');
        let minutes: i64 = fields.next()?.parse().ok()?;
        let start = Timestamp::from_second(minutes.checked_mul(60)?).ok()?;
        let mut parts = Vec::new();
        while let Some(service) = fields.next() {
            let (staff, pinned) = (fields.next()?, fields.next()? == "!");
            parts.push(SlotPart { service: service.to_owned(), staff: staff.to_owned(), pinned });
        }
        (!parts.is_empty()).then_some(Self { start, parts })
    }
}
