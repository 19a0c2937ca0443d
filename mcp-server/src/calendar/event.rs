//! Events as Google writes them: ours, others that take time, and others that do not.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use mcp_store::booking::{BookingRow, BookingState};
use serde::Deserialize;
use serde_json::{Value, json};

/// The parts of events that are read: no titles, no guests, no places.
pub const FIELDS: &str = "nextPageToken,nextSyncToken,timeZone,items(id,status,transparency,eventType,start,end,\
                          attendees(self,responseStatus),extendedProperties/private)";

/// One page of `events.list`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// Events; deleted ones with few fields.
    #[serde(default)]
    pub items: Vec<Event>,
    /// There is more.
    pub next_page_token: Option<String>,
    /// Where the next synchronisation begins; on the last page.
    pub next_sync_token: Option<String>,
    /// The calendar's zone.
    pub time_zone: Option<String>,
}

/// An event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Its id.
    pub id: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    transparency: String,
    #[serde(default, rename = "eventType")]
    kind: String,
    start: Option<EventTime>,
    end: Option<EventTime>,
    #[serde(default)]
    attendees: Vec<Attendee>,
    #[serde(default)]
    extended_properties: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventTime {
    date_time: Option<Timestamp>,
    date: Option<Date>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attendee {
    #[serde(default, rename = "self")]
    is_self: bool,
    #[serde(default)]
    response_status: String,
}

/// Which booking's event it is, at which revision of the booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurId {
    /// Booking.
    pub booking_id: String,
    /// Revision.
    pub revision: i64,
}

impl Event {
    /// Deleted, or an invitation withdrawn.
    pub fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    /// Whether it has the form of an event of ours; whether it is one, the bookings decide. A deleted event comes
    /// without its properties, so the id speaks.
    pub fn our_id(&self) -> Option<OurId> {
        let (booking_id, revision) = self.id.rsplit_once('r')?;
        let named = self.extended_properties["private"]["booking_id"].as_str();
        let hex = |text: &str| text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if named.map_or(hex(booking_id), |named| named == booking_id) {
            Some(OurId { booking_id: booking_id.to_owned(), revision: revision.parse().ok()? })
        } else {
            None
        }
    }

    /// From and to (exclusive); whole days lie in the calendar's zone.
    pub fn span(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let at = |time: &EventTime| {
            time.date_time.or_else(|| Some(time.date?.to_zoned(zone.clone()).ok()?.timestamp()))
        };
        Some((at(self.start.as_ref()?)?, at(self.end.as_ref()?)?))
    }

    /// The time it takes from whoever has the calendar: not where it is cancelled, marked as free, declined, or only
    /// says where somebody works.
    pub fn busy(&self, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        let declined = self.attendees.iter().any(|a| a.is_self && a.response_status == "declined");
        let free = self.is_cancelled()
            || self.transparency == "transparent"
            || self.kind == "workingLocation"
            || declined;
        if free { None } else { self.span(zone).filter(|(from, to)| from < to) }
    }
}

/// The event's id is the booking's and its revision's, so that a repeated insert is refused as a duplicate instead
/// of making a second event. Google allows `[a-v0-9]{5,1024}`.
pub fn event_id(booking_id: &str, revision: i64) -> String {
    format!("{booking_id}r{revision}")
}

/// The event of a booking at its present revision. Names of service, staff and customer, and the reference: nothing
/// a customer told.
pub fn event(row: &BookingRow, time_zone: &str) -> Value {
    let booking = &row.booking;
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = |instant: Timestamp| {
        let local = instant.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        json!({"dateTime": local, "timeZone": time_zone})
    };
    json!({
        "id": event_id(&booking.id, row.revision),
        "summary": format!("{} – {}", booking.service_names(), booking.customer_name),
        "description": format!("{} · {}", booking.staff_names(), booking.reference),
        "start": at(booking.start()),
        "end": at(booking.end()),
        "status": if booking.state == BookingState::Requested { "tentative" } else { "confirmed" },
        "transparency": "opaque",
        "reminders": {"useDefault": false, "overrides": [{"method": "popup", "minutes": 30}]},
        "extendedProperties": {"private": {"booking_id": booking.id, "reference": booking.reference}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: Value) -> Event {
        serde_json::from_value(value).unwrap()
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Sao_Paulo").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_event_takes_its_time_unless_it_says_otherwise() {
        let base = json!({"id": "abcde", "status": "confirmed",
            "start": {"dateTime": "2026-11-24T15:00:00-03:00"}, "end": {"dateTime": "2026-11-24T16:00:00-03:00"}});
        let busy = Some((at("2026-11-24T18:00:00Z"), at("2026-11-24T19:00:00Z")));
        let with = |field: &str, value: Value| {
            let mut event = base.clone();
            event[field] = value;
            read(event).busy(&zone())
        };
        assert_eq!(with("status", json!("tentative")), busy);
        assert_eq!(with("eventType", json!("outOfOffice")), busy);
        assert_eq!(with("attendees", json!([{"self": true, "responseStatus": "needsAction"}])), busy);
        assert_eq!(with("attendees", json!([{"email": "a@b.example", "responseStatus": "declined"}])), busy);
        assert_eq!(with("attendees", json!([{"self": true, "responseStatus": "declined"}])), None);
        assert_eq!(with("transparency", json!("transparent")), None);
        assert_eq!(with("status", json!("cancelled")), None);
        assert_eq!(with("eventType", json!("workingLocation")), None);
    }

    #[test]
    fn whole_days_lie_in_the_calendars_zone() {
        let event =
            read(json!({"id": "abcde", "start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}));
        assert_eq!(event.busy(&zone()), Some((at("2026-11-24T03:00:00Z"), at("2026-11-25T03:00:00Z"))));
    }

    #[test]
    fn ours_are_known_by_their_id_even_where_only_the_id_is_left() {
        let id = "0193f0c0a1b2c3d4e5f60718293a4b5c";
        let ours = Some(OurId { booking_id: id.into(), revision: 12 });
        assert_eq!(read(json!({"id": format!("{id}r12"), "status": "cancelled"})).our_id(), ours);
        for other in [format!("{id}r"), id.to_owned(), format!("x{id}r1"), "dinner1r2".to_owned()] {
            assert_eq!(read(json!({"id": other})).our_id(), None, "{other}");
        }
        // A copy keeps the properties and gets an id of its own: it is an event like any other.
        let properties = json!({"private": {"booking_id": id}});
        assert_eq!(read(json!({"id": "copy0000", "extendedProperties": properties})).our_id(), None);
    }
}
