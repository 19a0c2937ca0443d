"""The suite's own tools do what the stories take for granted. No cluster needed."""

import base64
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from steps import clients, search, whatsapp
from steps.agenda import Agenda
from steps.shell import CommandFailed, run
from steps.wait import stays, until


def test_a_signature_is_what_openssl_computes() -> None:
    raw = '{"text":"Olá, às 15h"}'

    hexadecimal = run("openssl", "dgst", "-sha256", "-hmac", "app secret", stdin=raw).split()[-1]

    assert whatsapp.signature(raw.encode(), "app secret") == f"sha256={hexadecimal}"


@pytest.mark.parametrize("offset", range(6))
def test_a_secret_is_found_in_base64_wherever_it_begins(offset: int) -> None:
    encoded = base64.b64encode(b"p" * offset + b"canary-token-0123456789" + b"s" * (offset + 1)).decode()

    assert search.leaks(iter([("here", f"({encoded})")]), {"KEY": "canary-token-0123456789"}) == ["KEY in here"]


def test_no_appointment_is_handed_out_twice_and_none_outside_the_hours() -> None:
    friday_evening = datetime(2026, 11, 20, 21, 0, tzinfo=ZoneInfo("America/Sao_Paulo"))
    agenda = Agenda(clients.barbershop(), friday_evening)

    day = agenda.first_of_a_day()
    others = [agenda.next() for _ in range(20)]

    assert len({appointment.start for appointment in [day, *others]}) == 21
    assert all(appointment.start.date() != day.start.date() for appointment in others)
    assert all(appointment.start.date() != friday_evening.date() for appointment in others)
    closed = {("mon", "12:00"), ("tue", "12:00"), ("thu", "19:00"), ("sat", "14:00")}
    assert {(appointment.weekday, appointment.clock) for appointment in others}.isdisjoint(closed)
    assert "sun" not in {appointment.weekday for appointment in others}


def test_waiting_tells_what_was_seen_last() -> None:
    with pytest.raises(AssertionError, match="waited 0.1 s for a miracle; last seen: nothing yet"):
        until("a miracle", lambda: _refuse("nothing yet"), seconds=0.1, every=0.02)


def test_what_must_stay_is_looked_at_again() -> None:
    seen = iter([True, True, False, True])

    with pytest.raises(AssertionError, match="it stays"):
        stays("it stays", lambda: next(seen), seconds=1, every=0.01)


def test_a_failed_program_is_told_with_what_it_said() -> None:
    with pytest.raises(CommandFailed, match="exit 3\nno such thing"):
        run("sh", "-c", "echo no such thing >&2; exit 3")


def _refuse(text: str) -> bool:
    raise AssertionError(text)
