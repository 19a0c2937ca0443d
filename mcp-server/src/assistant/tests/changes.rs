//! Booking, moving and cancelling through the model's functions.

use mcp_store::booking::BookingState;

use super::{
    super::gemini::scripted::{calls, text},
    *,
};

#[tokio::test]
async fn a_booking_is_committed_with_its_receipt_and_the_next_turn_carries_the_exchange() {
    let world = World::new([]).await;
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    let book = calls(&[("book_appointment", json!({"slot": slot, "name": "Ana Souza"}))]);
    world.model.extend([Ok(book), Ok(text("De nada!"))]);
    let sent = world.say(&["quero um corte", "amanhã às 15h"]).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].1.contains("15:00") && sent[0].1.contains("R$ 80,00"), "{sent:?}");
    let rows = world.bed.desk.mine(world.ana().await).await.unwrap();
    assert_eq!((rows.len(), rows[0].booking.customer_name.as_str()), (1, "Ana Souza"));

    world.say(&["obrigada"]).await;
    let asked = world.model.asked();
    let contents = asked.last().unwrap().1["contents"].as_array().unwrap().clone();
    assert_eq!(contents[0]["parts"], json!([{"text": "quero um corte"}, {"text": "amanhã às 15h"}]));
    assert_eq!(contents[1]["parts"][0]["thoughtSignature"], "c2ln", "replayed as it came");
    let result = &contents[2]["parts"][0]["functionResponse"];
    assert_eq!((&result["id"], &result["response"]["output"]["done"]), (&json!("c0"), &json!(true)));
    assert!(contents[3]["parts"][0]["text"].as_str().unwrap().contains("15:00"), "the receipt");
    assert!(
        asked.last().unwrap().1["systemInstruction"].to_string().contains("15:00"),
        "what stands is known"
    );
}

#[tokio::test]
async fn a_booking_is_moved_and_cancelled_by_references_of_the_customers_own() {
    let world = World::new([]).await;
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    world.model.extend([Ok(calls(&[("book_appointment", json!({"slot": slot}))]))]);
    world.say(&["corte amanhã às 15h"]).await;
    let ana = world.ana().await;
    let id = world.bed.desk.mine(ana).await.unwrap()[0].booking.id.clone();
    let mine = world.bed.desk.booking_ref(&Principal::Customer(ana), &id);

    let other = world.slot("corte", "2026-11-18T10:00").await;
    world.model.extend([
        Ok(calls(&[("my_appointments", json!({}))])),
        Ok(calls(&[("move_appointment", json!({"appointment": mine, "slot": other}))])),
    ]);
    let sent = world.say(&["muda para quarta às 10h"]).await;
    assert!(sent[0].1.contains("18/11/2026") && sent[0].1.contains("10:00"), "{sent:?}");
    let listed = world.model.asked().last().unwrap().1["contents"].to_string();
    assert!(listed.contains(&mine), "the model read the reference: {listed}");
    let moved = world.bed.store.booking(&id).await.unwrap().unwrap();
    assert_eq!((moved.booking.start(), moved.revision), (local("2026-11-18T10:00"), 2));

    let cancel = json!({"appointment": mine, "reason": "viagem"});
    world.model.extend([Ok(calls(&[("cancel_appointment", cancel)]))]);
    let sent = world.say(&["cancela, vou viajar"]).await;
    assert!(sent[0].1.to_lowercase().contains("cancelad"), "{sent:?}");
    let row = world.bed.store.booking(&id).await.unwrap().unwrap();
    assert_eq!((row.booking.state, row.reason.as_deref()), (BookingState::Cancelled, Some("viagem")));
}

#[tokio::test]
async fn a_reference_of_somebody_else_moves_and_cancels_nothing() {
    let world = World::new([]).await;
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    world.model.extend([Ok(calls(&[("book_appointment", json!({"slot": slot}))]))]);
    world.say(&["corte amanhã às 15h"]).await;
    let ana = world.ana().await;
    let id = world.bed.desk.mine(ana).await.unwrap()[0].booking.id.clone();
    let of_ana = world.bed.desk.booking_ref(&Principal::Customer(ana), &id);
    world.model.extend([
        Ok(calls(&[
            ("cancel_appointment", json!({"appointment": of_ana})),
            ("cancel_appointment", json!({"appointment": id})),
            ("move_appointment", json!({"appointment": of_ana, "slot": "c2xvdA"})),
        ])),
        Ok(text("Não encontrei esse agendamento.")),
    ]);
    world.arrive("5511900000002", &[("text", json!({"body": "cancela o da Ana"}))]).await;
    world.turn().await;
    assert!(world.bed.store.booking(&id).await.unwrap().unwrap().booking.state.stands());
    let answered =
        world.model.asked().last().unwrap().1["contents"].as_array().unwrap().last().unwrap().clone();
    let codes: Vec<&Value> = answered["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["functionResponse"]["response"]["error"]["code"])
        .collect();
    assert_eq!(codes, ["not_found"; 3]);
}

#[tokio::test]
async fn a_slot_that_is_gone_is_refused_with_others_and_nothing_is_claimed() {
    let world = World::new([]).await;
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    world.model.extend([Ok(calls(&[("book_appointment", json!({"slot": slot}))]))]);
    world.say(&["corte amanhã às 15h"]).await;
    let other = world.bed.customer("5511900000002").await;
    let reference = SlotRef::one("corte", "ze", local("2026-11-17T15:00"), true);
    let reference = world.bed.desk.refs.make(&Principal::Customer(other), &reference);
    world.model.extend([Ok(calls(&[("book_appointment", json!({"slot": reference}))]))]);
    world.arrive("5511900000002", &[("text", json!({"body": "corte amanhã às 15h"}))]).await;
    world.turn().await;
    let sent = world.sent().await;
    assert!(sent[0].1.contains("16:00") && !sent[0].1.contains("✅"), "{sent:?}");
    assert!(world.bed.desk.mine(other).await.unwrap().is_empty());
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_done_and_the_other_is_answered() {
    let world = World::new([]).await;
    let (first, second) =
        (world.slot("corte", "2026-11-17T15:00").await, world.slot("barba", "2026-11-17T17:00").await);
    world.model.extend([Ok(calls(&[
        ("get_business_info", json!({})),
        ("book_appointment", json!({"slot": first})),
        ("book_appointment", json!({"slot": second})),
        ("drop_tables", json!({})),
    ]))]);
    world.say(&["corte às 15h e barba às 17h amanhã"]).await;
    assert_eq!(world.bed.desk.mine(world.ana().await).await.unwrap().len(), 1);
    let history = world.history().await;
    let answers = history[2]["parts"].as_array().unwrap();
    let of = |at: usize| &answers[at]["functionResponse"]["response"];
    assert_eq!(of(0)["output"]["name"], "Barbearia do Zé");
    assert_eq!(of(1)["output"]["done"], true);
    assert_eq!((&of(2)["error"]["code"], &of(3)["error"]["code"]), (&json!("conflict"), &json!("not_found")));
}

#[tokio::test]
async fn who_was_asked_for_is_not_replaced_before_the_customer_heard_of_it() {
    let world = World::new([]).await;
    let who = Principal::Customer(world.ana().await);
    let by_ze = SlotRef::one("corte", "ze", local("2026-11-17T15:00"), false);
    let by_ze = world.bed.desk.refs.make(&who, &by_ze);
    let find = |args| Ok(calls(&[("find_available_slots", args)]));
    let book = || Ok(calls(&[("book_appointment", json!({"slot": by_ze}))]));
    world.model.extend([
        find(json!({"service": "corte", "staff": "rui", "offset_days": 1})),
        find(json!({"service": "corte", "offset_days": 1})),
        book(),
        Ok(text("O Rui não tem às 15:00 amanhã. Pode ser com o Zé?")),
    ]);
    world.say(&["corte com o Rui amanhã às 15h"]).await;
    assert!(world.bed.desk.mine(world.ana().await).await.unwrap().is_empty(), "nobody asked for Zé");
    world.model.extend([book()]);
    let sent = world.say(&["pode"]).await;
    assert!(sent[0].1.contains("Corte com Zé"), "{sent:?}");
}

#[tokio::test]
async fn of_several_services_that_a_person_does_in_part_the_model_hears_which() {
    let part = profile("").replace("price: \"40\"", "price: \"40\"\n    staff: [ze]");
    let world = World::with(&part, &["best"], Scripted::of([])).await;
    let both = json!({"service": "corte", "more_services": ["barba"], "staff": "rui", "offset_days": 1});
    let mut agreed = both.clone();
    agreed["by_others"] = json!(["barba"]);
    world.model.extend([
        Ok(calls(&[("find_available_slots", both)])),
        Ok(calls(&[("find_available_slots", agreed)])),
        Ok(text("O Rui não faz barba. Pode ser com o Zé?")),
    ]);
    world.say(&["corte e barba com o Rui amanhã"]).await;
    let asked = world.model.asked();
    let told = |at: usize| asked[at].1["contents"].as_array().unwrap().last().unwrap().to_string();
    assert!(told(1).contains("Rui does not do Barba (`barba`), which Zé does"), "{}", told(1));
    assert!(told(2).contains("Rui + Zé"), "{}", told(2));
}

#[tokio::test]
async fn a_move_keeps_the_person_of_the_appointment() {
    let world = World::new([]).await;
    let slot = world.slot("corte", "2026-11-17T15:00").await;
    world.model.extend([Ok(calls(&[("book_appointment", json!({"slot": slot}))]))]);
    world.say(&["corte amanhã às 15h com o Zé"]).await;
    let who = Principal::Customer(world.ana().await);
    let id = world.bed.desk.mine(world.ana().await).await.unwrap()[0].booking.id.clone();
    let mine = world.bed.desk.booking_ref(&who, &id);
    let by_rui = SlotRef::one("corte", "rui", local("2026-11-17T16:00"), false);
    let by_rui = world.bed.desk.refs.make(&who, &by_rui);
    world.model.extend([
        Ok(calls(&[("move_appointment", json!({"appointment": mine, "slot": by_rui}))])),
        Ok(text("Quer com o Zé mesmo?")),
    ]);
    world.say(&["muda para mais tarde"]).await;
    let row = world.bed.store.booking(&id).await.unwrap().unwrap();
    assert_eq!((row.revision, row.booking.items[0].staff_id.as_str()), (1, "ze"));
}

#[tokio::test]
async fn of_several_services_the_waiting_list_drops_none_in_silence() {
    let full = profile("").replace("minimumNotice: 1h", "minimumNotice: 50d");
    let world = World::with(&full, &["best"], Scripted::of([])).await;
    let wait = |services: Value| {
        let args = json!({"service": "corte", "more_services": services, "staff": "rui", "offset_days": 1});
        Ok(calls(&[("join_waitlist", args)]))
    };
    world
        .model
        .extend([wait(json!(["barba"])), Ok(text("A lista de espera guarda um só serviço. Qual deles?"))]);
    world.say(&["põe na lista de espera para corte e barba com o Rui amanhã"]).await;
    let ana = world.ana().await;
    assert!(world.bed.store.waits_of(ana).await.unwrap().is_empty());
    world.model.extend([wait(json!([]))]);
    let sent = world.say(&["só o corte"]).await;
    assert!(sent[0].1.contains("Corte · Rui"), "who is waited for: {sent:?}");
    let waits = world.bed.store.waits_of(ana).await.unwrap();
    assert_eq!(waits[0].wait.staff_id.as_deref(), Some("rui"));
}
