//! Claims that no table lists word by word: a first person's past in any verb but those of looking and understanding,
//! and statements about "your appointment".

use super::super::text::{Token, before, has, is, word};
use super::{Context, Standing};

/// What a receptionist may say to have done, by the verb's beginning.
const HARMLESS: [&str; 58] = [
    "ach*", "encontr*", "verific*", "consult*", "olh*", "procur*", "busc*", "busq*", "pesquis*", "entend*",
    "gost*", "ador*", "am*", "pergunt*", "perceb*", "confer*", "chec*", "cheq*", "tent*", "err*", "esper*",
    "aguard*", "separ*", "anot*", "list*", "serei", "sere", "estarei", "estare", "terei", "tendre",
    "poderei", "podre", "ficarei", "ajud*", "ayud*", "respond*", "mir*", "revis*", "olvid*", "esquec*",
    "falei", "hablare", "avisarei", "avisare", "ouvi*", "li", "lei", "rei", "porque", "tambem", "deixei",
    "cafe", "jose", "mostr*", "sugir*", "hei", "darei",
];
/// Participles a German or English speaker may have done.
const UNDERSTOOD: [&str; 45] = [
    "verstanden",
    "gefunden",
    "gesehen",
    "gelesen",
    "gehort",
    "gefragt",
    "gemeint",
    "geschlossen",
    "geoffnet",
    "gefreut",
    "geschaut",
    "nachgeschaut",
    "gesucht",
    "gepruft",
    "gedacht",
    "bekommen",
    "erhalten",
    "vergessen",
    "gehabt",
    "gewesen",
    "looked",
    "checked",
    "found",
    "searched",
    "received",
    "noticed",
    "missed",
    "understood",
    "tried",
    "closed",
    "opened",
    "read",
    "heard",
    "seen",
    "got",
    "had",
    "listed",
    "offered",
    "need",
    "asked",
    "encontrado",
    "visto",
    "entendido",
    "mirado",
    "buscado",
];
/// What is booked, without its service.
const APPOINTMENT: [&str; 41] = [
    "horario",
    "atendimento",
    "sessao",
    "sesion",
    "agendamento",
    "reserva",
    "consulta",
    "marcacao",
    "vaga",
    "lugar",
    "plaza",
    "sitio",
    "alteracao",
    "cancelamento",
    "cita",
    "hora",
    "turno",
    "hueco",
    "cambio",
    "cancelacion",
    "termin",
    "buchung",
    "platz",
    "reservierung",
    "stornierung",
    "umbuchung",
    "appointment",
    "booking",
    "reservation",
    "spot",
    "slot",
    "seat",
    "place",
    "cancellation",
    "visita",
    "visit",
    "besuch",
    "haircut",
    "trim",
    "haarschnitt",
    "corte",
];
const YOURS: [&str; 18] = [
    "seu", "sua", "teu", "tua", "tu", "su", "dein", "deine", "deinen", "deinem", "ihr", "ihre", "ihren",
    "your", "vuestra", "vuestro", "euer", "eure",
];
const THE: [&str; 9] = ["o", "a", "la", "el", "der", "die", "den", "das", "the"];
/// Says that something came about.
const CAME: [&str; 57] = [
    "esta",
    "foi",
    "ficou",
    "ja",
    "ya",
    "fue",
    "ha",
    "quedo",
    "queda",
    "se",
    "realizo",
    "completo",
    "ist",
    "wurde",
    "hat",
    "steht",
    "entfallt",
    "geklappt",
    "drin",
    "weg",
    "is",
    "was",
    "went",
    "has",
    "complete*",
    "through",
    "gone",
    "confirmou",
    "confirmo",
    "registrou",
    "fiz",
    "hice",
    "fizemos",
    "conclu*",
    "exclu*",
    "elimin*",
    "gesichert",
    "eingebucht",
    "set",
    "tienes",
    "tiene",
    "tens",
    "registr*",
    "guardad*",
    "salv*",
    "liber*",
    "efetu*",
    "realiz*",
    "garant*",
    "secured",
    "saved",
    "processed",
    "finalized",
    "finaliz*",
    "criad*",
    "cread*",
    "created",
];
/// Says what may be done or is wished.
const MAYBE: [&str; 44] = [
    "pode", "posso", "podemos", "quer", "quiser", "queres", "gostaria", "deseja", "preciso", "precisa",
    "escolha", "diga", "puedes", "puedo", "podemos", "quieres", "quiere", "gustaria", "desea", "necesito",
    "dime", "kannst", "kann", "konnen", "mochtest", "mochten", "willst", "soll", "sollen", "sag", "can",
    "could", "would", "want", "need", "may", "might", "should", "please", "tell", "choose", "sera", "possa",
    "let",
];

/// A claim in a clause that the tables do not list.
pub fn claim(clause: &[Token], context: &Context, harmless: bool) -> Option<String> {
    if harmless || context.asks {
        return None;
    }
    (0..clause.len())
        .find(|at| did(clause, *at))
        .or_else(|| (context.standing == Standing::Other).then(|| came_about(clause)).flatten())
        .map(|at| word(clause, at).to_owned())
}

/// A first person's past.
fn did(clause: &[Token], at: usize) -> bool {
    let token = &clause[at];
    let (this, raw) = (token.word.as_str(), token.raw.as_str());
    let long = this.len() > 3;
    let name = token.capital() && at > 0;
    let german_word = is(this, &["drei", "zwei"])
        || this.ends_with("frei")
        || this.ends_with("bei")
        || this.ends_with("lei");
    let mind = german_word || is(this, &HARMLESS) || is(this, &UNDERSTOOD);
    // `registrei`, `eliminé`.
    if long && !name && !mind && (this.ends_with("ei") || raw.ends_with('é') && this.len() > 4) {
        return true;
    }
    if is(this, &["fiz", "fizemos", "hice", "hicimos"]) {
        return true;
    }
    // `he eliminado`, `hemos hecho`.
    if is(before(clause, at, 1), &["he", "hemos"]) {
        return !mind
            && (this.ends_with("ado")
                || this.ends_with("ido")
                || is(this, &["hecho", "puesto", "dicho", "escrito", "devuelto", "resuelto", "inscrito"]));
    }
    // `I've locked`, `I made`, `we took`.
    let english = is(this, &["made", "took", "put", "set", "did", "got", "held", "sent", "told"]);
    let past = this.ends_with("ed") && long || english;
    let subject = is(before(clause, at, 1), &["i", "i've", "we", "we've"])
        || is(before(clause, at, 1), &["have", "just", "already", "also", "now"])
            && is(before(clause, at, 2), &["i", "i've", "we", "we've"]);
    if past && subject && !(mind && word(clause, at + 1) != "you") {
        return true;
    }
    if this == "down" && clause[..at].iter().rev().take(3).any(|token| token.word == "you") {
        return true;
    }
    german(clause, at)
}

/// `ich habe ... erledigt`, `hab dich drin`, `ich nehme dich raus`.
fn german(clause: &[Token], at: usize) -> bool {
    let here = word(clause, at);
    let first = |at: usize| {
        is(before(clause, at, 1), &["ich", "wir"])
            || is(word(clause, at + 1), &["ich", "wir", "dich", "euch"])
    };
    if is(here, &["habe", "hab", "haben"]) && (first(at) || at == 0) {
        return clause[at..].iter().any(|token| {
            let word = token.word.as_str();
            let participle = (word.starts_with("ge")
                || word.starts_with("er")
                || word.starts_with("ver")
                || word.contains("ge")
                || word.ends_with("iert"))
                && (word.ends_with('t') || word.ends_with("en"))
                && word.len() > 5
                && !token.capital();
            (participle
                && !is(word, &UNDERSTOOD)
                && !is(word, &["gern", "gerne", "genau", "geht", "haben", "morgen", "gegen", "wegen"]))
                || word == "drin"
        });
    }
    is(here, &["nehme", "nehmen"]) && first(at) && has(&clause[at..], &["raus", "rein"])
        || is(here, &["stehst", "stehen"]) && has(&clause[at..], &["kalender", "liste", "plan"])
}

/// Whether something is only possible or wished.
pub fn wished(clause: &[Token]) -> bool {
    has(clause, &MAYBE)
}

/// `seu horário foi excluído`, `die Buchung hat geklappt`, `reservation complete`.
fn came_about(clause: &[Token]) -> Option<usize> {
    if has(clause, &MAYBE) {
        return None;
    }
    let noun = (0..clause.len()).find(|at| {
        let named = is(word(clause, *at), &APPOINTMENT);
        let service = is(
            word(clause, *at),
            &["haircut", "trim", "haarschnitt", "corte", "hora", "consulta", "plaza", "sitio"],
        );
        let yours = is(before(clause, *at, 1), &YOURS) || is(before(clause, *at, 2), &YOURS);
        // `help with your appointment`: nothing is said of it.
        let aside = (2..=3).any(|back| {
            is(
                before(clause, *at, back),
                &["with", "about", "for", "com", "sobre", "con", "mit", "zu", "bei"],
            )
        });
        named && !aside && (yours || !service && (is(before(clause, *at, 1), &THE) || *at == 0))
    })?;
    // Prices and lengths are told with the same words.
    let of_facts = has(
        clause,
        &[
            "custa", "cuesta", "kostet", "costs", "cost", "dura", "dauert", "takes", "leva", "€", "$",
            "feito", "feita",
        ],
    ) && !is(before(clause, noun, 1), &YOURS);
    let yours = is(before(clause, noun, 1), &YOURS);
    (!of_facts && (yours || has(clause, &CAME))).then_some(noun)
}
