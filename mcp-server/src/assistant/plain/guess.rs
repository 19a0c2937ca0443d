//! What free words mean where nobody who understands them can be asked: a service, a day, the customer's appointments.
//! A guess only chooses which menu is shown; nothing is done by it.

use mcp_tenant::{
    profile::{Service, Staff},
    slots::Calendar,
};

use super::{
    Decided, Menu, Want,
    phrase::{folded, has},
};
use crate::{booking::FindError, owner::dates};

/// Words about appointments that stand.
const MINE: [&str; 36] = [
    "cancelar",
    "cancela",
    "desmarcar",
    "desmarca",
    "remarcar",
    "remarca",
    "reagendar",
    "meu horario",
    "minha hora",
    "meus horarios",
    "meu agendamento",
    "meus agendamentos",
    "anular",
    "cambiar",
    "mi cita",
    "mis citas",
    "reprogramar",
    "absagen",
    "stornieren",
    "verschieben",
    "umbuchen",
    "verlegen",
    "mein termin",
    "meinen termin",
    "meine termine",
    "cancel",
    "reschedule",
    "move my",
    "postpone",
    "my appointment",
    "my appointments",
    "my booking",
    "my bookings",
    "change my",
    "mudar",
    "trocar",
];

impl Menu<'_> {
    /// The menu that comes nearest to what was written, under a remark; nothing where the words say nothing.
    pub(super) async fn guessed(&self, text: &str, why: &str) -> Result<Option<Decided>, FindError> {
        let text = folded(text);
        let before = format!("{why}\n\n");
        if MINE.iter().any(|words| has(&text, words)) {
            return self.mine(0, &before).await.map(Some);
        }
        let profile = &self.loaded.profile;
        let day = dates::day(&text, Calendar::new(profile)?.local(self.now).date());
        let named = |service: &&Service| service.name.values().any(|name| has(&text, &folded(name)));
        let mut services = profile.services.iter().filter(named);
        let service = match (services.next(), services.next(), profile.services.as_slice()) {
            (Some(one), None, _) => one,
            (None, _, [only]) if day.is_some() => only,
            _ => return Ok(None),
        };
        let staff = profile.staff_for(service).find(|staff: &&Staff| has(&text, &folded(&staff.name)));
        let want = Want::new(&service.id, staff.map(|staff| staff.id.as_str()));
        match day {
            Some(day) => self.times(&want, day, None).await.map(Some),
            None if staff.is_none() => self.staff(&service.id, 0, &before).await.map(Some),
            None => self.days(&want, None, &before).await.map(Some),
        }
    }
}
