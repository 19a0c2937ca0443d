"""Google's own Gemini client against the stand-in."""

import pytest
from google import genai
from google.genai import errors, types

MODEL = "gemini-3.8-flash"
FIND = types.FunctionDeclaration(
    name="find_available_slots",
    description="Finds slots that can be booked.",
    parameters_json_schema={
        "type": "object",
        "properties": {
            "service": {"type": "string", "enum": ["corte", "barba"]},
            "weekday": {"type": "string", "enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
            "offset_days": {"type": "integer"},
            "from": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"},
            "to": {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"},
        },
        "required": ["service"],
        "additionalProperties": False,
    },
)
BOOK = types.FunctionDeclaration(
    name="book_appointment",
    description="Books a slot.",
    parameters_json_schema={
        "type": "object",
        "properties": {"slot": {"type": "string"}},
        "required": ["slot"],
        "additionalProperties": False,
    },
)
SYSTEM = "Você atende a Barbearia.\n- corte: Corte | 45 min | R$ 80,00\n- barba: Barba | 30 min | R$ 50,00"
SLOTS = [
    {"slot": f"opaque-{time}", "date": "2026-11-24", "weekday": "terça-feira", "time": time}
    for time in ("14:45", "15:00")
]


@pytest.fixture
def client(simulator):
    options = types.HttpOptions(base_url=simulator.url, retry_options=types.HttpRetryOptions(attempts=1))
    return genai.Client(api_key="key-of-the-test", http_options=options)


def config(mode="VALIDATED"):
    return types.GenerateContentConfig(
        system_instruction=SYSTEM,
        tools=[types.Tool(function_declarations=[FIND, BOOK])],
        tool_config=types.ToolConfig(function_calling_config=types.FunctionCallingConfig(mode=mode)),
        thinking_config=types.ThinkingConfig(thinking_level="LOW"),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        max_output_tokens=1024,
    )


def user(text):
    return types.Content(role="user", parts=[types.Part(text=text)])


def answered(call, response):
    function_response = types.FunctionResponse(id=call.id, name=call.name, response=response)
    return types.Content(role="user", parts=[types.Part(function_response=function_response)])


def ask(client, contents, mode="VALIDATED"):
    return client.models.generate_content(model=MODEL, contents=contents, config=config(mode))


def test_a_text_answer_has_what_the_client_reads(client, simulator):
    response = ask(client, [user("quanto custa o corte?")])
    assert response.text == "O Corte custa R$ 80,00."
    assert response.candidates[0].finish_reason == types.FinishReason.STOP
    assert response.usage_metadata.total_token_count > response.usage_metadata.prompt_token_count > 0
    assert (response.model_version, bool(response.response_id)) == (MODEL, True)
    assert simulator.state()["gemini"][0]["key"] == "key-of-the-test"


def test_a_booking_takes_two_calls_with_their_signatures_replayed(client):
    contents = [user("Quero um corte terça às 15h")]
    first = ask(client, contents)
    (call,) = first.function_calls
    assert call.name == "find_available_slots"
    assert call.args == {"service": "corte", "weekday": "tue", "from": "15:00", "to": "16:00"}
    assert first.candidates[0].content.parts[0].thought_signature
    contents += [first.candidates[0].content, answered(call, {"output": {"slots": SLOTS}})]
    (booking,) = ask(client, contents).function_calls
    assert (booking.name, booking.args) == ("book_appointment", {"slot": "opaque-15:00"})


def test_a_choice_made_later_uses_the_history(client):
    contents = [user("Tem horário para corte na terça?")]
    first = ask(client, contents)
    contents += [first.candidates[0].content, answered(first.function_calls[0], {"output": {"slots": SLOTS}})]
    offer = ask(client, contents)
    assert offer.text == "Tenho estes horários na terça-feira, 24/11/2026: 14:45 e 15:00. Qual prefere?"
    contents += [offer.candidates[0].content, user("pode ser às 15h")]
    (booking,) = ask(client, contents).function_calls
    assert booking.args == {"slot": "opaque-15:00"}


def test_the_mode_none_forces_a_text(client):
    response = ask(client, [user("corte terça às 15h")], mode="NONE")
    assert response.text and not response.function_calls


def test_a_call_replayed_without_its_signature_is_refused_as_google_refuses_it(client, simulator):
    contents = [user("Quero um corte terça às 15h")]
    first = ask(client, contents)
    content = first.candidates[0].content.model_copy(deep=True)
    content.parts[0].thought_signature = None
    with pytest.raises(errors.ClientError) as error:
        ask(client, contents + [content, answered(first.function_calls[0], {"output": {"slots": []}})])
    assert (error.value.code, error.value.status) == (400, "INVALID_ARGUMENT")
    assert "missing a thought_signature" in error.value.message
    assert [violation["what"] for violation in simulator.state()["violations"]] == ["thought_signature"]
    simulator.control("reset", {})


def test_a_blocked_prompt_and_a_malformed_call_reach_the_client(client, simulator):
    simulator.control("script", {"replies": [
        {"candidates": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {"content": {"role": "model"}, "finishReason": "MALFORMED_FUNCTION_CALL"},
    ]})
    blocked = ask(client, [user("oi")])
    assert blocked.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT and not blocked.candidates
    malformed = ask(client, [user("oi")])
    assert malformed.candidates[0].finish_reason == types.FinishReason.MALFORMED_FUNCTION_CALL


def test_an_exhausted_quota_is_the_clients_own_error(client, simulator):
    simulator.control("faults", {"vendor": "gemini", "status": 429, "times": 1, "retry_after": 3})
    with pytest.raises(errors.ClientError) as error:
        ask(client, [user("oi")])
    assert (error.value.code, error.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert ask(client, [user("oi")]).text
