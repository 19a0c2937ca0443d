//! A program that talks for its users.

use super::*;

/// Commits as the worker does.
async fn commit(store: &dyn Store, turn: &ClaimedTurn, effect: Effect, now: Timestamp) {
    let decided = addressed(turn, Decided::plain(effect, Vec::new()));
    store.commit_turn(turn, decided.result, &*decided.render, now).await.unwrap();
}

/// Answers every message with its own words, as turns and the sender would.
async fn echo(store: Arc<dyn Store>, clock: crate::clock::SharedClock, waiting: Arc<Waiting>, effect: bool) {
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let send = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
    loop {
        if let Some(turn) = store.claim_turn(&rule, clock.now()).await.unwrap() {
            let text = turn.messages[0].text.clone().unwrap_or_else(|| "tap".into());
            let buttons = json!([{"type": "reply", "reply": {"id": "b1", "title": "Sim"}}]);
            let body = json!({"type": "interactive", "interactive": {"type": "button", "body": {"text": text}, "action": {"buttons": buttons}}});
            let answer = NewOutgoing::answer(format!("o{}.{}", turn.conversation.id, turn.epoch), body);
            let effect = if effect { Effect::Answer(answer) } else { Effect::Silence };
            commit(&*store, &turn, effect, clock.now()).await;
        }
        while let Some(message) = store.claim_outgoing(&send, clock.now()).await.unwrap() {
            assert!(waiting.take(&*store, &*clock, &message).await, "it would have gone to WhatsApp");
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_talks_for_its_user_and_nothing_of_it_goes_to_whatsapp() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let working = tokio::spawn(echo(store, clock, Arc::clone(&door.waiting), true));
    let token = door.token("agent-1", ALL);
    let said = json!({"message": "Quero um corte", "user_id": "u-1"}).to_string();
    let first = door.ask(Some(&token), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(
        first.body,
        json!({"answer": "Quero um corte", "actions": [{"id": "b1", "title": "Sim"}], "state": "answered"})
    );
    let again = door.ask(Some(&token), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(again.body, first.body, "a repeat is not a second message");
    let tap = json!({"action": "b1", "user_id": "u-1"}).to_string();
    let tapped = door.ask(Some(&token), None, "POST", "/api/v1/chat", &tap).await;
    assert_eq!(tapped.body["answer"], "tap");
    let elsewhere = door.token("agent-2", ALL);
    let other = door.ask(Some(&elsewhere), Some("m1"), "POST", "/api/v1/chat", &said).await;
    assert_eq!(other.body, first.body);
    let conversations = door.bed.store.conversations(None, 9).await.unwrap();
    assert_eq!(conversations.len(), 2, "two programs may have users of the same name");
    working.abort();
}

#[tokio::test]
async fn a_late_answer_reaches_only_the_request_whose_message_it_answers() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let now = || crate::clock::Clock::now(&*clock);
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let send = SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
    let token = door.token("agent-1", ALL);
    let said = |words: &str| json!({"message": words, "user_id": "u-1"}).to_string();
    let (one, two) = (said("one"), said("two"));
    let ask = |key: &'static str, body| door.ask(Some(&token), Some(key), "POST", "/api/v1/chat", body);
    let answered = async |words: &str| loop {
        if let Some(turn) = store.claim_turn(&rule, now()).await.unwrap() {
            let body = json!({"type": "text", "text": {"body": format!("answer to {words}")}});
            let answer = NewOutgoing::answer(format!("o{}", turn.epoch), body);
            return commit(&*store, &turn, Effect::Answer(answer), now()).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let handed_over = async || {
        let message = store.claim_outgoing(&send, now()).await.unwrap().unwrap();
        assert!(door.waiting.take(&*store, &*clock, &message).await);
    };
    // The first request is given up while its answer is on its way.
    tokio::select! {
        _ = ask("k1", &one) => unreachable!("nothing is handed over yet"),
        () = answered("one") => {}
    }
    let late = async {
        answered("two").await;
        handed_over().await;
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
        handed_over().await;
    };
    let (second, ()) = tokio::join!(ask("k2", &two), late);
    assert_eq!(second.body["answer"], "answer to two", "{}", second.body);
    let repeated = ask("k1", &one).await;
    assert_eq!(repeated.body["answer"], "answer to one", "{}", repeated.body);
    assert_eq!(ask("k2", &two).await.body, second.body);
}

#[tokio::test]
async fn where_a_person_answers_the_program_hears_that_nothing_is_said() {
    let door = Door::new().await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    let working = tokio::spawn(echo(store, clock, Arc::clone(&door.waiting), false));
    let reply = door.agent("POST", "/api/v1/chat", json!({"message": "oi", "user_id": "u-1"})).await;
    assert_eq!(reply.body, json!({"answer": null, "actions": [], "state": "silent"}));
    working.abort();
}

#[tokio::test]
async fn an_answer_goes_on_to_a_customer_only_within_their_window_and_with_the_scope() {
    let door = Door::new().await;
    door.bed.writes("5511988880001", "oi").await;
    let (store, clock) = (Arc::clone(&door.bed.store), door.bed.clock.clone());
    // The customer's own message is done with, so that nobody answers it here.
    let rule = BurstRule {
        quiet: SignedDuration::ZERO,
        longest: SignedDuration::ZERO,
        lease: SignedDuration::from_secs(60),
        history: 9,
    };
    let turn = store.claim_turn(&rule, door.bed.desk.clock.now()).await.unwrap().unwrap();
    let nothing = |_: &_| unreachable!("no booking was staged");
    store
        .commit_turn(&turn, TurnResult::of(Effect::Silence), &nothing, door.bed.desk.clock.now())
        .await
        .unwrap();
    let waiting = Arc::clone(&door.waiting);
    let say = |number: &str| json!({"message": "Chegou!", "user_id": "u", "send_whatsapp": true, "whatsapp_number": number});
    let lacking = door.token("agent-1", "booking:write");
    let body = say("+55 11 98888-0001").to_string();
    let refused = door.ask(Some(&lacking), None, "POST", "/api/v1/chat", &body).await;
    assert_eq!(refused.code(), "forbidden");
    let working = tokio::spawn(async move {
        // One turn and its answer; what is for WhatsApp stays in the outbox.
        let send =
            SendRule { lease: SignedDuration::from_secs(30), unknown_wait: SignedDuration::from_secs(30) };
        loop {
            if let Some(turn) = store.claim_turn(&rule, crate::clock::Clock::now(&*clock)).await.unwrap() {
                let answer = NewOutgoing::answer(
                    format!("o{}", turn.epoch),
                    json!({"type": "text", "text": {"body": "Chegou!"}}),
                );
                let now = crate::clock::Clock::now(&*clock);
                commit(&*store, &turn, Effect::Answer(answer), now).await;
                let message = store.claim_outgoing(&send, now).await.unwrap().unwrap();
                assert!(waiting.take(&*store, &*clock, &message).await);
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    let sent = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0001")).await;
    assert_eq!(sent.body["whatsapp"], json!({"sent": true}), "{}", sent.body);
    let said = door.bed.said().await;
    let texts: Vec<_> = said.iter().map(|one| one.body["text"]["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Chegou!"]);
    assert_eq!(said[0].recipient.wa_id.as_deref(), Some("5511988880001"));
    let unknown = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0009")).await;
    assert_eq!(unknown.body["whatsapp"]["code"], "not_found", "{}", unknown.body);
    door.bed.clock.pass(SignedDuration::from_hours(25));
    let late = door.agent("POST", "/api/v1/chat", say("+55 11 98888-0001")).await;
    assert_eq!(late.body["whatsapp"]["sent"], false, "{}", late.body);
    working.abort();
    assert!(door.bed.said().await.is_empty());
}
