"""How fast a webhook is acknowledged, which is when its messages are on the disk."""

import json
import statistics

from figures.figure import Figure, figure
from figures.world import HISTORIES, World
from steps import server
from steps.progress import say
from steps.shell import run

#: Seconds of load per measurement.
_SECONDS = 5
#: Seconds at a fixed rate: some three thousand messages, thirty of which are slower than the 99th percentile.
_STEADY_SECONDS = 15
#: Messages a second that a busy tenant gets.
_RATE = 200
_TURNS = 3
#: How long a good model takes, and one that is hardly there. The server gives up after 18 s and lets the menu answer.
_MODEL_MS, _SLOW_MODEL_MS = 800, 20_000


def rate(world: World) -> list[Figure]:
    """Acknowledged webhooks per second with 32 connections, against single-row commits per second one after the other,
    on the same disk and in turns, so that a busy moment of the machine hits both."""
    lines = []
    for times in (1, 10):
        floors, rates, latencies = [], [], []
        for turn in range(_TURNS):
            floors.append(floor(world)["rate"])
            with world.tenant(history_times=times, patient=False) as tenant:
                seen = tenant.load(_SECONDS, connections=32)
            say(f"acknowledgements{HISTORIES[times]}, turn {turn + 1}: {seen['rate']:.0f}/s, floor {floors[-1]:.0f}/s")
            rates.append(seen["rate"])
            latencies.append(seen["p99_ms"])
        lines += [
            figure(
                f"webhook acknowledgements{HISTORIES[times]}", statistics.median(rates), "1/s",
                baseline=statistics.median(floors), least=0.8,
            ),
            figure(f"webhook acknowledgement p99{HISTORIES[times]}", statistics.median(latencies), "ms", most=250),
        ]  # fmt: skip
    return lines


def steady(world: World) -> list[Figure]:
    """The slowest of a hundred acknowledgements at 200 messages a second, sent at fixed instants and counted from them,
    whether the one before was answered or not; and the same while the model takes 20 s. Beside it what the slowest of a
    hundred commits takes at that rate. Turns go on meanwhile; the median of three runs counts."""
    lines = []
    for times in (1, 10):
        floors, usual, slow = [], [], []
        for turn in range(_TURNS):
            floors.append(floor(world, _RATE)["p99_ms"])
            for model, seen in ((_MODEL_MS, usual), (_SLOW_MODEL_MS, slow)):
                with world.tenant(history_times=times, model_ms=model, patient=False) as tenant:
                    loaded = tenant.load(_STEADY_SECONDS, rate=_RATE)
                assert loaded["requests"] == _RATE * _STEADY_SECONDS, f"the load could not keep its rate: {loaded}"
                seen.append(loaded["p99_ms"])
            say(f"{_RATE}/s{HISTORIES[times]}, turn {turn + 1}: p99 {usual[-1]:.1f} ms, slow model {slow[-1]:.1f} ms")
        p99 = statistics.median(usual)
        name = f"webhook acknowledgement p99 at {_RATE}/s"
        lines += [
            figure(f"{name}{HISTORIES[times]}", p99, "ms", baseline=statistics.median(floors), most=10),
            figure(
                f"{name} while the model takes 20 s{HISTORIES[times]}", statistics.median(slow), "ms",
                baseline=p99, most_times=1.25,
            ),
        ]  # fmt: skip
    return lines


def floor(world: World, per_second: int | None = None) -> dict[str, float]:
    """The example of the SQLite store that only commits."""
    file = world.empty("floor") / "floor.db"
    program = server.image_program("examples") / "commit_floor"
    seconds = _SECONDS if per_second is None else _STEADY_SECONDS
    said = run(program, file, str(seconds), *([] if per_second is None else [str(per_second)]), seconds=seconds + 30)
    return json.loads(said)
