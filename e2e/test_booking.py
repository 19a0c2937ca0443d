"""A customer books over WhatsApp: one message in, one answer, one row, one calendar event, whatever is repeated."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import httpx2
import pytest

from steps import whatsapp
from steps.agenda import Agenda, Appointment
from steps.customer import Customer
from steps.database import micros
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import stays, until


def one_of_each(customer: Customer) -> bool:
    """Exactly one answer, one row (where the database can be opened) and one calendar event."""
    rows = len(customer.bookings()) if customer.tenant.cluster.bed else 1
    counts = (len(customer.answers()), rows, len(customer.events()))
    assert counts == (1, 1, 1), f"(answers, rows, events) = {counts}"
    return True


def stored(tenant: Tenant, body: whatsapp.Body) -> int:
    """How often a message lies in the inbox; where the database cannot be opened, the silence must do."""
    return tenant.database().received(whatsapp.message_id(body)) if tenant.cluster.bed else 0


def asks_for(appointment: Appointment) -> str:
    """What a customer writes who knows what they want."""
    return f"Olá! Quero marcar um corte na {appointment.words}, pode ser?"


def test_a_message_is_answered_with_an_appointment_that_stands_in_database_and_calendar(
    barbershop: Tenant, customer: Customer, agenda: Agenda
) -> None:
    appointment = agenda.next()

    body = customer.writes(asks_for(appointment))

    receipt = customer.answer()
    until("row and event", lambda: one_of_each(customer), seconds=40)
    assert appointment.clock in receipt, receipt
    assert appointment.start.strftime("%d/%m") in receipt, receipt
    (event,) = customer.events()
    assert event["event"]["summary"].startswith("Corte"), event
    assert datetime.fromisoformat(event["event"]["start"]["dateTime"]) == appointment.start
    assert event["created_count"] == 1
    if barbershop.cluster.bed:
        (row,) = customer.bookings()
        assert row["start_us"] == micros(appointment.start)
        assert (row["service_id"], row["state"], row["customer_name"]) == ("corte", "confirmed", customer.name)
        assert row["reference"] in receipt, receipt
        assert event["event"]["extendedProperties"]["private"]["booking_id"] == row["id"]

    again = barbershop.post(body)

    assert again.status_code == 200
    stays("still one of each after the same webhook again", lambda: one_of_each(customer), seconds=8)


def test_the_same_message_at_the_same_instant_is_taken_once(
    barbershop: Tenant, customer: Customer, agenda: Agenda
) -> None:
    body = customer.message(asks_for(agenda.next()))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: barbershop.post(body).status_code, range(8)))

    assert answers == [200] * 8
    if barbershop.cluster.bed:
        assert stored(barbershop, body) == 1
    until("one of each", lambda: one_of_each(customer), seconds=25)


@pytest.mark.parametrize("kind", ["none", "of another secret", "of other bytes", "without its prefix"])
def test_a_webhook_with_a_bad_signature_is_refused_and_stores_nothing(
    barbershop: Tenant, customer: Customer, kind: str
) -> None:
    body = customer.message("Quero marcar um corte")
    raw = json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
    right = whatsapp.signature(raw, barbershop.credentials.app_secret)
    signed = {
        "none": "",
        "of another secret": whatsapp.signature(raw, "another secret"),
        "of other bytes": whatsapp.signature(raw + b" ", barbershop.credentials.app_secret),
        "without its prefix": right.removeprefix("sha256="),
    }[kind]

    answer = barbershop.post(body, signed=signed)

    assert answer.status_code == 401
    assert stored(barbershop, body) == 0
    stays("nobody is answered", lambda: not customer.answers(), seconds=3)


def test_a_message_for_another_number_is_acknowledged_and_dropped(barbershop: Tenant, customer: Customer) -> None:
    body = whatsapp.text("999999999999999", customer.number, "Quero marcar um corte")

    answer = barbershop.post(body)

    assert answer.status_code == 200
    assert stored(barbershop, body) == 0
    stays("nobody is answered", lambda: not customer.answers(), seconds=3)


def test_the_webhook_is_verified_with_the_token_that_was_agreed(barbershop: Tenant) -> None:
    def verification(token: str) -> httpx2.Response:
        question = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
        return httpx2.get(barbershop.webhook_url, params=question, timeout=5)

    agreed = verification(barbershop.credentials.values["WHATSAPP_WEBHOOK_VERIFY_TOKEN"])
    other = verification("something else")

    assert (agreed.status_code, agreed.text) == (200, "1158201444")
    assert other.status_code == 403
    assert "1158201444" not in other.text


def test_a_burst_of_messages_gets_one_answer(customer: Customer, simulator: Simulator, agenda: Agenda) -> None:
    appointment = agenda.next()

    for words in ("Oi", "tudo bem?", f"quero um corte na {appointment.words}"):
        customer.writes(words)

    until("one of each", lambda: one_of_each(customer), seconds=25)
    stays("one answer to the burst", lambda: len(customer.answers()) == 1, seconds=6)
