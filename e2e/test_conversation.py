"""A conversation goes on where it stopped, also after the pod was replaced."""

import json

from steps.agenda import Agenda
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


def requests_about(simulator: Simulator, words: str) -> list[dict]:
    """The requests to Gemini in which somebody said this."""
    return [call for call in simulator.state()["gemini"] if words in json.dumps(call["request"], ensure_ascii=False)]


def test_the_second_turn_knows_the_first_one_after_the_pod_was_replaced(
    barbershop: Tenant, simulator: Simulator, agenda: Agenda
) -> None:
    customer = Customer(barbershop, simulator, name="Conceição Araújo")
    appointment = agenda.first_of_a_day()
    opening_line = f"Bom dia, queria cortar o cabelo na {appointment.day}, sou a {customer.number}"
    offer = customer.asks(opening_line)
    assert appointment.clock in offer, offer
    barbershop.replace_pod()

    customer.asks(f"pode ser às {appointment.clock}")

    last = requests_about(simulator, opening_line)[-1]["request"]
    said = json.dumps(last["contents"], ensure_ascii=False)
    assert f"pode ser às {appointment.clock}" in said, "the second turn carries the first one's history"
    offered = [
        slot
        for content in last["contents"]
        for part in content["parts"]
        if part.get("functionResponse", {}).get("name") == "find_available_slots"
        for slot in part["functionResponse"]["response"]["output"]["slots"]
    ]
    (booked,) = [
        part["functionCall"]["args"]["slot"]
        for call in requests_about(simulator, opening_line)
        for part in call["response"]["candidates"][0]["content"]["parts"]
        if part.get("functionCall", {}).get("name") == "book_appointment"
    ]
    assert booked in [slot["slot"] for slot in offered], "what was booked had been offered in this conversation"
    if barbershop.cluster.bed:
        until("the booking", lambda: len(customer.bookings()) == 1, seconds=30)


def test_a_question_about_prices_is_answered_from_the_profile(barbershop: Tenant, customer: Customer) -> None:
    service = barbershop.client["spec"]["profile"]["services"][0]

    answer = customer.asks("Quanto custa o corte?")

    assert service["price"].replace(".", ",") in answer, answer


def test_one_customer_never_reads_what_another_one_wrote(
    barbershop: Tenant, simulator: Simulator
) -> None:
    one, other = Customer(barbershop, simulator), Customer(barbershop, simulator)
    secret = f"segredo de {one.number}"
    one.asks(f"Oi, {secret}")

    other.asks("Oi, o que já conversamos?")

    for call in requests_about(simulator, "o que já conversamos?"):
        assert secret not in json.dumps(call["request"], ensure_ascii=False)
