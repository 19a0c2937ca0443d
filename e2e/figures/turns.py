"""How soon customers have their answer."""

import statistics
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx2

from figures.figure import Figure, figure
from figures.world import HISTORIES, Tenant, World
from steps.progress import say
from steps.wait import until

_CONVERSATIONS = 8
_ROUNDS = 5
_MODEL_MS = 800
#: A burst is over when its customer has been quiet for this long (the server's rule), in seconds.
_QUIET = 1.2
#: Between the messages of a burst, in seconds.
_APART = 0.3
#: What takes one answer of the model, and what takes two: a search of free slots and the words about it.
_QUESTION = ("Oi!", "Tudo bem?", "Vocês têm estacionamento?")
_SEARCH = ("Oi!", "Tudo bem?", "Quero um corte segunda de manhã")


def answers(world: World) -> list[Figure]:
    """Eight customers write three messages each at the same time. Their burst is over 1.2 s after their last message was
    posted; they have their answer when the Graph API has it. A round's figure is the slowest of its eight, and the median
    of the rounds counts. The baseline is what the model takes."""
    lines = []
    for times in (1, 10):
        with world.tenant(history_times=times, model_ms=_MODEL_MS) as tenant:
            for name, burst, model_calls, most in (
                ("8 conversations at once, answer after their burst", _QUESTION, 1, 1.2),
                ("the same with a search of free slots (two model calls)", _SEARCH, 2, None),
            ):
                slowest = []
                for number in range(_ROUNDS):
                    took = one_round(tenant, burst, f"{times:02}{model_calls}{number}")
                    say(f"{name}{HISTORIES[times]}: {', '.join(f'{one:.2f}' for one in sorted(took))} s")
                    slowest.append(max(took))
                model = model_calls * _MODEL_MS / 1000
                value = statistics.median(slowest)
                lines.append(figure(f"{name}{HISTORIES[times]}", value, "s", baseline=model, most=most))
    return lines


def one_round(tenant: Tenant, burst: Iterable[str], tag: str) -> list[float]:
    """Seconds from the end of each burst to its answer."""
    customers = [f"55118{tag:0>7}{n}" for n in range(_CONVERSATIONS)]

    def write(customer: str) -> None:
        with httpx2.Client(base_url=tenant.vendors, timeout=30) as client:
            for number, text in enumerate(burst):
                time.sleep(_APART if number else 0)
                message = {"phone_number_id": tenant.number, "from": customer, "name": "Carla", "text": text}
                said = client.post("/_sim/say", json=message).json()
                assert said["status"] == 200, said

    with ThreadPoolExecutor(_CONVERSATIONS) as pool:
        list(pool.map(write, customers))

    def answered() -> dict[str, Any] | None:
        state = httpx2.get(f"{tenant.vendors}/_sim/state", timeout=30).json()
        sent = [message for message in state["messages"] if message["to"] in customers]
        return state if len(sent) >= _CONVERSATIONS else None

    # Asked rarely: what is asked costs the processors that answer.
    time.sleep(_QUIET + _MODEL_MS / 1000)
    state = until("eight answers", answered, seconds=30, every=0.5)
    last = {said["from"]: instant(said["at"]) for said in state["said"]}
    sent = {message["to"]: instant(message["at"]) for message in state["messages"]}
    return [sent[customer] - last[customer] - _QUIET for customer in customers]


def instant(text: str) -> float:
    """Seconds since 1970; Python reads microseconds, the stand-ins write nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
