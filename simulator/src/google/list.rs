//! Lists of events: filters, pages, and what changed since a sync token.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    error::CalendarError,
    store::{Calendars, Event},
    time,
};

const DEFAULT_PAGE: usize = 250;
const LARGEST_PAGE: usize = 2500;
const SYNC_TOKEN: &str = "sync-";
/// A token of expanded events; Google leaves undefined what it means for others.
const SINGLE: &str = "-single";
const PAGE_TOKEN: &str = "page-";
/// What a sync token cannot be combined with.
const NOT_WHILE_SYNCING: [&str; 7] =
    ["timeMin", "timeMax", "q", "orderBy", "updatedMin", "iCalUID", "privateExtendedProperty"];

/// What was asked for.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    time_min: Option<Timestamp>,
    time_max: Option<Timestamp>,
    updated_min: Option<Timestamp>,
    private: Vec<(String, String)>,
    show_deleted: bool,
    order: Option<Order>,
    most: usize,
    skip: usize,
    since: Option<u64>,
    single: bool,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    StartTime,
    Updated,
}

impl Filter {
    /// Reads the query parameters; those that the stand-in has no use for are ignored.
    pub fn parse(query: &[(String, String)]) -> Result<Self, CalendarError> {
        let mut filter = Self { most: DEFAULT_PAGE, ..Self::default() };
        let mut began_single = false;
        for (name, value) in query {
            match name.as_str() {
                "timeMin" => filter.time_min = Some(time::parameter(name, value)?),
                "timeMax" => filter.time_max = Some(time::parameter(name, value)?),
                "updatedMin" => filter.updated_min = Some(time::parameter(name, value)?),
                "privateExtendedProperty" => filter.private.push(pair(value)?),
                "showDeleted" => filter.show_deleted = value == "true",
                "singleEvents" => filter.single = value == "true",
                "orderBy" => filter.order = Some(order(value)?),
                "maxResults" => filter.most = number(name, value)?.clamp(1, LARGEST_PAGE),
                "pageToken" => {
                    filter.skip = number(name, value.strip_prefix(PAGE_TOKEN).unwrap_or_default())?;
                }
                "syncToken" => {
                    let revision = value.strip_prefix(SYNC_TOKEN).ok_or(CalendarError::FullSync)?;
                    let revision = revision.strip_suffix(SINGLE).unwrap_or(revision).parse();
                    filter.since = Some(revision.map_err(|_| CalendarError::FullSync)?);
                    began_single = value.ends_with(SINGLE);
                }
                _ => {}
            }
        }
        if filter.since.is_some()
            && let Some((name, _)) = query.iter().find(|(name, _)| NOT_WHILE_SYNCING.contains(&name.as_str()))
        {
            return Err(invalid(&format!("{name} cannot be combined with syncToken")));
        }
        if filter.since.is_some() && filter.single != began_single {
            return Err(invalid("singleEvents must be as in the synchronisation that the token is of"));
        }
        if matches!(filter.order, Some(Order::StartTime)) && !filter.single {
            return Err(invalid("The requested ordering is not available for the particular query."));
        }
        if let (Some(from), Some(to)) = (filter.time_min, filter.time_max)
            && to <= from
        {
            return Err(CalendarError::EmptyRange);
        }
        Ok(filter)
    }

    fn takes(&self, event: &Event) -> bool {
        // Google filters the end by timeMin and the start by timeMax, both exclusive.
        self.time_min.is_none_or(|from| event.end > from)
            && self.time_max.is_none_or(|to| event.start < to)
            && self.updated_min.is_none_or(|at| event.resource["updated"].as_str().is_some_and(|updated| {
                updated.parse::<Timestamp>().is_ok_and(|updated| updated >= at)
            }))
            && self.private.iter().all(|(key, value)| {
                event.resource.pointer("/extendedProperties/private").and_then(|all| all.get(key))
                    == Some(&json!(value))
            })
            // A sync always tells of deletions.
            && (self.show_deleted || self.since.is_some() || !event.cancelled())
            && self.since.is_none_or(|revision| event.revision > revision)
    }
}

/// One page of a calendar. The last one carries the token for the next sync.
pub(crate) fn page(
    calendars: &Calendars,
    calendar: &str,
    filter: &Filter,
    now: Timestamp,
) -> Result<Value, CalendarError> {
    let settings = calendars.settings(calendar);
    if filter.since.is_some_and(|revision| revision > calendars.revision() || revision < settings.tokens_from)
    {
        // A token of an earlier life of the simulator, or one that a test made too old.
        return Err(CalendarError::FullSync);
    }
    let mut events: Vec<&Event> = calendars.of(calendar).filter(|event| filter.takes(event)).collect();
    match filter.order {
        Some(Order::StartTime) => events.sort_by_key(|event| event.start),
        Some(Order::Updated) => events.sort_by_key(|event| event.revision),
        None => {}
    }
    let end = filter.skip.saturating_add(filter.most).min(events.len());
    let items: Vec<Value> =
        events.get(filter.skip..end).unwrap_or_default().iter().map(|event| listed(event)).collect();
    let mut page = json!({
        "kind": "calendar#events",
        "etag": format!("\"{}\"", calendars.revision()),
        "summary": calendar,
        "updated": now,
        "timeZone": settings.zone.iana_name(),
        "accessRole": "writer",
        "items": items,
    });
    if end < events.len() {
        page["nextPageToken"] = json!(format!("{PAGE_TOKEN}{end}"));
    } else {
        let single = if filter.single { SINGLE } else { "" };
        page["nextSyncToken"] = json!(format!("{SYNC_TOKEN}{}{single}", calendars.revision()));
    }
    Ok(page)
}

/// A deleted event is listed with little more than its id: more is not promised.
fn listed(event: &Event) -> Value {
    if !event.cancelled() {
        return event.resource.clone();
    }
    let kept = ["kind", "etag", "id", "status"];
    kept.iter().map(|name| ((*name).to_owned(), event.resource[*name].clone())).collect::<Map<_, _>>().into()
}

fn pair(text: &str) -> Result<(String, String), CalendarError> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| invalid("privateExtendedProperty must be key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn order(text: &str) -> Result<Order, CalendarError> {
    match text {
        "startTime" => Ok(Order::StartTime),
        "updated" => Ok(Order::Updated),
        _ => Err(invalid("orderBy must be startTime or updated")),
    }
}

fn number(name: &str, text: &str) -> Result<usize, CalendarError> {
    text.parse().map_err(|_| invalid(&format!("Invalid value for {name}")))
}

fn invalid(what: &str) -> CalendarError {
    CalendarError::Invalid(what.to_owned())
}
