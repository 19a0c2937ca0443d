"""Many messages, each answered, and the memory afterwards."""

import os
import sqlite3
import time
from contextlib import closing

from figures.figure import Figure, figure
from figures.world import Tenant, World
from steps.progress import say
from steps.wait import until

_LAPS = 5
#: Messages a customer writes in a row: one burst, one turn, one answer.
_BURST = 10
#: Messages of a run, unless BENCH_MESSAGES says otherwise.
_MESSAGES = 100_000
#: The stand-in counts as a number without Meta's limit, so that the server is measured.
_LIMITS = {"WHATSAPP_MESSAGES_PER_SECOND": "1000"}


def flat(world: World) -> list[Figure]:
    """100,000 messages in five laps, in bursts of ten, two thousand customers a lap, each burst answered by a model that
    takes no time, with Meta's reports of what was sent and delivered. Memory after the first lap, in which buffers and
    the database's cache fill, against memory after the last."""
    total = int(os.environ.get("BENCH_MESSAGES") or _MESSAGES)
    lap = total // _LAPS
    # The load generator runs ten minutes at most.
    patience = min(60 + lap / 50, 600)
    resident = []
    with world.tenant(**_LIMITS) as tenant:
        before = counted(tenant)
        began = time.monotonic()
        for number in range(_LAPS):
            tenant.load(patience, connections=16, messages=lap, customers=lap // _BURST, burst=_BURST)
            until("all to be answered", lambda: waiting(tenant) == 0, seconds=patience, every=1)
            resident.append(tenant.served.process.resident_bytes() / 2**20)
            seconds = time.monotonic() - began
            say(f"{lap * (number + 1):,} messages answered after {seconds:.0f} s: {resident[-1]:.1f} MiB")
        messages, turns, sent = (now - then for now, then in zip(counted(tenant), before, strict=True))
    assert messages == lap * _LAPS, f"{messages} of {lap * _LAPS} messages are there"
    assert turns == sent > 0, f"{turns} turns, {sent} answers"
    return [
        figure(f"memory after {messages:,} messages", resident[-1], "MiB", baseline=resident[0], most_times=1.2),
        figure(f"messages answered, of {messages:,} in {turns:,} bursts", messages / seconds, "1/s"),
    ]


def waiting(tenant: Tenant) -> int:
    """Messages that are not answered yet."""
    return one_row(
        tenant,
        "SELECT (SELECT MAX(seq) FROM inbox) - (SELECT MAX(seq) FROM inbox_route)"
        " + (SELECT count(*) FROM conversation WHERE first_pending_us IS NOT NULL)"
        " + (SELECT count(*) FROM outbox WHERE state IN ('pending', 'sending', 'ambiguous'))",
    )[0]


def counted(tenant: Tenant) -> tuple[int, ...]:
    """Answered messages, turns with an answer, and what was sent."""
    return one_row(
        tenant,
        "SELECT (SELECT count(*) FROM inbox_route WHERE state = 'done'), (SELECT count(*) FROM turn WHERE effect = 'answer'),"
        " (SELECT count(*) FROM outbox WHERE state = 'sent')",
    )


def one_row(tenant: Tenant, sql: str) -> tuple[int, ...]:
    """Read on a connection that cannot write, while the server runs."""
    with closing(sqlite3.connect(f"file:{tenant.database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(sql).fetchone()
