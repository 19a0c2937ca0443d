//! Spanish phrases of effect.

use super::{Claim, Table};

pub const TABLE: Table = Table {
    phrases: &[
        (
            Claim::Deed,
            &[
                "acabo|acabamos|acabe de crear*|hacer*|gestionar*|tramitar*|registrar*|eliminar*|quitar*|meter*|poner*",
                "agende|reserve|confirme|cancele|anule|reprograme|aparte|apunte|movi|cambie|programe ?ya tu|su|la|el|las|los|te|una|un|esa|ese",
                "te|le|lo|la agende|reserve|confirme|cancele|anule|apunte|aparte|guarde|anote|programe|cambie|movi|puse",
                "he|hemos|ha|han ?ya|te|le|sido agendad*|reservad*|confirmad*|cancelad*|anulad*|apuntad*|cambiad*|movid*|reprogramad*|guardad*|anotad*|programad*|puesto|enviado|mandado|avisado|apartad*|incluid*|anadid*|bloquead*",
                "te|le he|hemos ?ya agendad*|reservad*|confirmad*|cancelad*|anulad*|apuntad*|cambiad*|movid*|guardad*|anotad*|puesto|enviado|mandado|incluid*|anadid*",
                "acabo|acabamos de agendar*|reservar*|confirmar*|cancelar*|anular*|apuntar*|cambiar*|mover*",
                "agendamos|apuntamos|confirmamos tu|su|la",
                "deje|dejo|dejamos ~2 reservad*|agendad*|apuntad*|confirmad*",
                "avise|informe a lucia|javier",
            ],
        ),
        (
            Claim::Promise,
            &[
                "voy|vamos a agendar*|reservar*|confirmar*|cancelar*|anular*|apuntar*|cambiar*|mover*|programar*|guardar*",
                "estoy|estamos agendando*|reservando*|confirmando*|cancelando*|anulando*|apuntando*|cambiando*",
                "agendare|reservare|confirmare|cancelare|anulare|apuntare|cambiare|moveremos|reservaremos|agendaremos",
                "estoy|estamos guardando*|apartando*|bloqueando*",
                "te|le reservo|apunto|agendo|confirmo|anoto|guardo|cancelo|anulo|cambio|programo",
            ],
        ),
        (
            Claim::Stands,
            &[
                "agendad*|reservad*|confirmad*|apuntad*|programad*|citad*|apartad*",
                "ya sabe que",
                "ya esta avisad*|enterad*|informad*",
                "reserva|cita|agendamiento ?fue|esta|ha|quedo|ya ?sido realizad*|hech*|efectuad*|registrad*|cread*|completad*",
                "tu|su cita queda|quedo para",
                "quedas|quedaste|queda|quedo|quedan|quedamos citad*|apuntad*|agendad*|reservad*|confirmad*|para",
                "todo listo|hecho|arreglado para",
                "ya|es|son ?es|son tuya|tuyo|suya|suyo",
                "tienes|tiene|ya cita|reserva ?para mañana|manana|hoy|el|este|lunes|martes|miercoles|jueves|viernes|sabado|a",
                "en la lista de espera ya",
            ],
        ),
        (
            Claim::Gone,
            &[
                "cambiad*|movid*|pasad* al|para|a",
                "eliminad*|borrad*|quitad*|suprimid*",
                "tu|su hora|cita|plaza|sitio|reserva|turno ~4 liberad*|libre|disponible",
                "ya no esta|existe|figura|consta",
                "cancelad*|anulad*|reprogramad*",
                "cancelacion|cambio|anulacion|modificacion ?fue|esta|ya realizad*|hech*|efectuad*|completad*|confirmad*",
                "se ha|han movid*|cambiad*|cancelad*|anulad*",
                "ya no tienes|tiene|hay|existe ~1 cita|reserva",
                "ha sido|quedo|queda|fue cambiad*|movid*|trasladad*",
            ],
        ),
        (
            Claim::Parting,
            &[
                "te|le|os espera",
                "te|le atendera|recibira",
                "te|le|os|los esperamos|espero|vemos",
                "nos vemos",
                "tienes|tiene ~2 cita|hora|reserva",
                "hasta manana|hoy|el|este|lunes|martes|miercoles|jueves|viernes|sabado|domingo",
            ],
        ),
        (Claim::Until, &["hasta entonces", "hasta ese dia"]),
        (
            Claim::Done,
            &[
                "listo|hecho|arreglado|solucionado",
                "ya esta",
                "ya tienes|tiene tu|su cita|hora|reserva",
                "todo|esta|ya listo|hecho",
            ],
        ),
        (
            Claim::Agreed,
            &["perfecto|genial|vale|hecho|trato|listo|estupendo|entonces|ok", "de acuerdo", "muy bien"],
        ),
    ],
};
