"""The tenant is an MCP server that somebody else's client can use as it is."""

import uuid

import httpx2
import pytest

from steps import agent
from steps.agenda import Agenda
from steps.database import micros
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until

#: Handshake of 2025 and the stateless revision of 2026.
MODES = ["legacy", "2026-07-28", "auto"]


@pytest.mark.parametrize("mode", MODES)
def test_the_python_sdk_lists_the_tools(barbershop: Tenant, mode: str) -> None:
    token = barbershop.token("booking:read booking:write")

    tools = agent.tools(barbershop, token, mode=mode)

    assert set(tools) == {
        "list_services",
        "find_available_slots",
        "create_booking",
        "get_booking",
        "list_bookings",
        "move_booking",
        "cancel_booking",
    }
    assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools.values())


@pytest.mark.parametrize("mode", MODES)
def test_the_python_sdk_finds_a_slot_and_books_it(barbershop: Tenant, agenda: Agenda, mode: str) -> None:
    appointment = agenda.next()
    token = barbershop.token("booking:read booking:write")

    services = agent.call(barbershop, token, "list_services", {}, mode=mode)
    slot = agent.slot_at(barbershop, token, "corte", appointment, mode=mode)
    result = agent.book(barbershop, token, slot, name="Marcos Lima", phone="+55 11 98888-7777", mode=mode)

    assert "corte" in {service["id"] for service in services.structured_content["services"]}
    assert not result.is_error, result
    if barbershop.cluster.bed:
        (row,) = barbershop.database().bookings_at(appointment.start)
        assert (row["customer_name"], row["start_us"]) == ("Marcos Lima", micros(appointment.start))
        assert row["reference"] in str(result.structured_content)


def test_a_booking_over_mcp_stands_in_the_calendar(barbershop: Tenant, agenda: Agenda, simulator: Simulator) -> None:
    appointment = agenda.next()
    token = barbershop.token("booking:read booking:write")

    agent.book(barbershop, token, agent.slot_at(barbershop, token, "corte", appointment), name="Nara Um Dois")

    until(
        "the event",
        lambda: [e for e in simulator.events(barbershop.calendar) if "Nara Um Dois" in e["event"]["summary"]],
        seconds=20,
    )


def test_the_same_key_books_once_and_tells_the_same(barbershop: Tenant, agenda: Agenda) -> None:
    appointment = agenda.next()
    token = barbershop.token("booking:read booking:write")
    slot = agent.slot_at(barbershop, token, "corte", appointment)
    key = str(uuid.uuid4())

    first, second = (agent.book(barbershop, token, slot, name="Olga", key=key) for _ in range(2))

    assert not first.is_error and not second.is_error
    assert first.structured_content == second.structured_content
    if barbershop.cluster.bed:
        assert len(barbershop.database().bookings_at(appointment.start)) == 1


def initialize(tenant: Tenant, headers: dict[str, str]) -> httpx2.Response:
    """The first request of a client of 2025."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    return httpx2.post(f"{tenant.url}/mcp", json=hello, headers=accept | headers, timeout=10)


def test_without_a_token_nothing_is_told(barbershop: Tenant) -> None:
    answer = initialize(barbershop, {})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_of_another_tenant_is_refused(barbershop: Tenant, neighbour: Tenant) -> None:
    theirs = neighbour.token("booking:read booking:write")

    assert initialize(barbershop, {"Authorization": f"Bearer {theirs}"}).status_code == 401
    assert initialize(neighbour, {"Authorization": f"Bearer {theirs}"}).status_code == 200


def test_a_token_that_has_been_changed_is_refused(barbershop: Tenant) -> None:
    token = barbershop.token("booking:read")
    head, payload, signature = token.split(".")
    tampered = ".".join([head, payload, signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")])

    assert initialize(barbershop, {"Authorization": f"Bearer {tampered}"}).status_code == 401


def test_reading_alone_does_not_book(barbershop: Tenant, agenda: Agenda) -> None:
    appointment = agenda.next()
    reader = barbershop.token("booking:read")
    slot = agent.slot_at(barbershop, reader, "corte", appointment)

    result = agent.book(barbershop, reader, slot, name="Ninguém")

    assert result.is_error
    assert agent.code_of(result) == "forbidden"
    if barbershop.cluster.bed:
        assert barbershop.database().bookings_at(appointment.start) == []


def test_a_host_name_that_is_not_the_tenants_is_refused(barbershop: Tenant) -> None:
    token = barbershop.token("booking:read")

    answer = initialize(barbershop, {"Authorization": f"Bearer {token}", "Host": "evil.example"})

    assert answer.status_code == 403
