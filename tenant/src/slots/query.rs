//! What is asked for.

use jiff::{SignedDuration, Timestamp};

use super::Reason;
use crate::{
    Profile,
    profile::{Service, Staff},
    when::Window,
};

/// Most services of one visit.
pub const MOST_SERVICES: usize = 8;

/// Which slots are looked for.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// One service or several, one after the other.
    pub visit: Visit<'a>,
    /// The local days and times of day at which the visit may begin.
    pub window: Window,
    /// The present.
    pub now: Timestamp,
    /// Most slots of the answer.
    pub limit: usize,
}

/// The services of one visit, in order. Each begins when the one before it and the buffers of both are over: its
/// start is the end of the one before plus that one's `bufferAfter` plus its own `bufferBefore`.
#[derive(Clone, Debug)]
pub struct Visit<'a> {
    pub(super) wanted: Vec<Wanted<'a>>,
}

/// One service of a visit with those who may do it, in the profile's order.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub service: &'a Service,
    pub people: Vec<&'a Staff>,
}

impl<'a> Visit<'a> {
    /// Looks up services and people by id; `None` as a person means anyone who does the service.
    pub fn new(profile: &'a Profile, parts: &[(&str, Option<&str>)]) -> Result<Self, Reason> {
        if parts.is_empty() || parts.len() > MOST_SERVICES {
            return Err(Reason::NumberOfServices);
        }
        let mut wanted = Vec::with_capacity(parts.len());
        for (service, named) in parts {
            let service = profile.service(service).ok_or(Reason::UnknownService)?;
            let may = |person: &&Staff| named.is_none_or(|id| id == person.id);
            let people: Vec<&Staff> = profile.staff_for(service).filter(may).collect();
            if people.is_empty() {
                return Err(Reason::UnknownStaff);
            }
            wanted.push(Wanted { service, people });
        }
        Ok(Self { wanted })
    }

    /// From the start of the first service to the end of the last, with the buffers between them.
    pub fn length(&self) -> SignedDuration {
        let span = |span: Option<crate::scalar::Span>| span.unwrap_or_default().as_duration();
        let mut length = SignedDuration::ZERO;
        let mut gap = SignedDuration::ZERO;
        for (n, wanted) in self.wanted.iter().enumerate() {
            let service = wanted.service;
            if n > 0 {
                length += gap + span(service.buffer_before);
            }
            length += service.duration.as_duration();
            gap = span(service.buffer_after);
        }
        length
    }

    /// One service, by a named person or anyone.
    pub fn of_one(profile: &'a Profile, service: &str, staff: Option<&str>) -> Result<Self, Reason> {
        Self::new(profile, &[(service, staff)])
    }
}
