//! A model that lies, is slow, is down or answers nonsense.

use super::{
    super::gemini::scripted::{calls, text},
    *,
};
use crate::status::{Dependency, Reason};

#[tokio::test]
async fn a_lie_is_redone_once_with_the_reason_and_is_in_no_history() {
    let world =
        World::new([Ok(text("Agendei para amanhã às 15:00!")), Ok(text("Para qual dia você quer?"))]).await;
    let sent = world.say(&["quero um corte amanhã às 15h"]).await;
    assert_eq!(sent, [(ANA.to_owned(), "Para qual dia você quer?".to_owned())]);
    let note = world.model.asked()[1].1["contents"].as_array().unwrap().last().unwrap().clone();
    assert!(note["parts"][0]["text"].as_str().unwrap().starts_with("[system] This text was not sent"));
    let history = world.history().await;
    assert_eq!(history.len(), 2, "{history:?}");
}

#[tokio::test]
async fn two_answers_that_cannot_be_sent_end_in_the_menu() {
    let blocked = json!({"promptFeedback": {"blockReason": "SAFETY"}});
    let malformed = json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]});
    for answers in [
        [text("Está agendado!"), text("Marquei para você!")],
        [blocked.clone(), blocked],
        [malformed, json!({"candidates": []})],
        [json!({"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]}), json!([])],
    ] {
        let world = World::new(answers.clone().map(Ok)).await;
        let sent = world.say(&["oi"]).await;
        assert_eq!(sent.len(), 1, "{answers:?}");
        assert_eq!(world.model.asked().len(), 2);
        let history = world.history().await;
        assert_eq!((&history[0]["parts"][0]["text"], history.len()), (&json!("oi"), 2), "{history:?}");
        assert!(world.bed.desk.mine(world.ana().await).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_model_that_is_down_or_slow_gives_way_to_the_menu_at_once() {
    for (error, reason) in [
        (GeminiError::Account("403".into()), Reason::CredentialRefused),
        (GeminiError::Slow, Reason::Unreachable),
    ] {
        let world = World::new([Err(error.clone())]).await;
        assert_eq!(world.say(&["oi"]).await.len(), 1);
        let known = world.assistant.board.of(Dependency::Gemini);
        assert_eq!((known.reason, known.message), (reason, Some(error.to_string())));
        assert_eq!(world.model.asked().len(), 1);
        assert!(world.bed.store.dead_letters(0, 10).await.unwrap().is_empty(), "the menu is an answer");
    }
}

#[tokio::test]
async fn a_model_that_fails_again_and_again_is_left_alone_for_a_minute() {
    let failing = || Err(GeminiError::Account("403".into()));
    let world = World::new([failing(), failing(), failing(), failing(), failing()]).await;
    for _ in 0..7 {
        assert_eq!(world.say(&["oi"]).await.len(), 1, "everybody is answered");
    }
    assert_eq!(world.model.asked().len(), 5);
    world.bed.clock.pass(SignedDuration::from_secs(61));
    world.model.extend([Ok(text("Olá!"))]);
    assert_eq!(world.say(&["oi"]).await[0].1, "Olá!");
}

#[tokio::test]
async fn the_next_model_answers_for_one_that_is_down_and_leaves_only_words_behind() {
    let gone = || Err(GeminiError::Gone { model: "best".into(), what: "404".into() });
    let find = json!({"service": "corte", "offset_days": 1, "part_of_day": "afternoon"});
    let model = Scripted::of([
        Ok(calls(&[("find_available_slots", find.clone())])),
        gone(),
        Ok(calls(&[("find_available_slots", find)])),
        Ok(text("Tenho amanhã às 15:00. Serve?")),
        Ok(text("Sim!")),
    ]);
    let world = World::with(&profile(""), &["best", "spare"], model).await;
    let sent = world.say(&["corte amanhã à tarde?"]).await;
    assert_eq!(sent[0].1, "Tenho amanhã às 15:00. Serve?");
    let asked = world.model.asked();
    let models: Vec<&str> = asked.iter().map(|(model, _)| model.as_str()).collect();
    assert_eq!(models, ["best", "best", "spare", "spare"]);
    assert!(!asked[2].1["contents"].to_string().contains("functionCall"), "begun anew");
    let history = world.history().await;
    assert_eq!(history.len(), 2, "{history:?}");
    world.say(&["tem certeza?"]).await;
    let again = &world.model.asked()[4];
    assert!(again.0 == "best" && !again.1["contents"].to_string().contains("thoughtSignature"));
}

#[tokio::test]
async fn a_refused_history_is_given_again_in_words_and_then_not_at_all() {
    let refused = || Err(GeminiError::Refused("400 INVALID_ARGUMENT".into()));
    let world = World::new([
        Ok(calls(&[("get_business_info", json!({}))])),
        Ok(text("Abrimos às 09:00.")),
        refused(),
        refused(),
        Ok(text("Olá de novo!")),
    ])
    .await;
    world.say(&["que horas abre?"]).await;
    let sent = world.say(&["oi"]).await;
    assert_eq!(sent[0].1, "Olá de novo!");
    let lengths: Vec<usize> =
        world.model.asked().iter().map(|(_, body)| body["contents"].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [1, 3, 5, 3, 1]);
}

#[tokio::test]
async fn a_model_that_calls_without_end_is_stopped() {
    let call = || Ok(calls(&[("my_appointments", json!({}))]));
    let world = World::new([call(), call(), call(), call(), call(), call(), call()]).await;
    assert_eq!(world.say(&["oi"]).await.len(), 1);
    let asked = world.model.asked();
    assert_eq!(asked.len(), 6);
    assert_eq!(asked[5].1["toolConfig"]["functionCallingConfig"]["mode"], "NONE");
}

#[tokio::test]
async fn a_turn_that_failed_three_times_is_answered_by_the_menu_and_dead_lettered() {
    let world = World::new([]).await;
    world.arrive(ANA, &[("text", json!({"body": "oi"}))]).await;
    let turn = world.claim().await;
    let decided = world.assistant.give_up(&turn, "it failed");
    world.commit(&turn, decided).await;
    assert_eq!(world.sent().await.len(), 1);
    assert_eq!(world.bed.store.dead_letters(0, 10).await.unwrap().len(), 1);
}
