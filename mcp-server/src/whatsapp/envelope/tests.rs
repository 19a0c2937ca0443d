use mcp_store::inbox::Sender;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::whatsapp::message::Incoming;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn envelope(number: &str, value: &Value) -> Vec<u8> {
    let mut value = value.clone();
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": "5511", "phone_number_id": number});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
        .to_string()
        .into_bytes()
}

#[test]
fn a_text_message_keeps_both_ids_and_the_name() {
    let body = envelope(
        "77",
        &json!({
            "contacts": [{"profile": {"name": "Ana"}, "wa_id": "5511999", "user_id": "BR.1"}],
            "messages": [{"from": "5511999", "from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1700000000",
                          "type": "text", "text": {"body": " oi "}, "brand_new_field": {"a": 1}}]}),
    );
    let message = parse(&body, &ours(), NOW).delivery.messages.remove(0);
    assert_eq!(message.sender.user_id.as_deref(), Some("BR.1"));
    assert_eq!(message.sender.wa_id.as_deref(), Some("5511999"));
    assert_eq!(message.sender.name.as_deref(), Some("Ana"));
    assert_eq!(message.text.as_deref(), Some("oi"));
    assert_eq!(message.sent_at.as_second(), 1_700_000_000);
}

#[test]
fn a_sender_without_a_phone_is_known_by_the_user_id() {
    let body = envelope(
        "77",
        &json!({
            "contacts": [{"profile": {"name": "Ana", "username": "ana"}, "user_id": "BR.1"}],
            "messages": [{"from_user_id": "BR.1", "id": "wamid.1", "timestamp": "1700000000", "type": "text",
                          "text": {"body": "oi"}}]}),
    );
    let message = parse(&body, &ours(), NOW).delivery.messages.remove(0);
    assert_eq!((message.sender.user_id.as_deref(), message.sender.wa_id), (Some("BR.1"), None));
}

#[test]
fn one_contact_is_not_lent_to_another_sender() {
    let body = envelope(
        "77",
        &json!({
            "contacts": [{"profile": {"name": "Ana"}, "wa_id": "551", "user_id": "BR.1"}],
            "messages": [{"from": "551", "id": "w1", "type": "text", "text": {"body": "a"}},
                         {"from": "552", "id": "w2", "type": "text", "text": {"body": "b"}}]}),
    );
    let senders: Vec<Sender> =
        parse(&body, &ours(), NOW).delivery.messages.into_iter().map(|m| m.sender).collect();
    assert_eq!(senders[0].user_id.as_deref(), Some("BR.1"));
    assert_eq!(senders[1], Sender { wa_id: Some("552".into()), ..Sender::default() });
}

#[test]
fn another_numbers_messages_are_counted_and_dropped() {
    let body = envelope(
        "78",
        &json!({"messages": [{"from": "1", "id": "w", "type": "text", "text": {"body": "x"}}]}),
    );
    let parsed = parse(&body, &ours(), NOW);
    assert_eq!((parsed.foreign, parsed.delivery.messages.len()), (1, 0));
}

#[test]
fn a_status_carries_our_id_and_metas_error() {
    let body = envelope(
        "77",
        &json!({"statuses": [
            {"id": "wamid.9", "status": "failed", "timestamp": "1700000000", "biz_opaque_callback_data": "o1",
             "errors": [{"code": 131_047}]},
            {"id": "wamid.9", "status": "brand_new", "timestamp": 1_700_000_000}]}),
    );
    let statuses = parse(&body, &ours(), NOW).delivery.statuses;
    assert_eq!((statuses[0].error_code, statuses[0].outbox_id.as_deref()), (Some(131_047), Some("o1")));
    assert_eq!(statuses[1].status, "brand_new");
}

#[test]
fn what_cannot_be_read_becomes_a_dead_letter_and_never_an_error() {
    for body in ["", "{", "[]", "null", "\"x\"", r#"{"entry":"x"}"#, r#"{"entry":[{"changes":[null]}]}"#] {
        let parsed = parse(body.as_bytes(), &ours(), NOW);
        assert!(parsed.delivery.messages.is_empty(), "{body}");
    }
    assert_eq!(parse(b"{", &ours(), NOW).delivery.dead.len(), 1);
    let nameless = envelope("77", &json!({"messages": [{"type": "text"}]}));
    assert_eq!(parse(&nameless, &ours(), NOW).delivery.dead.len(), 1);
}

fn ours() -> Ours {
    Ours {
        phone_number_id: "77".into(),
        business_account_id: Some("1".into()),
        silence: SignedDuration::from_hours(12),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn said(id: &str) -> Value {
    json!({"from": "1", "id": id, "type": "text", "text": {"body": "x"}})
}

fn change(field: &str, mut value: Value) -> Value {
    value["metadata"] = json!({"phone_number_id": "77"});
    json!({"field": field, "value": value})
}

fn body(changes: &[Value]) -> Vec<u8> {
    json!({"entry": [{"id": "1", "changes": changes}]}).to_string().into_bytes()
}

#[test]
fn every_message_of_every_change_and_entry_is_kept_in_order() {
    let one = |id: &str| change("messages", json!({"messages": [said(id), said(&format!("{id}b"))]}));
    let body =
        json!({"entry": [{"id": "1", "changes": [one("a"), one("b")]}, {"id": "1", "changes": [one("c")]}]});
    let ids: Vec<String> = parse(body.to_string().as_bytes(), &ours(), NOW)
        .delivery
        .messages
        .into_iter()
        .map(|m| m.id)
        .collect();
    assert_eq!(ids, ["a", "ab", "b", "bb", "c", "cb"]);
}

#[test]
fn another_accounts_entry_is_dropped_where_ours_is_known() {
    let body =
        json!({"entry": [{"id": "2", "changes": [change("messages", json!({"messages": [said("a")]}))]}]});
    let body = body.to_string();
    let kept = |ours: &Ours| {
        let parsed = parse(body.as_bytes(), ours, NOW);
        (parsed.delivery.messages.len(), parsed.foreign)
    };
    assert_eq!(kept(&ours()), (0, 1));
    assert_eq!(kept(&Ours { business_account_id: None, ..ours() }), (1, 0));
}

#[test]
fn what_a_person_wrote_from_the_phone_is_an_echo_and_no_message() {
    let echo = |id: &str, kind: &str, part: Value| {
        let mut echo = json!({"from": "5511", "to": "5512", "id": id, "timestamp": "1000", "type": kind});
        echo[kind] = part;
        echo
    };
    let body = body(&[change(
        "smb_message_echoes",
        json!({"contacts": [{"wa_id": "5512", "user_id": "BR.2"}], "message_echoes": [
            echo("e1", "text", json!({"body": "Já te chamo"})),
            echo("e2", "image", json!({"id": "9"})),
            echo("e3", "revoke", json!({"original_message_id": "e1"})),
        ]}),
    )]);
    let parsed = parse(&body, &ours(), at(2000));
    assert!(parsed.delivery.messages.is_empty());
    let [text, image] = &parsed.delivery.echoes[..] else { panic!("{:?}", parsed.delivery.echoes) };
    assert_eq!(text.to, Sender { user_id: Some("BR.2".into()), wa_id: Some("5512".into()), name: None });
    assert_eq!(text.content["parts"][0]["text"], "Já te chamo");
    assert_eq!(text.content["role"], "model");
    assert_eq!(text.until, at(1000 + 12 * 3600));
    assert_eq!(image.content["parts"][0]["text"], "[image]");
    assert_eq!(parse(&body, &ours(), at(500)).delivery.echoes[0].until, at(500 + 12 * 3600), "never longer");
}

#[test]
fn a_new_number_links_the_old_ids_to_the_new_ones() {
    let system = |system: Value| json!({"from": "551", "id": "s", "type": "system", "system": system});
    let read = |part: Value| {
        let parsed = parse(&body(&[change("messages", json!({"messages": [system(part)]}))]), &ours(), NOW);
        assert!(parsed.delivery.messages.is_empty());
        parsed.delivery.identities.first().cloned()
    };
    let sender = |user_id: Option<&str>, wa_id: Option<&str>| Sender {
        user_id: user_id.map(Into::into),
        wa_id: wa_id.map(Into::into),
        name: None,
    };
    let moved =
        json!({"type": "user_changed_number", "wa_id": "552", "user_id": "BR.2", "previous_user_id": "BR.1"});
    let change = read(moved).unwrap();
    assert_eq!(
        (change.was, change.is),
        (sender(Some("BR.1"), Some("551")), sender(Some("BR.2"), Some("552")))
    );
    let hidden = json!({"type": "user_changed_user_id", "user_id": "BR.2", "previous_user_id": "BR.1"});
    let change = read(hidden).unwrap();
    assert_eq!(
        (change.was, change.is),
        (sender(Some("BR.1"), Some("551")), sender(Some("BR.2"), Some("551")))
    );
    assert_eq!(read(json!({"type": "customer_identity_changed", "hash": "x"})), None);
}

#[test]
fn old_messages_groups_and_what_users_do_are_counted_and_dropped() {
    let mut in_group = said("g");
    in_group["group_id"] = json!("G1");
    let body = body(&[
        change("history", json!({"history": [{"threads": []}], "messages": [said("old")]})),
        change("messages", json!({"messages": [in_group]})),
        change("messages", json!({"user_actions": [{"type": "x"}]})),
        change("messages", json!({"errors": [{"code": 130_429}]})),
        change("account_alerts", json!({"alert": {}})),
        json!({"field": "message_template_status_update", "value": {"event": "APPROVED"}}),
    ]);
    let parsed = parse(&body, &ours(), NOW);
    assert_eq!(parsed.delivery, Delivery::default());
    assert_eq!((parsed.ignored, parsed.unknown, parsed.errors), (3, 2, vec![130_429]));
}

#[test]
fn what_cannot_be_kept_is_bounded_whatever_is_sent() {
    let nameless: Vec<Value> = (0..1000).map(|_| json!({"type": "text"})).collect();
    let parsed = parse(&body(&[change("messages", json!({"messages": nameless}))]), &ours(), NOW);
    assert_eq!((parsed.delivery.dead.len(), parsed.unknown), (MOST_DEAD, 1000 - MOST_DEAD));
    let letter = &parse(&vec![b'{'; 3_000_000], &ours(), NOW).delivery.dead[0];
    assert_eq!(letter.payload.len(), DEAD_BYTES);
    let long = change("messages", json!({"messages": [said(&"w".repeat(LONGEST_ID + 1))]}));
    assert_eq!(parse(&body(&[long]), &ours(), NOW).delivery.dead.len(), 1);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    assert_eq!(parse(&deep, &ours(), NOW).delivery.dead.len(), 1);
}

#[test]
fn one_bad_character_does_not_cost_the_other_messages() {
    let body =
        String::from_utf8(body(&[change("messages", json!({"messages": [said("a"), said("b")]}))])).unwrap();
    let parsed = parse(body.replacen("\"x\"", r#""x\ud83d\u0000""#, 1).as_bytes(), &ours(), NOW);
    let texts: Vec<_> = parsed.delivery.messages.iter().map(|m| m.text.as_deref()).collect();
    assert_eq!(texts, [Some("x\u{fffd}\u{fffd}"), Some("x")]);
    assert!(parsed.repaired && !parsed.delivery.messages[0].raw.to_string().contains("u0000"));
}

#[test]
fn all_of_metas_samples_are_read_without_a_dead_letter() {
    assert_eq!(mcp_simulator::samples().len(), 21);
    for (name, sample) in mcp_simulator::samples() {
        let value = &sample["entry"][0]["changes"][0]["value"];
        let number = value["metadata"]["phone_number_id"].as_str().unwrap_or_default();
        let parsed = parse(
            sample.to_string().as_bytes(),
            &Ours { phone_number_id: number.to_owned(), ..Ours::default() },
            NOW,
        );
        assert!(parsed.delivery.dead.is_empty() && parsed.foreign == 0, "{name}: {parsed:?}");
        let held = items(value, "messages").filter(|message| message["type"] != "system").count();
        assert_eq!(parsed.delivery.messages.len(), held, "{name}");
        for message in &parsed.delivery.messages {
            let read = Incoming::of(&message.kind, &message.raw);
            let odd = ["unknown", "unsupported"].contains(&message.kind.as_str());
            assert_eq!(matches!(read, Incoming::Unsupported { .. }), odd, "{name}: {read:?}");
        }
    }
}

/// JSON of any shape, with the names that are looked at often among its keys.
fn anything() -> impl Strategy<Value = Value> {
    const NAMES: [&str; 24] = [
        "entry",
        "changes",
        "value",
        "metadata",
        "phone_number_id",
        "messages",
        "statuses",
        "contacts",
        "id",
        "from",
        "type",
        "text",
        "body",
        "system",
        "message_echoes",
        "field",
        "errors",
        "timestamp",
        "to",
        "audio",
        "user_id",
        "revoke",
        "edit",
        "interactive",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["77", "1", "text", "system", "messages", "smb_message_echoes"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 4, |inner| {
        let name =
            prop_oneof![4 => prop::sample::select(NAMES.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_the_reader_panic(value in anything(), field in ".{0,8}", bytes: Vec<u8>) {
        parse(&bytes, &ours(), NOW);
        parse(value.to_string().as_bytes(), &ours(), NOW);
        for list in ["messages", "statuses", "message_echoes"] {
            let inner = json!({list: [value.clone()], "contacts": [value.clone()]});
            for field in [field.as_str(), "messages", "smb_message_echoes"] {
                for message in parse(&body(&[change(field, inner.clone())]), &ours(), NOW).delivery.messages {
                    Incoming::of(&message.kind, &message.raw);
                }
            }
        }
        if let Some(fields) = value.as_object() {
            for kind in fields.keys() {
                Incoming::of(kind, &value);
            }
        }
    }

    #[test]
    fn fields_that_came_later_change_nothing(name in "[a-z_]{1,10}_new", extra in anything()) {
        let known = json!({"contacts": [{"profile": {"name": "Ana"}, "wa_id": "1"}], "messages": [said("a")],
            "statuses": [{"id": "w", "status": "sent", "timestamp": "5"}]});
        let plain = parse(&body(&[change("messages", known.clone())]), &ours(), NOW);
        let mut odd = known;
        for place in ["", "/contacts/0", "/contacts/0/profile", "/messages/0", "/messages/0/text", "/statuses/0"] {
            odd.pointer_mut(place).unwrap()[&name] = extra.clone();
        }
        let mut read = parse(&body(&[change("messages", odd)]), &ours(), NOW);
        read.delivery.messages[0].raw = plain.delivery.messages[0].raw.clone();
        read.repaired = false;
        prop_assert_eq!(read, plain);
    }
}
