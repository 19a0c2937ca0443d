//! Voice notes.

use mcp_store::turn::{Also, Effect};

use super::{super::gemini::scripted::text, *};

#[tokio::test]
async fn a_voice_note_is_answered_with_what_was_understood_and_paid_for_once() {
    let world =
        World::new([Ok(text("quero um corte")), Ok(text("Para qual dia?")), Ok(text("Que dia?"))]).await;
    let voice = spoken(&world, "m1", 7);
    let ids = world.arrive(ANA, &[voice]).await;
    let turn = world.claim().await;
    let decided = world.decide(&turn).await;
    let Effect::Answer(message) = &decided.result.effect else { panic!() };
    assert_eq!(message.body["text"]["body"], "🎙️ “quero um corte”\n\nPara qual dia?");
    let heard = Also::Heard { message_id: ids[0].clone(), text: "quero um corte".into() };
    assert!(decided.result.also.contains(&heard), "{:?}", decided.result.also);
    assert_eq!(decided.result.history[0]["parts"], json!([{"text": "quero um corte"}]));
    // The turn is redone: newer messages arrived, or its process died.
    world.decide(&turn).await;
    let asked = world.model.asked();
    assert_eq!(asked.len(), 3, "heard once, answered twice");
    assert_eq!(asked[0].1["contents"][0]["parts"][0]["inlineData"]["mimeType"], "audio/ogg");
    let used = world.bed.store.usage(jiff::civil::date(2026, 11, 16)).await.unwrap();
    assert_eq!(used.audio_seconds, 7);
}

#[tokio::test]
async fn a_voice_note_that_cannot_be_understood_is_answered_by_a_request_to_write() {
    let world = World::new([Ok(text("[inaudible]"))]).await;
    for (voice, word) in [
        (spoken(&world, "m1", 3), "entender o seu áudio"),
        (("audio", json!({"id": "gone", "mime_type": "audio/ogg"})), "entender o seu áudio"),
        (spoken(&world, "m2", 600), "longo demais"),
    ] {
        let sent = world.send(&[voice]).await;
        assert!(sent[0].1.contains(word), "{sent:?}");
    }
    assert_eq!(world.model.asked().len(), 1);
}

#[tokio::test]
async fn a_voice_note_over_the_budget_is_not_listened_to() {
    let profile = profile("budgets: {audioSecondsPerDay: 10}\n");
    let answers = [Ok(text("oi")), Ok(text("Olá!"))];
    let world = World::with(&profile, &["best"], Scripted::of(answers)).await;
    let sent = world.send(&[spoken(&world, "m1", 8)]).await;
    assert!(sent[0].1.contains("Olá!"), "{sent:?}");
    let sent = world.send(&[spoken(&world, "m2", 8)]).await;
    assert!(sent[0].1.contains("áudio"), "{sent:?}");
    assert_eq!(world.model.asked().len(), 2);
}

#[tokio::test]
async fn a_voice_note_is_no_way_around_the_menu_when_the_model_is_down() {
    let world = World::new([Err(GeminiError::Account("403".into()))]).await;
    let sent = world.send(&[spoken(&world, "m1", 3)]).await;
    assert_eq!(sent.len(), 1);
}
