"""What a business already has in its database: written in one go, because having it come about would take days.

The small history is a barbershop's first half year; ten times of it are its first six years, with ten times the
customers. The coming weeks are booked by half in both.
"""

import functools
import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

#: Customers of the small history; the load's first thousand are among them.
CUSTOMERS = 1_000
#: Messages each customer has written, all answered.
MESSAGES = 20
#: Past bookings of the small history.
BOOKINGS = 5_000
#: Days ahead of which every second slot is taken.
AHEAD = 60
_STAFF = ("ana", "rui")
#: When a visit begins, in minutes of a day in UTC: 9 to 12 and 13 to 19 in São Paulo, 45 minutes each.
_SLOTS = [12 * 60 + 45 * n for n in range(4)] + [16 * 60 + 45 * n for n in range(8)]
_VISIT = 45 * 60 * 1_000_000
_DAY = 86_400 * 1_000_000
#: The stand-in's account, which its users' ids are made of.
_BUSINESS = "102290129340398"


def seed(database: Path, times: int) -> None:
    """Fills a migrated SQLite database with `times` the small history."""
    with closing(sqlite3.connect(database)) as connection:
        # Nothing is lost that could not be written again.
        connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;")
        with connection:
            for statement, rows in _tables(times):
                connection.executemany(statement, rows)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def counts(times: int) -> str:
    """For people."""
    customers = CUSTOMERS * times
    return f"{customers:,} customers, {customers * MESSAGES:,} messages, {BOOKINGS * times:,} past bookings"


Rows = Iterator[tuple]


def _tables(times: int) -> Iterator[tuple[str, Rows]]:
    now = int(time.time()) * 1_000_000
    customers = range(1, CUSTOMERS * times + 1)
    yield _insert("customer", "id, user_id, phone, wa_id, name, created_us"), (
        (n, _user_id(_phone(n)), f"+{_phone(n)}", _phone(n), "Carga", now - 400 * _DAY) for n in customers
    )
    yield _insert("conversation", "id, customer_id, window_until_us, language, epoch"), (
        (n, n, now - 2 * _DAY, "pt-BR", MESSAGES) for n in customers
    )
    yield from _talk(times, now)
    yield from _bookings(times, now)


def _talk(times: int, now: int) -> Iterator[tuple[str, Rows]]:
    customers = CUSTOMERS * times
    # In the order in which they arrived: everybody's first message, everybody's second one, and so on.
    messages = range(1, customers * MESSAGES + 1)
    by = {n: (n - 1) % customers + 1 for n in messages}

    def at(n: int) -> int:
        return now - 300 * _DAY + n * (290 * _DAY // (customers * MESSAGES))

    def words(n: int) -> str:
        return f"mensagem {n}: tem horário na quinta de manhã para um corte?"

    def raw(n: int) -> str:
        message = {"from": _phone(by[n]), "from_user_id": _user_id(_phone(by[n])), "id": _wamid(n), "type": "text"}
        return json.dumps(message | {"text": {"body": words(n)}, "timestamp": str(at(n) // 1_000_000)})

    def content(role: str, text: str) -> str:
        return json.dumps({"parts": [{"text": text}], "role": role}, ensure_ascii=False)

    answer = "Tenho estes horários na quinta-feira: 09:00, 09:15 e 09:30. Qual prefere?"
    yield _insert("inbox", "seq, id_key, id, user_id, wa_id, name, kind, body, raw_json, sent_us, received_us"), (
        (n, _key(_wamid(n)), _wamid(n), _user_id(_phone(by[n])), _phone(by[n]), "Carga", "text", words(n), raw(n), at(n), at(n))
        for n in messages
    )
    yield _insert("inbox_route", "seq, conversation_id, state"), ((n, by[n], "done") for n in messages)
    yield _insert("history", "conversation_id, content_json"), (
        (by[n], content(role, text)) for n in messages for role, text in (("user", words(n)), ("model", answer))
    )
    yield _insert("turn", "conversation_id, epoch, attempt, effect, messages, committed_us"), (
        (by[n], (n - 1) // customers + 1, 1, "answer", 1, at(n) + 2_000_000) for n in messages
    )
    body = json.dumps({"text": {"body": answer}, "type": "text"}, ensure_ascii=False)
    yield (
        _insert(
            "outbox",
            "id, conversation_id, kind, body_json, state, epoch, attempts, due_us, wamid, created_us, sent_us, delivered_us",
        ),
        ((f"{n:032x}", by[n], "answer", body, "sent", 2, 1, at(n), f"out-{n}", at(n), at(n), at(n)) for n in messages),
    )
    yield _insert("delivery_status", "id_key, wamid, status, outbox_id, at_us"), (
        (_key(f"out-{n}/{status}"), f"out-{n}", status, f"{n:032x}", at(n))
        for n in messages
        for status in ("sent", "delivered")
    )


def _bookings(times: int, now: int) -> Iterator[tuple[str, Rows]]:
    rows = list(_visits(times, now))
    yield (
        _insert(
            "booking",
            "id, reference, customer_id, customer_name, items_json, start_us, end_us, currency, state, created_us,"
            " changed_us, mirrored_revision",
        ),
        (
            (f"{n:032x}", f"H{n:06}", customer, "Carga", _items(staff, start), start, start + _VISIT, "BRL", state,
             start - 3 * _DAY, start - 3 * _DAY, 1)
            for n, customer, staff, start, state in rows
        ),
    )  # fmt: skip
    yield _insert("occupation", "booking_id, lane, from_us, to_us, share, pinned, standing"), (
        (f"{n:032x}", f"staff:{staff}", start, start + _VISIT, f"{n:032x}", 1, int(state == "confirmed"))
        for n, _, staff, start, state in rows
    )
    yield _insert("reminder", "booking_id, due_us, state, attempts, not_before_us"), (
        (f"{n:032x}", start - _DAY, "sent", 1, start - _DAY) for n, _, _, start, state in rows if state == "completed"
    )
    # A chain in form only: nobody verifies a database that is made for measuring.
    yield _insert("audit", "seq, at_us, actor, action, subject, previous, hash"), (
        (n, start - 3 * _DAY, f"customer:{customer}", "booking.book", f"booking:{n:032x}", f"{n - 1:064x}", f"{n:064x}")
        for n, customer, _, start, _ in rows
    )


def _visits(times: int, now: int) -> Iterator[tuple[int, int, str, int, str]]:
    """Number, customer, who does it, begin, state; no two at once with one person."""
    today = datetime.fromtimestamp(now / 1e6, timezone.utc).date()
    days = -(-BOOKINGS * times // (len(_STAFF) * len(_SLOTS)))
    n = 0
    for day in range(-days, AHEAD):
        for slot, minute in enumerate(_SLOTS):
            for staff in _STAFF:
                if day == 0 or (day > 0 and slot % 2):
                    continue
                n += 1
                yield n, n % (CUSTOMERS * times) + 1, staff, _micros(today, day, minute), "confirmed" if day > 0 else "completed"


def _micros(today: date, day: int, minute: int) -> int:
    at = datetime(today.year, today.month, today.day, tzinfo=timezone.utc) + timedelta(days=day, minutes=minute)
    return int(at.timestamp()) * 1_000_000


def _items(staff: str, start: int) -> str:
    def instant(us: int) -> str:
        return datetime.fromtimestamp(us / 1e6, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    service = {"service_id": "corte", "service_name": "Corte", "price_cents": 8000}
    who = {"staff_id": staff, "staff_name": staff.title()}
    return json.dumps([service | who | {"start": instant(start), "end": instant(start + _VISIT)}])


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(columns.split(',')))})"


def _phone(customer: int) -> str:
    """As the load generator numbers them, from zero."""
    return f"55119{customer - 1:08}"


@functools.cache
def _user_id(phone: str) -> str:
    """As the stand-in makes them (`simulator/src/webhook/payload.rs`)."""
    number = int.from_bytes(hashlib.sha256(f"{_BUSINESS}/{phone}".encode()).digest()[:7])
    return f"BR.{number % 10**16:016}"


def _wamid(n: int) -> str:
    return f"wamid.history{n:020}"


def _key(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)
