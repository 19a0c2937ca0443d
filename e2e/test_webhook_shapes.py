"""What Meta sends today, and has ever sent, is accepted; nothing of it makes the server fall silent."""

import pytest

from steps import whatsapp
from steps.agenda import Agenda
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


@pytest.mark.parametrize("name", sorted(whatsapp.samples()))
def test_a_sample_of_metas_collection_is_accepted(barbershop: Tenant, name: str) -> None:
    answer = barbershop.post(whatsapp.for_number(whatsapp.samples()[name], barbershop.number))

    assert answer.status_code == 200, answer.text


def test_there_are_all_21_samples() -> None:
    assert len(whatsapp.samples()) == 21


@pytest.mark.parametrize("with_phone", [True, False], ids=["with phone number", "without phone number"])
def test_a_customer_with_a_user_id_books(
    barbershop: Tenant, simulator: Simulator, agenda: Agenda, with_phone: bool
) -> None:
    phone = whatsapp.a_number() if with_phone else None
    user_id = f"BR.{whatsapp.a_number()}"
    appointment = agenda.next()
    words = f"Quero um corte na {appointment.words}"

    answer = barbershop.post(whatsapp.text_with_user_id(barbershop.number, user_id, words, sender=phone))

    assert answer.status_code == 200
    (sent,) = until("an answer", lambda: simulator.messages_to(phone or user_id), seconds=40)
    assert (sent.get("to") or sent.get("recipient")) == (phone or user_id)
    if barbershop.cluster.bed:
        (row,) = barbershop.database().bookings_at(appointment.start)
        (who,) = barbershop.database().rows("SELECT * FROM customer WHERE id = ?", row["customer_id"])
        assert (who["user_id"], who["wa_id"]) == (user_id, phone)


def test_a_user_id_seen_later_takes_the_number_over_and_leaves_earlier_bookings_where_they_are(
    barbershop: Tenant, customer: Customer, simulator: Simulator
) -> None:
    customer.asks("Oi")
    user_id = f"BR.{customer.number}"

    barbershop.post(whatsapp.text_with_user_id(barbershop.number, user_id, "Oi de novo", sender=customer.number))

    customer.answer(2)
    if barbershop.cluster.bed:
        earlier, later = barbershop.database().rows(
            "SELECT * FROM customer WHERE wa_id = ? OR user_id = ? ORDER BY id", customer.number, user_id
        )
        # Numbers are given to other people: a phone alone proves nothing.
        assert (earlier["phone"], earlier["merged_into"]) == (None, later["id"])
        assert (later["user_id"], later["wa_id"]) == (user_id, customer.number)
        assert later["phone"]


@pytest.mark.parametrize(
    "change",
    [
        {"field": "account_update", "value": {"event": "PARTNER_ADDED", "anything": [1, {"new": None}]}},
        {"field": "a_field_of_next_year", "value": "not even an object"},
    ],
    ids=["other field", "unknown field"],
)
def test_a_field_nobody_knows_is_accepted(barbershop: Tenant, change: dict) -> None:
    body = {"object": "whatsapp_business_account", "entry": [{"id": "0", "changes": [change]}]}

    assert barbershop.post(body).status_code == 200


def test_a_message_of_an_unknown_type_does_not_keep_its_neighbours_from_being_read(
    barbershop: Tenant, customer: Customer
) -> None:
    body = customer.message("Oi")
    value = body["entry"][0]["changes"][0]["value"]
    strange = {"id": whatsapp.a_wamid(), "type": "hologram", "hologram": {"depth": 3}}
    strange |= {name: value["messages"][0][name] for name in ("from", "timestamp")}
    value["messages"].insert(0, strange)
    value["user_actions"] = [{"new": "thing"}]

    assert barbershop.post(body).status_code == 200

    customer.answer()
