//! Portuguese phrases of effect.

use super::{Claim, Table};

pub const TABLE: Table = Table {
    phrases: &[
        (
            Claim::Deed,
            &[
                "suspendi|inseri|inclui|exclui|conclui|transferi|removi|desfiz|fechei ~2 seu|sua|voce|vc|horario|agendamento|reserva",
                "acabei|acabo|acabamos de criar|fazer|incluir|inserir|registrar|excluir|remover|mudar|trocar",
                "agendei|marquei|reservei|confirmei|remarquei|encaixei|garanti|desmarquei|cancelei|inscrevi|reagendei|bloqueei|transferi|antecipei|adiei",
                "agendamos|marcamos|reservamos|confirmamos|remarcamos|cancelamos|desmarcamos|encaixamos|reagendamos",
                "alterei|mudei|troquei|passei|movi ~2 agendamento|horario|corte|reserva|consulta|visita|servico",
                "acabei|acabo|acabamos de agendar|marcar|reservar|confirmar|cancelar|remarcar|desmarcar|encaixar",
                "coloquei|pus|botei|inclui|adicionei voce|vc|te|seu|sua|o|a",
                "te coloquei|pus|botei|inclui|encaixei|anotei|marquei|agendei",
                "anotei voce|vc",
                "anotei seu|sua|o horario|reserva",
                "deixei ~2 reservado|marcado|agendado|confirmado|separado|garantido",
                "separei|guardei|segurei ~2 horario|vaga|lugar",
                "ja tirei|removi voce|vc|seu|sua|o",
                "tirei|removi voce|vc",
                "enviei|mandei ~3 confirmacao|lembrete|comprovante|convite",
                "avisei|informei|falei|notifiquei a|o|com",
            ],
        ),
        (
            Claim::Promise,
            &[
                "vou|vamos|irei|iremos ?ja|te|lhe|entao|deixar agendar|marcar|reservar|confirmar|remarcar|cancelar|desmarcar|encaixar|reagendar|garantir|colocar|anotar|agendado|marcado|reservado|bloquear",
                "vou|vamos te|lhe|voce colocar|encaixar|incluir|agendar|marcar",
                "estou|estamos ?ja agendando|marcando|reservando|confirmando|cancelando|remarcando|desmarcando|encaixando",
                "agendarei|marcarei|reservarei|confirmarei|cancelarei|remarcarei|desmarcarei",
                "te agendo|marco|encaixo|reservo|confirmo",
                "estou|estamos ?ja|te segurando|guardando|separando|bloqueando",
            ],
        ),
        (
            Claim::Stands,
            &[
                "tudo|esta resolvido|certo|acertado|ok com seu|sua|o|a",
                "ja sabe que",
                "ja esta|foi avisad*|informad*|ciente",
                "mais nada marcado|agendado",
                "inserid*|incluid*|adicionad*|registrad*|lancad* na|no|em",
                "agendad*|marcad*|reservad*|confirmad*",
                "agendamento|reserva|marcacao|horario ?foi|esta|ficou|ja realizad*|feit*|efetuad*|concluid*|garantid*|registrad*|criad*",
                "horario ~6 e seu",
                "garantid* para|pra",
                "corte|horario|barba|consulta|visita|servico ficou para|pra",
                "esta|ta|tudo|esta tudo certo|combinado|acertado para|pra|com",
                "tudo certo|pronto|acertado para|pra amanha|hoje|segunda|terca|quarta|quinta|sexta|sabado|domingo|o|as|dia",
                "na|para agenda de|da amanha|hoje|ana|segunda|terca|quarta|quinta|sexta",
                "na lista de espera ja",
                "ja esta na lista",
                "nome ~3 na lista",
            ],
        ),
        (
            Claim::Gone,
            &[
                "removid*|excluid*|apagad*|deletad*|suspens*",
                "ja nao esta|existe|consta",
                "cancelad*|desmarcad*|remarcad*|reagendad*",
                "cancelamento|remarcacao|mudanca|alteracao ?foi|esta|ja feit*|realizad*|efetuad*|concluid*|confirmad*|registrad*",
                "nao existe mais",
                "seu|sua|teu|tua vaga|horario|hora|lugar|agendamento|reserva ~4 liberad*|liberou|livre|vago|vaga",
                "foi|esta|ficou alterad*|mudad*|trocad*|transferid*|movid*",
            ],
        ),
        (
            Claim::Parting,
            &[
                "vai te|lhe receber|atender|esperar",
                "te espera|aguarda",
                "te|lhe espero|esperamos|aguardo|aguardamos|vejo|vemos",
                "espero|esperamos|aguardo|aguardamos voce|vc",
                "ate amanha|hoje|segunda|terca|quarta|quinta|sexta|sabado|domingo",
                "nos vemos",
                "voce|vc tem ~2 horario|agendamento|corte|consulta",
                "fica|ficou combinado|acertado|fechado",
                "esta feito",
                "vejo voce|vc",
            ],
        ),
        (Claim::Until, &["ate la"]),
        (
            Claim::Done,
            &[
                "feito|pronto|prontinho|resolvido|concluido",
                "esta|ta|ja feito|pronto|resolvido",
                "pronto|prontinho , ?esta|ta|ja feito|resolvido|tudo",
                "tudo pronto|feito|resolvido",
            ],
        ),
        (
            Claim::Agreed,
            &["combinado|fechado|maravilha|perfeito|beleza|otimo|certo|ok|show|prontinho|pronto"],
        ),
    ],
};
