"""Two businesses on one cluster know nothing of each other."""

import json

import pytest

from steps import whatsapp
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import stays


@pytest.mark.on_bed
def test_a_message_for_the_neighbour_is_not_stored_or_answered_by_the_barbershop(
    barbershop: Tenant, neighbour: Tenant, simulator: Simulator
) -> None:
    customer = Customer(neighbour, simulator)
    body = customer.message("Oi, isto é para o vizinho")
    # A shared Meta app signs with one secret for all its numbers, so a right signature proves nothing.
    answer = whatsapp.post(barbershop.webhook_url, body, barbershop.credentials.app_secret)

    assert answer.status_code == 200
    assert barbershop.database().received(whatsapp.message_id(body)) == 0
    stays("nobody is answered", lambda: not customer.answers(), seconds=3)


@pytest.mark.on_bed
def test_what_is_written_to_one_business_never_reaches_the_other(
    barbershop: Tenant, neighbour: Tenant, simulator: Simulator
) -> None:
    customer = Customer(neighbour, simulator)
    words = f"Oi, aqui é {customer.number}"
    customer.asks(words)

    sent = simulator.messages_to(customer.number)
    assert {message["phone_number_id"] for message in sent} == {neighbour.number}
    assert {message["token"] for message in sent} == {neighbour.credentials.values["WHATSAPP_API_TOKEN"]}
    asked = [call for call in simulator.state()["gemini"] if words in json.dumps(call["request"], ensure_ascii=False)]
    assert {call["key"] for call in asked} == {neighbour.credentials.values["GEMINI_API_KEY"]}
    assert barbershop.database().rows("SELECT id FROM customer WHERE wa_id = ?", customer.number) == []


def test_a_webhook_signed_by_the_other_business_is_refused(
    barbershop: Tenant, neighbour: Tenant, customer: Customer
) -> None:
    answer = whatsapp.post(barbershop.webhook_url, customer.message("Oi"), neighbour.credentials.app_secret)

    assert answer.status_code == 401


def test_each_business_has_keys_of_its_own(barbershop: Tenant, neighbour: Tenant) -> None:
    keys = [
        tenant.cluster.get("secret", f"{tenant.name}-keys", tenant.namespace)["data"]["TOKEN_SIGNING_KEY"]
        for tenant in (barbershop, neighbour)
    ]

    assert keys[0] != keys[1]
