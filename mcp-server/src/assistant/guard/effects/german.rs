//! German phrases of effect. The verb often stands behind what it is said of, and its particle at the end.

use super::{Claim, Table};

pub const TABLE: Table = Table {
    phrases: &[
        (
            Claim::Deed,
            &[
                "habe|haben|hab|hab's|hatte ~7 gebucht|reserviert|eingetragen|eingeplant|vereinbart|bestatigt|storniert|abgesagt|verschoben|umgebucht|vorgemerkt|notiert|angelegt|verlegt|geloscht|gestrichen|gesetzt|geschickt|gesendet|freigehalten|festgemacht|geblockt|blockiert|vermerkt|aufgeschrieben|hinterlegt",
            ],
        ),
        (
            Claim::Promise,
            &[
                "schreibe|schreiben ~4 rein|ein|auf",
                "ich|wir buche|buchen|reserviere|reservieren|storniere|stornieren|verschiebe|verschieben|vereinbare|notiere|blocke|bestatige|bestatigen",
                "buche|reserviere|storniere|verschiebe|bestatige ich|wir",
                "trage|tragen|plane|planen ~7 ein",
                "sage|sagen ~5 ab",
                "lege|legen ~5 an",
                "mache|machen ~6 fest|fix|klar",
                "werde|werden|wird ~7 buchen|reservieren|eintragen|einplanen|absagen|stornieren|verschieben|umbuchen|bestatigen|vormerken|vereinbaren",
                "merke|merken ~5 vor",
                "halte|halten ich|wir|dir|ihnen|euch ~6 frei|fest",
                "setze|setzen ~3 auf die warteliste",
            ],
        ),
        (
            Claim::Stands,
            &[
                "geblockt|blockiert|freigehalten",
                "ist|steht|bist ~2 im kalender|system|plan",
                "gebucht|reserviert|eingetragen|eingeplant|vereinbart|bestatigt|vorgemerkt|fixiert|festgemacht|notiert",
                "termin|buchung|zeit steht|fix|fest|drin|gesichert",
                "termin|buchung ?ist|war erfolgreich|fix|fest|drin|gesichert|erledigt|perfekt|angelegt|erstellt",
                "termin|zeit ~5 steht",
                "gehort|gehoren dir|ihnen",
                "in trockenen tuchern",
                "weiss|wissen ~1 bescheid",
                "ist|sind ~2 informiert|benachrichtigt|vorgewarnt",
                "hast|haben|hat ?sie|du jetzt|nun|damit|somit|hiermit ~2 termin",
                "terminbestatigung|buchungsbestatigung",
            ],
        ),
        (
            Claim::Gone,
            &[
                "aufgehoben|entfernt|ruckgangig|annulliert",
                "abgesagt|storniert|verschoben|umgebucht|geloscht|gestrichen|verlegt",
                "stornierung|absage|umbuchung|verschiebung ?ist|war|wurde erfolgreich|erledigt|bestatigt|abgeschlossen|durch",
                "keinen termin mehr",
                "dein|deine|deinen|ihr|ihre|ihren termin|platz|zeit ~4 frei|freigegeben",
            ],
        ),
        (
            Claim::Parting,
            &[
                "erwartet|empfangt dich|sie|euch",
                "bis morgen|heute|ubermorgen|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag",
                "sehen|seh uns",
                "du hast ~2 termin",
                "geht klar",
                "du bist|stehst",
                "freuen|freue uns|mich ?schon auf dich|sie|euch",
                "erwarten dich|sie|euch",
            ],
        ),
        (Claim::Until, &["bis dann", "bis dahin"]),
        (
            Claim::Done,
            &[
                "erledigt|fertig|gemacht|geloscht|gebongt",
                "alles|ist erledigt|fertig|gebucht",
                "schon erledigt",
            ],
        ),
        (
            Claim::Agreed,
            &["dann|also|klar|abgemacht|perfekt|prima|super|gut|okay|ok|alles|gebongt|passt|wunderbar|deal"],
        ),
    ],
};
