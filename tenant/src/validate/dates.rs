//! Closures, vacations and openings by date.

use jiff::civil::Date;

use super::{Code, Findings, day};
use crate::{Profile, hours::Closure};

pub(super) fn check(findings: &mut Findings, profile: &Profile, today: Date) {
    closures(findings, "closures", &profile.closures, today);
    for (at, person) in profile.staff.iter().enumerate() {
        closures(findings, &format!("staff[{at}].vacations"), &person.vacations, today);
    }
    for (at, resource) in profile.resources.iter().enumerate() {
        closures(findings, &format!("resources[{at}].closures"), &resource.closures, today);
    }
    for (at, opening) in profile.openings.iter().enumerate() {
        let path = format!("openings[{at}]");
        // An interval may run into the day after.
        if opening.date < today.yesterday().unwrap_or(today) {
            let message = format!("was on {} and is over: remove it", day(opening.date));
            findings.add(path, Code::InThePast, message);
        } else if let Some(closure) =
            profile.closures.iter().position(|c| (c.from..=c.to).contains(&opening.date))
        {
            let message = format!(
                "{} is closed by closures[{closure}]; the opening wins, and the business is open that day",
                day(opening.date)
            );
            findings.add(path, Code::OpeningInClosure, message);
        }
    }
}

fn closures(findings: &mut Findings, path: &str, closures: &[Closure], today: Date) {
    for (at, closure) in closures.iter().enumerate() {
        if closure.to < closure.from {
            let message = format!(
                "ends on {} and begins on {}: `from` is the first day, `to` the last",
                day(closure.to),
                day(closure.from)
            );
            findings.add(format!("{path}[{at}]"), Code::ReversedDates, message);
        } else if closure.to < today {
            let message = format!("ended on {}: remove it", day(closure.to));
            findings.add(format!("{path}[{at}]"), Code::InThePast, message);
        }
    }
}
