//! What a visitor reads, in four languages.

/// The words of one language.
#[derive(Debug)]
pub struct Words {
    /// Its tag.
    pub language: &'static str,
    /// Above everything.
    pub title: &'static str,
    /// What is the matter, and what to do.
    pub sentence: &'static str,
}

const ALL: [Words; 4] = [
    Words {
        language: "en",
        title: "Not available at the moment",
        sentence: "This service is paused. Please try again later, or contact the business directly.",
    },
    Words {
        language: "pt-BR",
        title: "Indisponível no momento",
        sentence: "Este atendimento está pausado. Tente mais tarde ou fale diretamente com o estabelecimento.",
    },
    Words {
        language: "es",
        title: "No disponible por el momento",
        sentence: "Este servicio está en pausa. Inténtelo más tarde o contacte directamente con el negocio.",
    },
    Words {
        language: "de",
        title: "Im Moment nicht erreichbar",
        sentence: "Dieser Dienst ruht. Bitte später noch einmal versuchen oder direkt beim Betrieb melden.",
    },
];

/// The first language of an `Accept-Language` that there is; English otherwise.
pub fn of(accepted: &str) -> &'static Words {
    let [english, ..] = &ALL;
    let mut wanted = accepted.split(',').map(|one| one.split([';', '-']).next().unwrap_or_default().trim());
    wanted
        .find_map(|wanted| ALL.iter().find(|words| words.language.split('-').next() == Some(wanted)))
        .unwrap_or(english)
}
