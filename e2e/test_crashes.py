"""A server killed at a bad moment ends up having done everything once: one answer, one row, one calendar event.

Each story begins with a new pod, so that the kubelet's growing pause between restarts does not count against it.
"""

from collections.abc import Iterator

import pytest

from steps.agenda import Agenda
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import stays, until

pytestmark = pytest.mark.on_bed

#: From the kill until all is done, restart and lease included.
RECOVERY_SECONDS = 40


@pytest.fixture(autouse=True)
def fresh_pod(barbershop: Tenant) -> Iterator[None]:
    barbershop.replace_pod()
    yield
    until("the server to be back", barbershop.healthy, seconds=60)


def settles(customer: Customer, *, answers: int = 1, watched_for: float = 8) -> None:
    """Exactly so many answers, one row and one event within the time, and it stays so."""

    def done() -> bool:
        counts = (len(customer.answers()), len(customer.bookings()), len(customer.events()))
        assert counts == (answers, 1, 1), f"(answers, rows, events) = {counts}"
        return True

    def nothing_twice() -> bool:
        events = customer.events()
        assert len(customer.answers()) <= answers, customer.answers()
        assert len(customer.bookings()) <= 1
        assert len(events) <= 1
        assert all(event["created_count"] == 1 for event in events)
        return True

    until("all of it once", done, seconds=RECOVERY_SECONDS)
    stays("nothing is done twice", nothing_twice, seconds=watched_for, every=1)


def outbox_states(customer: Customer) -> list[str]:
    """What the server knows about its messages to a customer."""
    rows = customer.tenant.database().rows(
        "SELECT outbox.state FROM outbox JOIN conversation ON conversation.id = outbox.conversation_id"
        " JOIN customer ON customer.id = conversation.customer_id WHERE customer.wa_id = ? ORDER BY outbox.seq",
        customer.number,
    )
    return [row["state"] for row in rows]


def test_killed_right_after_the_webhook_was_acknowledged(barbershop: Tenant, customer: Customer, agenda: Agenda) -> None:
    server = barbershop.process()

    customer.writes(f"Quero um corte na {agenda.next().words}")
    server.kill()
    assert not customer.answers() and not customer.bookings(), "nothing has come of it yet"

    settles(customer)


def test_killed_between_the_models_answer_and_the_commit(
    barbershop: Tenant, customer: Customer, simulator: Simulator, agenda: Agenda
) -> None:
    appointment = agenda.first_of_a_day()
    customer.asks(f"Quero um corte na {appointment.day}")
    server = barbershop.process()

    with simulator.hold("gemini.after") as hold:
        customer.writes(f"pode ser às {appointment.clock}")
        hold.wait_for()
        with barbershop.database().write_lock():
            hold.release()
            stays("nothing is committed", lambda: not customer.bookings(), seconds=1.5, every=0.2)
            assert server.alive(), "the server waits for the lock"
            server.kill()

    settles(customer, answers=2)


def test_killed_between_the_send_and_its_record(
    barbershop: Tenant, customer: Customer, simulator: Simulator, agenda: Agenda
) -> None:
    server = barbershop.process()

    with simulator.no_webhooks_for(barbershop), simulator.hold("graph.after") as hold:
        customer.writes(f"Quero um corte na {agenda.next().words}")
        hold.wait_for()
        server.kill()
        assert len(customer.answers()) == 1, "Meta has it"
        # Where the next server has begun already, it knows that it does not know.
        assert outbox_states(customer) in (["sending"], ["ambiguous"]), "the server has not noted it"

    # The next server hears of the message by its status; without one it would send again after 30 s.
    settles(customer, watched_for=38)
    assert outbox_states(customer) == ["sent"]


def test_killed_between_the_calendar_event_and_its_record(
    barbershop: Tenant, customer: Customer, simulator: Simulator, agenda: Agenda
) -> None:
    server = barbershop.process()

    with simulator.hold("calendar.insert.after") as hold:
        customer.writes(f"Quero um corte na {agenda.next().words}")
        hold.wait_for()
        server.kill()
        assert len(customer.events()) == 1, "Google has it"
        assert customer.bookings()[0]["mirrored_revision"] == 0, "the server has not noted it"

    settles(customer)


def test_replaced_in_the_middle_of_a_turn(
    barbershop: Tenant, customer: Customer, simulator: Simulator, agenda: Agenda
) -> None:
    with simulator.hold("gemini.after") as hold:
        customer.writes(f"Quero um corte na {agenda.next().words}")
        hold.wait_for()
        pod = barbershop.pod()["metadata"]
        barbershop.cluster.delete("pod", pod["name"], barbershop.namespace, wait=False)

    settles(customer)


def test_an_unreachable_meta_delays_the_answer_and_doubles_nothing(
    customer: Customer, simulator: Simulator, agenda: Agenda
) -> None:
    simulator.fault("graph", 503, 2)

    customer.writes(f"Quero um corte na {agenda.next().words}")

    settles(customer)
