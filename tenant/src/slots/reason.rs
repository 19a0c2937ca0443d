//! Why a start cannot be booked.

use serde::Serialize;

/// Why a start cannot be booked. Where several people could do it, the reason of the one who came closest.
///
/// The order is that of the checks: what stands later was found after everything before it had been in order.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No services, or more than [`super::MOST_SERVICES`].
    #[error("a visit has 1 to 8 services: name them one after the other")]
    NumberOfServices,
    /// No such service.
    #[error("this service does not exist: list the services and choose one of them")]
    UnknownService,
    /// No such person, or not for this service.
    #[error("this staff member does not do this service: choose somebody else or leave the choice open")]
    UnknownStaff,
    /// Sooner than the minimum notice, or over already.
    #[error("this start is too soon to be booked: look for available slots and choose a later one")]
    NoticeTooShort,
    /// Beyond the horizon.
    #[error(
        "this start is too far ahead to be booked yet: look for available slots and choose an earlier one"
    )]
    BeyondHorizon,
    /// Not at one of the times at which bookings begin, or the second time the clocks show that time.
    #[error("bookings do not begin at this time: look for available slots and choose one of them")]
    OffStep,
    /// The business is not open all the time it takes.
    #[error("this start lies outside the opening hours: look for available slots and choose one of them")]
    BusinessClosed,
    /// The business is open and the person is not there.
    #[error("this staff member does not work at that time: choose another time or somebody else")]
    StaffAway,
    /// A resource it needs is out of use.
    #[error(
        "what this service needs cannot be used at that time: look for available slots and choose one of them"
    )]
    ResourceClosed,
    /// As many bookings as the business takes on that day.
    #[error("no more bookings are taken for that day: choose another day")]
    DayFull,
    /// As many bookings of the service as are taken on that day.
    #[error("this service is fully booked on that day: choose another day")]
    ServiceFull,
    /// As many bookings of the person as are taken on that day.
    #[error("this staff member is fully booked on that day: choose another day or somebody else")]
    StaffFull,
    /// The person has another booking, or an event in a calendar.
    #[error("this slot is taken: look for available slots again")]
    StaffTaken,
    /// The class has no seat left.
    #[error("this class is full: look for available slots again")]
    ClassFull,
    /// Every unit of a resource it needs is taken.
    #[error("this slot is taken: look for available slots again")]
    ResourceTaken,
}

impl Reason {
    /// The stable code on every door.
    pub fn code(self) -> &'static str {
        match self {
            Self::NumberOfServices => "validation",
            Self::UnknownService | Self::UnknownStaff => "not_found",
            Self::NoticeTooShort => "notice_too_short",
            Self::BeyondHorizon
            | Self::OffStep
            | Self::BusinessClosed
            | Self::StaffAway
            | Self::ResourceClosed => "outside_hours",
            Self::DayFull | Self::ServiceFull | Self::StaffFull => "limit_reached",
            Self::StaffTaken | Self::ClassFull | Self::ResourceTaken => "slot_taken",
        }
    }
}
