use super::*;

const SYSTEM: &str = "Você é a recepcionista da Barbearia.\nServiços:\n- corte: Corte | 45 min | R$ 80,00\n\
    - barba: Barba | 30 min | R$ 50,00";

fn tools() -> Value {
    json!([{"functionDeclarations": [
        {"name": "find_available_slots", "parametersJsonSchema": {"type": "object", "properties": {
            "service": {"type": "string", "enum": ["corte", "barba"]},
            "staff": {"type": "string", "enum": ["ana", "rui"]},
            "weekday": {"type": "string"}, "day": {"type": "integer"}, "month": {"type": "integer"},
            "offset_days": {"type": "integer"}, "week": {"type": "integer"},
            "part_of_day": {"type": "string"}, "from": {"type": "string"}, "to": {"type": "string"},
        }, "required": ["service"]}},
        {"name": "book_appointment", "parametersJsonSchema": {"type": "object", "properties": {
            "slot": {"type": "string"}, "name": {"type": "string"},
        }, "required": ["slot"]}},
    ]}])
}

fn ask(contents: &Value) -> Answer {
    ask_in_mode("VALIDATED", contents)
}

fn ask_in_mode(mode: &str, contents: &Value) -> Answer {
    let request = json!({
        "systemInstruction": {"parts": [{"text": SYSTEM}]},
        "contents": contents,
        "tools": tools(),
        "toolConfig": {"functionCallingConfig": {"mode": mode}},
    });
    answer(&serde_json::from_value(request).unwrap())
}

fn user(text: &str) -> Value {
    json!({"role": "user", "parts": [{"text": text}]})
}

fn model(text: &str) -> Value {
    json!({"role": "model", "parts": [{"text": text}]})
}

fn found(times: &[&str]) -> [Value; 2] {
    let slots: Vec<Value> = times
        .iter()
        .map(|time| json!({"slot": format!("t{time}"), "date": "2026-11-24", "weekday": "terça-feira", "time": time}))
        .collect();
    [
        json!({"role": "model", "parts": [{"functionCall": {"id": "1", "name": FIND, "args": {}}}]}),
        json!({"role": "user", "parts": [
            {"functionResponse": {"id": "1", "name": FIND, "response": {"output": {"slots": slots}}}}]}),
    ]
}

fn find(args: Value) -> Answer {
    Answer::Call { name: FIND, args }
}

fn book(args: Value) -> Answer {
    Answer::Call { name: BOOK, args }
}

#[test]
fn a_wish_with_service_day_and_time_looks_for_slots() {
    assert_eq!(
        ask(&json!([user("Oi! Quero cortar o cabelo terça às 15h com a Ana")])),
        find(json!({"service": "corte", "staff": "ana", "weekday": "tue", "from": "15:00", "to": "16:00"}))
    );
    assert_eq!(
        ask(&json!([user("tem horário para barba amanhã à tarde?")])),
        find(json!({"service": "barba", "offset_days": 1, "part_of_day": "afternoon"}))
    );
}

#[test]
fn a_service_named_earlier_is_remembered() {
    let said = json!([user("quero fazer a barba"), model("Claro! Para qual dia?"), user("sexta")]);
    assert_eq!(ask(&said), find(json!({"service": "barba", "weekday": "fri"})));
}

#[test]
fn the_exact_time_asked_for_is_booked_and_other_times_are_named() {
    let [call, response] = found(&["14:45", "15:00"]);
    let exact = json!([user("corte terça às 15h, meu nome é João Silva"), call, response]);
    assert_eq!(ask(&exact), book(json!({"slot": "t15:00", "name": "João Silva"})));
    let [call, response] = found(&["09:00", "09:15", "09:30", "09:45"]);
    let open = json!([user("corte terça"), call, response]);
    let text = "Tenho estes horários na terça-feira, 24/11/2026: 09:00, 09:15 e 09:30. Qual prefere?";
    assert_eq!(ask(&open), Answer::Text(text.to_owned()));
    let [call, response] = found(&[]);
    let none = json!([user("corte terça"), call, response]);
    assert!(matches!(ask(&none), Answer::Text(text) if text.contains("outro dia")));
}

#[test]
fn a_time_said_later_books_the_slot_offered_before() {
    let [call, response] = found(&["14:45", "15:00"]);
    let history =
        |last: &str| json!([user("corte terça"), call, response, model("Tenho estes…"), user(last)]);
    assert_eq!(ask(&history("pode ser às 15h")), book(json!({"slot": "t15:00"})));
    assert_eq!(ask(&history("15:00")), book(json!({"slot": "t15:00"})));
    assert_eq!(ask(&history("o primeiro")), book(json!({"slot": "t14:45"})));
    assert_eq!(ask(&history("às 18h")), find(json!({"service": "corte", "from": "18:00", "to": "19:00"})));
    assert_eq!(ask(&history("pode ser")), Answer::Text(Language::Portuguese.which_time().to_owned()));
}

#[test]
fn prices_come_from_the_system_instruction() {
    assert_eq!(
        ask(&json!([user("quanto custa o corte?")])),
        Answer::Text("O Corte custa R$ 80,00.".to_owned())
    );
    assert_eq!(
        ask(&json!([user("quais os preços?")])),
        Answer::Text("O Corte custa R$ 80,00. O Barba custa R$ 50,00.".to_owned())
    );
}

#[test]
fn no_function_is_called_in_mode_none_and_one_is_in_mode_any() {
    assert!(matches!(ask_in_mode("NONE", &json!([user("corte terça às 15h")])), Answer::Text(_)));
    assert_eq!(ask_in_mode("ANY", &json!([user("oi")])), find(json!({"service": "corte"})));
}

#[test]
fn small_talk_gets_a_short_text() {
    assert_eq!(ask(&json!([user("Bom dia!")])), Answer::Text(Language::Portuguese.greeting().to_owned()));
    assert_eq!(ask(&json!([user("kkkk")])), Answer::Text(Language::Portuguese.fallback().to_owned()));
    assert_eq!(
        ask(&json!([user("quero um corte")])),
        Answer::Text(Language::Portuguese.which_day().to_owned())
    );
}

#[test]
fn a_burst_of_messages_is_read_as_one() {
    assert_eq!(
        ask(&json!([user("oi"), user("queria um corte"), user("na sexta de manhã")])),
        find(json!({"service": "corte", "weekday": "fri", "part_of_day": "morning"}))
    );
}

#[test]
fn a_note_of_the_program_is_not_taken_for_the_customer() {
    let [call, response] = found(&["14:45", "15:00"]);
    let note = user("[system] This text was not sent: the time 16:00 is in no result. Answer again.");
    let said = json!([user("corte terça às 15h"), call, response, model("Marquei às 16:00!"), note]);
    assert_eq!(ask(&said), book(json!({"slot": "t15:00"})));
}

fn reader_tools() -> Value {
    let more: Vec<Value> = ["my_appointments", "move_appointment", "cancel_appointment", "hand_over"]
        .iter()
        .map(|name| {
            let properties = json!({"appointment": {"type": "string"}, "slot": {"type": "string"}, "reason": {"type": "string"}});
            json!({"name": name, "parametersJsonSchema": {"type": "object", "properties": properties}})
        })
        .collect();
    let mut tools = tools();
    tools[0]["functionDeclarations"].as_array_mut().unwrap().extend(more);
    tools[0]["functionDeclarations"][0]["parametersJsonSchema"]["properties"]["appointment"] =
        json!({"type": "string"});
    tools
}

fn ask_with_all_tools(contents: &Value) -> Answer {
    let request = json!({"systemInstruction": {"parts": [{"text": SYSTEM}]}, "contents": contents, "tools": reader_tools()});
    answer(&serde_json::from_value(request).unwrap())
}

fn mine(times: &[&str]) -> [Value; 2] {
    let list: Vec<Value> = times
        .iter()
        .map(|time| json!({"appointment": format!("a{time}"), "services": "Corte", "date": "2026-11-24", "weekday": "terça-feira", "time": time}))
        .collect();
    [
        json!({"role": "model", "parts": [{"functionCall": {"id": "1", "name": "my_appointments", "args": {}}}]}),
        json!({"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "my_appointments",
            "response": {"output": {"appointments": list}}}}]}),
    ]
}

#[test]
fn an_appointment_is_looked_up_before_it_is_cancelled_and_one_of_several_is_asked_for() {
    for text in ["quero cancelar", "quiero anular mi cita", "ich möchte absagen", "please cancel it"] {
        let called = ask_with_all_tools(&json!([user(text)]));
        assert_eq!(called, Answer::Call { name: "my_appointments", args: json!({}) }, "{text}");
    }
    let [call, one] = mine(&["15:00"]);
    let cancel = Answer::Call { name: "cancel_appointment", args: json!({"appointment": "a15:00"}) };
    assert_eq!(ask_with_all_tools(&json!([user("quero cancelar"), call, one])), cancel);
    let [call, two] = mine(&["10:00", "15:00"]);
    let which = Language::Portuguese.which_to_cancel();
    let asked = json!([user("quero cancelar"), call, two]);
    assert_eq!(ask_with_all_tools(&asked), Answer::Text(which.to_owned()));
    let [call, two] = mine(&["10:00", "15:00"]);
    assert_eq!(
        ask_with_all_tools(&json!([user("quero cancelar"), model(which), user("o das 15h"), call, two])),
        cancel
    );
}

#[test]
fn an_appointment_is_moved_to_a_slot_that_was_looked_for_with_it() {
    let [call, one] = mine(&["15:00"]);
    let wish = user("quero remarcar para sexta às 10h");
    let find = ask_with_all_tools(&json!([wish, call, one]));
    let Answer::Call { name: FIND, args } = find else { panic!("{find:?}") };
    assert_eq!((&args["appointment"], &args["weekday"]), (&json!("a15:00"), &json!("fri")));
    let [call, one] = mine(&["15:00"]);
    let looked =
        json!({"role": "model", "parts": [{"functionCall": {"id": "2", "name": FIND, "args": args}}]});
    let [_, slots] = found(&["10:00"]);
    let moved = ask_with_all_tools(&json!([wish, call, one, looked, slots]));
    assert_eq!(
        moved,
        Answer::Call { name: "move_appointment", args: json!({"appointment": "a15:00", "slot": "t10:00"}) }
    );
}

#[test]
fn whoever_asks_for_a_person_gets_one() {
    for text in [
        "quero falar com uma pessoa",
        "quiero hablar con una persona",
        "mit einem Menschen sprechen",
        "talk to a human",
    ] {
        assert!(
            matches!(ask_with_all_tools(&json!([user(text)])), Answer::Call { name: "hand_over", .. }),
            "{text}"
        );
    }
    assert!(matches!(
        ask_with_all_tools(&json!([user("um corte para uma pessoa na sexta")])),
        Answer::Call { name: FIND, .. }
    ));
}
