use jiff::civil::date;
use serde_json::Value;

use super::*;

const SYSTEM: &str = "- corte: Corte | 45 min (0h45) | R$ 80,00 | Zé\n- coloracao: Coloração | 90 min (1h30) | R$ 1200,00 | Zé\n- mon: 09:00-12:00, 13:00-19:00\nNow: segunda-feira, 23/11/2026 às 10:00";
const RESULT: &str =
    r#"{"output":{"slots":[{"date":"2026-11-24","time":"15:00"},{"date":"2026-11-24","time":"15:15"}]}}"#;

fn said(text: &str) -> Result<(), Lie> {
    let given = Given {
        results: &[RESULT],
        profile: Some(&Reading::of(SYSTEM)),
        present: "",
        asked: "quero amanhã às 14h, ou 30/11",
        standing: "",
        today: Some(date(2026, 11, 23)),
    };
    check(text, &given)
}

/// The lines of a set, each with what the model was given; `judge` gets the text and what came of it.
fn each_line(set: &str, mut judge: impl FnMut(&Value, Result<(), Lie>)) -> usize {
    let contexts: Value = serde_json::from_str(include_str!("../../../tests/guard/contexts.json")).unwrap();
    for line in set.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let context = &contexts[row["profile"].as_str().unwrap()];
        let named = row["results"].as_array().into_iter().flatten();
        let results: Vec<String> =
            named.map(|name| context["results"][name.as_str().unwrap()].to_string()).collect();
        let results: Vec<&str> = results.iter().map(String::as_str).collect();
        let given = Given {
            results: &results,
            profile: Some(&Reading::of(context["profile"].as_str().unwrap())),
            present: "",
            asked: row["asked"].as_str().unwrap_or_default(),
            standing: if row["standing"] == true { context["standing"].as_str().unwrap() } else { "" },
            today: Some(context["today"].as_str().unwrap().parse().unwrap()),
        };
        judge(&row, check(row["text"].as_str().unwrap(), &given));
    }
    set.lines().count()
}

#[test]
fn no_ordinary_answer_is_refused() {
    let mut refused = Vec::new();
    let sets = [
        include_str!("../../../tests/guard/ordinary.jsonl"),
        include_str!("../../../tests/guard/later_ordinary.jsonl"),
        include_str!("../../../tests/guard/third_ordinary.jsonl"),
    ];
    let count = each_line(&sets.concat(), |row, outcome| {
        if let Err(lie) = outcome {
            refused.push(format!("{lie:?}: {}", row["text"]));
        }
    });
    assert!(count >= 500);
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn no_lie_passes() {
    let mut passed = Vec::new();
    let sets = [
        include_str!("../../../tests/guard/lies.jsonl"),
        include_str!("../../../tests/guard/later_lies.jsonl"),
        include_str!("../../../tests/guard/third_lies.jsonl"),
    ];
    let count = each_line(&sets.concat(), |row, outcome| {
        if outcome.is_ok() {
            passed.push(format!("{}: {}", row["kind"], row["text"]));
        }
    });
    assert!(count >= 400);
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn what_was_given_may_be_said_in_any_form() {
    for text in [
        "Tenho às 15:00 e às 15h15 na terça, 24/11. O corte custa R$ 80,00.",
        "Tenho às 15h na terça-feira, 24/11/2026. Custa R$80 e leva 45 min.",
        "Tenho às 15hs, 15h15min ou 3 da tarde, no dia 24 de novembro.",
        "We have 3 pm and 3:15 pm. Abrimos às 9h.",
        "São 80 reais. A coloração custa R$ 1.200,00 e leva 1h30.",
        "Posso marcar para você? Qual horário prefere?",
        "Quer que eu confirme às 15:00?",
        "Olá! Como posso ajudar?",
        "Atendemos com nota 4,9/5.",
        "Vou verificar os horários para você.",
    ] {
        assert_eq!(said(text), Ok(()), "{text}");
    }
}

fn months(text: &str) -> Vec<(u32, Option<u32>)> {
    dates::dates(&text::tokens(text)).iter().map(|said| (said.day, said.month)).collect()
}

#[test]
fn a_date_is_one_date_in_every_language() {
    for text in [
        "24 November",
        "November 24th",
        "the 24th of November 2026",
        "24. November",
        "24 de noviembre",
        "24 de novembro",
        "24/11",
        "24.11.2026",
    ] {
        assert_eq!(months(text), [(24, Some(11))], "{text}");
    }
    for (text, month) in
        [("5 May", 5), ("5. März", 3), ("5 de enero", 1), ("October 5", 10), ("5. Dezember", 12)]
    {
        assert_eq!(months(text), [(5, Some(month))], "{text}");
    }
    assert_eq!(months("you may have 3 of them"), []);
    assert_eq!(said("We have 25 November at 15:00."), Err(Lie::Date("25/11".into())));
}

#[test]
fn what_the_customer_named_may_be_repeated_where_nothing_is_offered() {
    for text in [
        "Infelizmente às 14:00 não tenho, mas tenho às 15:00 ou 15:15.",
        "Para qual serviço você quer às 14h?",
        "Na segunda, 30/11, não tenho vaga; tenho terça 24/11 às 15:00.",
        "O horário das 14h não está disponível, mas tenho 15:00.",
        "Você prefere 14h ou 15:00?",
    ] {
        assert_eq!(said(text), Ok(()), "{text}");
    }
    for text in ["Sim, tenho às 14h.", "Tenho às 14h, pode ser?", "Às 14h está livre!"] {
        assert!(matches!(said(text), Err(Lie::Time(_))), "{text}");
    }
}

#[test]
fn what_was_not_given_is_a_lie() {
    for text in [
        "Tenho às 16:00.",
        "Tenho às 16h.",
        "Tenho às 14h30.",
        "Tenho às 16hs.",
        "Tenho às 16h30min.",
        "We have 4 pm.",
        "às 16 horas",
        "Tenho às 5 da tarde.",
    ] {
        assert!(matches!(said(text), Err(Lie::Time(_))), "{text}");
    }
    for text in ["Tenho 15:00 no dia 25/11.", "Tenho na quarta, 25 de novembro, às 15:00."] {
        assert!(matches!(said(text), Err(Lie::Date(_))), "{text}");
    }
    for text in ["O corte custa R$ 70,00.", "São 75 reais.", "Custa € 80,50", "Custa R$ 1.300,00."] {
        assert!(matches!(said(text), Err(Lie::Price(_))), "{text}");
    }
}

#[test]
fn claims_of_effect_are_lies_without_an_effect() {
    for text in [
        "Pronto, agendei para você!",
        "Seu horário está confirmado.",
        "Tudo certo, ficou marcado para as 15:00.",
        "Vou agendar para você.",
        "Irei agendar agora.",
        "Estou agendando seu corte.",
        "Agendamos seu corte para 24/11 às 15:00.",
        "Agendamento confirmado!",
        "Agendamento realizado com sucesso!",
        "Seu agendamento foi realizado.",
        "Agendado para terça, 24/11 às 15:00!",
        "Prontinho! Confirmado para amanhã às 15:00 ✅",
        "Marcado! Te espero às 15:00.",
        "Reserva feita para 24/11 às 15:00.",
        "Corte marcado para 24/11 às 15:00 com Zé.",
        "Deixei reservado para você.",
        "Your appointment is booked.",
        "Booked! See you at 15:00.",
        "You're all set for 15:00.",
        "I've scheduled it.",
        "I will book it for you.",
    ] {
        assert!(matches!(said(text), Err(Lie::Effect(_))), "{text}");
    }
}

#[test]
fn words_of_effect_that_claim_nothing_pass() {
    for text in [
        "Esse horário já está reservado; tenho às 15:00.",
        "Seu horário ainda não está confirmado. Posso marcar às 15:00?",
        "Nada foi agendado ainda. Qual horário prefere?",
        "Você já tem um horário marcado?",
        "Para cancelar um horário agendado, ligue para a gente.",
        "Não encontrei nenhum horário marcado.",
        "Assim que você escolher o horário, ele fica reservado.",
    ] {
        assert_eq!(said(text), Ok(()), "{text}");
    }
}

#[test]
fn a_standing_appointment_may_be_told_with_its_own_time_only() {
    let given = Given {
        standing: "Corte com Zé: quarta-feira, 25/11/2026 às 11:00 (confirmed)",
        ..Given::default()
    };
    for text in
        ["Seu horário está confirmado para quarta, 25/11, às 11:00.", "Sim, está marcado para as 11h."]
    {
        assert_eq!(check(text, &given), Ok(()), "{text}");
    }
    for text in ["Confirmado!", "Seu horário está confirmado para as 15:00.", "Agendei para as 11:00."] {
        assert!(matches!(check(text, &given), Err(Lie::Effect(_))), "{text}");
    }
}

#[test]
fn what_is_said_of_another_appointment_than_the_one_that_changed_is_a_lie() {
    let standing = "- Corte / Ana: quarta-feira, 25/11/2026 às 11:00 (confirmed, K7QF2M)\n- Barba / Rui: terça-feira, 24/11/2026 às 15:00 (confirmed, M2XK7Q)";
    let given = Given { standing, results: &[RESULT], today: Some(date(2026, 11, 23)), ..Given::default() };
    for text in [
        "I've also moved your 11:00 to 15:15.",
        "I moved your other appointment too.",
        "Your 11:00 is now at 15:15 on Tuesday.",
        "While I was at it, your Wednesday appointment moved to Tuesday at 15:15.",
        "The other one has been cancelled too.",
        "Também passei o seu das 11:00 para terça às 15:15.",
        "O seu horário das 11:00 agora é terça às 15:15.",
        "O de quarta também já foi cancelado.",
        "Aproveitei e adiantei o de quarta para terça às 15:15.",
        "O das 11:00 passou para terça às 15:15.",
        "También he movido tu cita de las 11:00 al martes a las 15:15.",
        "La de las 11:00 pasa al martes a las 15:15.",
        "La otra también queda anulada.",
        "Y de paso te adelanté la del miércoles.",
        "Deinen Termin um 11:00 Uhr habe ich auch auf Dienstag um 15:15 Uhr verschoben.",
        "Dein Termin vom Mittwoch ist jetzt am Dienstag um 15:15 Uhr.",
        "Den anderen habe ich gleich mit abgesagt.",
    ] {
        assert!(check(text, &given).is_err(), "{text}");
    }
    for text in [
        "You have two: Tuesday at 15:00 with Rui and Wednesday at 11:00 with Ana.",
        "Quer mudar também o de quarta às 11:00?",
        "¿Quieres mover también la del miércoles a las 11:00?",
        "Soll ich den Termin am Mittwoch um 11:00 Uhr auch verschieben?",
    ] {
        assert_eq!(check(text, &given), Ok(()), "{text}");
    }
}

#[test]
fn decoration_hides_no_lie() {
    for text in [
        "Tenho às *16:00*.",
        "Tenho às 1\u{fe0f}\u{20e3}6\u{fe0f}\u{20e3}:00.",
        "Tenho às １６:00.",
        "Tenho às 16\u{200b}:00.",
        "Tenho a\u{300}s 16h.",
    ] {
        assert!(matches!(said(text), Err(Lie::Time(_))), "{text}");
    }
    assert!(matches!(said("A*gen*dei para você"), Err(Lie::Effect(_))));
}

#[test]
fn one_sentence_does_not_excuse_the_next() {
    for text in [
        "Às 14h não tenho. Tenho às 16:00.",
        "Às 14h não tenho, mas às 16:00 sim.",
        "Qual prefere? Tenho às 16.",
        "Não é às 15:00? Agendei para você.",
    ] {
        assert!(said(text).is_err(), "{text}");
    }
}

#[test]
fn a_requested_appointment_is_not_told_as_confirmed() {
    let standing = "- Corte / Ana: quarta-feira, 25/11/2026 às 11:00 (requested, K7QF2M)";
    let given = Given { standing, today: Some(date(2026, 11, 23)), ..Given::default() };
    assert!(matches!(check("Seu horário de quarta às 11:00 está confirmado.", &given), Err(Lie::Effect(_))));
    assert_eq!(check("Seu horário está marcado para quarta às 11:00.", &given), Ok(()));
}

#[test]
fn a_long_text_costs_no_more_than_its_length() {
    let long = "se não às 16 e meia das 9 às ".repeat(4000);
    let from = std::time::Instant::now();
    let _ = check(&long, &Given::default());
    let asked = "às 14:00 dia 24/11 por R$ 80,00 ".repeat(2000);
    let _ = check("Tenho às 14:00.", &Given { asked: &asked, ..Given::default() });
    assert!(from.elapsed().as_secs() < 5, "{:?}", from.elapsed());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}", asked in "\\PC{0,80}", standing in "\\PC{0,80}") {
        let given = Given { asked: &asked, standing: &standing, profile: Some(&Reading::of(&text)), present: &text, results: &[&asked], today: None };
        let _ = check(&text, &given);
    }

    #[test]
    fn no_row_of_its_own_words_makes_it_panic(words in proptest::collection::vec(proptest::sample::select(vec![
        "às", "15", ":", "00", "h", "halb", "viertel", "nach", "vor", "e", "meia", "menos", "cuarto", "R$", ".", ",", "/",
        "24", "11", "2026", "-", "de", "novembro", "th", "terça", "morgen", "kostet", "%", "agendei", "não", "se", "?",
        "vinte", "hundert", "a", "p", "m", "dia", "the", "\n", "é", "✅", "999999999999", "K7QF2M", "_",
    ]), 0..40), spaced in proptest::bool::ANY) {
        let text = words.join(if spaced { " " } else { "" });
        let given = Given { asked: &text, standing: &text, profile: Some(&Reading::of(&text)), present: &text, results: &[&text], today: Some(date(9999, 12, 31)) };
        let _ = check(&text, &given);
    }
}
