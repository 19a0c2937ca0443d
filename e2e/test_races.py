"""Whoever asks at the same time, a slot goes to one of them and the others learn it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from steps import agent
from steps.agenda import Agenda
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import stays, until

pytestmark = pytest.mark.on_bed


def test_two_customers_who_take_one_slot_at_once_get_one_booking(
    neighbour: Tenant, simulator: Simulator, neighbours_agenda: Agenda
) -> None:
    appointment = neighbours_agenda.first_of_a_day()
    rivals = [Customer(neighbour, simulator, name) for name in ("Ana", "Bia")]
    for rival in rivals:
        offer = rival.asks(f"Quero um corte na {appointment.day}")
        assert appointment.clock in offer, offer

    # Both models have answered `book it` before either turn goes on.
    with simulator.hold("gemini.after", count=2) as hold, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda rival: rival.writes(f"pode ser às {appointment.clock}"), rivals))
        hold.wait_for(2)
        hold.release()

    answers = [rival.answer(2) for rival in rivals]
    booked = [len(rival.bookings()) for rival in rivals]
    assert sorted(booked) == [0, 1], answers
    loser = answers[booked.index(0)]
    reference = neighbour.database().bookings_at(appointment.start)[0]["reference"]
    assert reference not in loser, "the one who got nothing reads no receipt"
    stays("one booking", lambda: len(neighbour.database().bookings_at(appointment.start)) == 1, seconds=3)


def test_a_customer_and_an_agent_who_take_one_slot_at_once_get_one_booking(
    neighbour: Tenant, simulator: Simulator, neighbours_agenda: Agenda
) -> None:
    appointment = neighbours_agenda.first_of_a_day()
    rival = Customer(neighbour, simulator, "Clara")
    rival.asks(f"Quero um corte na {appointment.day}")
    token = neighbour.token("booking:read booking:write")
    slot = agent.slot_at(neighbour, token, "corte", appointment)

    with simulator.hold("gemini.after") as hold, ThreadPoolExecutor(1) as pool:
        rival.writes(f"pode ser às {appointment.clock}")
        hold.wait_for()
        pending = pool.submit(agent.book, neighbour, token, slot, name="Davi", phone="+55 11 91234-5678")
        hold.release()
        result = pending.result(timeout=30)

    rival.answer(2)
    until("the booking", lambda: neighbour.database().bookings_at(appointment.start), seconds=30)
    (row,) = neighbour.database().bookings_at(appointment.start)
    agent_won = row["customer_name"] == "Davi"
    assert result.is_error is not agent_won
    if not agent_won:
        assert agent.code_of(result) == "slot_taken"
    assert len(rival.bookings()) == (0 if agent_won else 1)


def test_many_agents_who_take_one_slot_at_once_get_one_booking(neighbour: Tenant, neighbours_agenda: Agenda) -> None:
    appointment = neighbours_agenda.next()
    token = neighbour.token("booking:read booking:write")
    slot = agent.slot_at(neighbour, token, "corte", appointment)

    with ThreadPoolExecutor(6) as pool:
        names = [f"Agente {number}" for number in range(6)]
        results = list(pool.map(lambda name: agent.book(neighbour, token, slot, name=name), names))

    assert [result.is_error for result in results].count(False) == 1
    assert {agent.code_of(result) for result in results if result.is_error} == {"slot_taken"}
    assert len(neighbour.database().bookings_at(appointment.start)) == 1
