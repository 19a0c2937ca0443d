//! What others are told: the owner, a person, the customer about their data.

use mcp_store::turn::{Also, Effect};

use super::{
    super::gemini::scripted::{calls, text},
    *,
};

fn with_owner(more: &str) -> String {
    profile(more).replace("currency: BRL", &format!("currency: BRL\n  owners: [\"{OWNER}\"]"))
}

async fn decided(world: &World, texts: &[&str]) -> (ClaimedTurn, Decided) {
    let messages: Vec<(&str, Value)> = texts.iter().map(|text| ("text", json!({"body": text}))).collect();
    world.arrive(ANA, &messages).await;
    let turn = world.claim().await;
    let decided = world.decide(&turn).await;
    (turn, decided)
}

/// The owner writes, so that they can be written to.
async fn reachable(world: &World) {
    world.arrive("5511988880000", &[("text", json!({"body": "menu"}))]).await;
    world.turn().await;
    world.sent().await;
}

fn answer(decided: &Decided) -> &str {
    match &decided.result.effect {
        Effect::Answer(message) => message.body["text"]["body"].as_str().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_hand_over_silences_the_assistant_and_tells_the_owner() {
    let call = calls(&[("hand_over", json!({"reason": "reclamação"}))]);
    let world = World::with(&with_owner(""), &["best"], Scripted::of([Ok(call)])).await;
    reachable(&world).await;
    let (_, decided) = decided(&world, &["isso é um absurdo, ninguém me respeita"]).await;
    assert!(answer(&decided).contains("uma pessoa"), "{}", answer(&decided));
    let until = local("2026-11-16T21:00");
    let also = &decided.result.also;
    assert!(also.iter().any(|also| matches!(also, Also::Takeover { until: at } if *at >= until)), "{also:?}");
    let told = also.iter().find_map(|also| match also {
        Also::Tell { message, .. } => Some(message),
        _ => None,
    });
    let told = told.expect("the owner is told");
    let said = told.body["text"]["body"].as_str().unwrap();
    assert!(said.contains("Ana (+5511900000001)") && said.contains("reclamação"), "{said}");
    assert!(told.dedupe_key.as_deref().unwrap().starts_with("handover:wamid."));
}

#[tokio::test]
async fn after_a_hand_over_the_owner_has_been_told_and_what_the_customer_says_is_kept_for_later() {
    let answers = [Ok(calls(&[("hand_over", json!({}))])), Ok(text("Olá de novo!"))];
    let world = World::with(&with_owner(""), &["best"], Scripted::of(answers)).await;
    reachable(&world).await;
    let sent = world.say(&["quero falar com uma pessoa"]).await;
    let to: Vec<&str> = sent.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(to.iter().filter(|to| **to == ANA).count(), 1, "{sent:?}");
    assert!(to.contains(&"5511988880000"), "{sent:?}");

    world.arrive(ANA, &[("text", json!({"body": "meu cabelo está verde"}))]).await;
    let turn = world.claim().await;
    assert!(turn.conversation.owner.is_human_at(world.now()));
    world.commit(&turn, Assistant::stay_silent(&turn)).await;
    assert!(world.sent().await.is_empty());

    world.bed.clock.pass(SignedDuration::from_hours(13));
    world.say(&["oi"]).await;
    let contents = world.model.asked().last().unwrap().1["contents"].to_string();
    assert!(contents.contains("meu cabelo está verde"), "{contents}");
}

#[tokio::test]
async fn who_wants_no_notices_is_heard_while_a_person_answers() {
    let world = World::with(&with_owner(""), &["best"], Scripted::of([])).await;
    reachable(&world).await;
    world.say(&["quero falar com uma pessoa"]).await;
    world.arrive(ANA, &[("text", json!({"body": "PARAR"}))]).await;
    let turn = world.claim().await;
    assert!(turn.conversation.owner.is_human_at(world.now()));
    world.commit(&turn, Assistant::stay_silent(&turn)).await;
    assert!(world.sent().await.is_empty(), "the assistant is silent");
    let conversation = world.bed.store.conversation(turn.conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.notices, Some(false));
}

#[tokio::test]
async fn two_taps_of_an_owner_are_two_turns_and_those_of_a_customer_one() {
    let world = World::with(&with_owner(""), &["best"], Scripted::of([])).await;
    let tap = |id: &str| {
        ("interactive", json!({"type": "button_reply", "button_reply": {"id": id, "title": "Aprovar"}}))
    };
    for (from, answered) in [("5511988880000", 1), (ANA, 2)] {
        world.arrive(from, &[tap("first"), tap("second")]).await;
        let mut turn = world.claim().await;
        assert_eq!(turn.messages.len(), 2);
        world.assistant.one_decision(&mut turn).await;
        assert_eq!(turn.messages.len(), answered, "{from}");
        let decided = world.decide(&turn).await;
        assert!(matches!(world.commit(&turn, decided).await, TurnEnd::Committed { .. }));
        if answered == 1 {
            let rest = world.claim().await;
            assert_eq!(rest.messages.len(), 1, "the second tap waits for a turn of its own");
            let decided = world.decide(&rest).await;
            world.commit(&rest, decided).await;
        }
    }
}

#[tokio::test]
async fn a_message_taken_back_later_is_in_no_history_any_more() {
    let world = World::new([Ok(text("Olá!")), Ok(text("Tudo bem?"))]).await;
    world.arrive(ANA, &[("text", json!({"body": "minha senha é 1234"}))]).await;
    world.turn().await;
    let id = "wamid.1";
    assert_eq!(world.sent().await.len(), 1);
    let sent = world.send(&[("revoke", json!({"original_message_id": id}))]).await;
    assert!(sent.is_empty(), "{sent:?}");
    world.say(&["oi"]).await;
    let contents = world.model.asked().last().unwrap().1["contents"].to_string();
    assert!(!contents.contains("1234") && contents.contains("Olá!"), "{contents}");
}

#[tokio::test]
async fn without_an_owner_to_tell_nobody_is_promised() {
    let world = World::new([Ok(calls(&[("hand_over", json!({}))]))]).await;
    let (_, decided) = decided(&world, &["quero uma pessoa"]).await;
    assert!(answer(&decided).contains("+55 11 3333-4444"), "{}", answer(&decided));
    assert!(!decided.result.also.iter().any(|also| matches!(also, Also::Takeover { .. })));
}

#[tokio::test]
async fn where_the_owner_cannot_be_reached_nobody_is_promised_and_the_assistant_goes_on() {
    let answers = [Ok(text("Olá de novo!"))];
    let world = World::with(&with_owner(""), &["best"], Scripted::of(answers)).await;
    let sent = world.say(&["quero falar com uma pessoa"]).await;
    let read = &sent.iter().find(|(to, _)| to == ANA).unwrap().1;
    assert!(read.contains("não consigo avisá-la") && read.contains("+55 11 3333-4444"), "{read}");
    let told = &sent.iter().find(|(to, _)| to == "5511988880000").unwrap().1;
    assert!(told.contains("pediu para falar") && !told.contains("silêncio"), "{told}");
    let after = world.say(&["e agora?"]).await;
    assert!(after[0].1.contains("Olá de novo!"), "{after:?}");
}

#[tokio::test]
async fn the_privacy_notice_stands_before_the_first_answer_and_no_later_one() {
    const NOTICE: &str = "assistant: {privacyNotice: {pt-BR: \"Guardamos seu nome e número.\"}}\n";
    let answers = [Ok(text("Olá!")), Ok(text("Tudo bem!"))];
    let world = World::with(&profile(NOTICE), &["best"], Scripted::of(answers)).await;
    let (turn, first) = decided(&world, &["oi"]).await;
    assert_eq!(answer(&first), "Guardamos seu nome e número.\n\nOlá!");
    assert!(first.result.also.contains(&Also::Informed("Guardamos seu nome e número.".into())));
    assert!(!first.result.history.iter().any(|content| content.to_string().contains("Guardamos")));
    let mut informed = turn.clone();
    informed.conversation.informed_at = Some(world.now());
    let second = world.decide(&informed).await;
    assert_eq!(answer(&second), "Tudo bem!");
}

#[tokio::test]
async fn old_messages_get_the_menu_and_those_of_yesterday_only_reach_the_owner() {
    let world = World::with(&with_owner(""), &["best"], Scripted::default()).await;
    world.arrive(ANA, &[("text", json!({"body": "oi"}))]).await;
    world.bed.clock.pass(SignedDuration::from_hours(3));
    let turn = world.claim().await;
    let late = world.decide(&turn).await;
    assert!(late.speaks());
    world.bed.clock.pass(SignedDuration::from_hours(22));
    let lost = world.decide(&turn).await;
    assert!(matches!(&lost.result.effect, Effect::GiveUp { answer: None, .. }));
    assert!(lost.result.also.iter().any(|also| matches!(also, Also::Tell { .. })));
    assert!(world.model.asked().is_empty());
}

#[tokio::test]
async fn the_waiting_list_is_for_days_without_a_free_slot() {
    let wait =
        |day: i64| Ok(calls(&[("join_waitlist", json!({"service": "corte", "day": day, "month": 12}))]));
    let world = World::new([wait(24), wait(21), Ok(text("Há horários livres nesse dia."))]).await;
    let (turn, closed) = decided(&world, &["me avisa se abrir vaga dia 24"]).await;
    assert!(
        answer(&closed).contains("lista de espera") && answer(&closed).contains("Corte"),
        "{}",
        answer(&closed)
    );
    let entry = closed.result.also.iter().find_map(|also| match also {
        Also::Wait(wait) => Some(wait.clone()),
        _ => None,
    });
    assert_eq!(entry.unwrap().from, local("2026-12-24T00:00"));
    let open = world.decide(&turn).await;
    assert_eq!(answer(&open), "Há horários livres nesse dia.");
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_politely_and_a_reaction_is_not() {
    let world = World::new([Ok(text("Olá!"))]).await;
    let sent = world.send(&[("image", json!({"id": "1"}))]).await;
    assert!(sent[0].1.contains("imagem"), "{sent:?}");
    assert!(world.send(&[("reaction", json!({"emoji": "👍"}))]).await.is_empty());
    assert!(world.model.asked().is_empty());
    world.send(&[("image", json!({"id": "2"})), ("text", json!({"body": "oi"}))]).await;
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test]
async fn code_speaks_the_customers_language_where_the_business_does_and_keeps_to_it() {
    let both = profile("").replace("languages: [pt-BR]", "languages: [pt-BR, de]");
    let world = World::with(&both, &["best"], Scripted::of([Ok(text("Hallo!"))])).await;
    world.say(&["Guten Tag, ich möchte bitte einen Termin vereinbaren"]).await;
    let sent = world.send(&[("image", json!({"id": "1"}))]).await;
    assert!(sent[0].1.starts_with("Danke für das Bild"), "{sent:?}");
    let only = World::new([Ok(text("Olá!"))]).await;
    only.say(&["Guten Tag, ich möchte bitte einen Termin vereinbaren"]).await;
    let sent = only.send(&[("image", json!({"id": "1"}))]).await;
    assert!(sent[0].1.starts_with("Recebi a sua imagem"), "{sent:?}");
}
