"""`make bench`: what the platform costs, beside a floor or a target measured or counted in the same run.

Writes a list of {name, value, unit, baseline, ratio, target, holds} to $BENCH_OUT (default: bench.json in cargo's
target folder) and prints it as a table. `ratio` is value / baseline. BENCH_ONLY=acks,turns takes these parts alone (an
unknown one lists them all); BENCH_CLUSTER=no leaves out what needs a node; BENCH_MESSAGES is how many messages the
endurance part sends. Ends with 1 when a target does not hold.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from figures import acks, cluster, endurance, footprint, operator, postgres, turns
from figures.figure import Figure, table
from figures.world import World
from steps import credentials, server
from steps.paths import CARGO_TARGET
from steps.progress import say
from steps.shell import run


def measured_by(example: str) -> Callable[[World], list[Figure]]:
    """What a program that measures one part alone prints, in the same form."""

    def part(_: World) -> list[Figure]:
        return [Figure(**line) for line in json.loads(run(server.image_program("examples") / example, seconds=600))]

    return part


#: In the order in which they are measured.
PARTS: dict[str, Callable[[World], list[Figure]]] = {
    "acks": acks.rate,
    "steady": acks.steady,
    "postgres": postgres.rate,
    "turns": turns.answers,
    "idle": footprint.idle,
    "sizes": footprint.sizes,
    "endurance": endurance.flat,
    "slots": measured_by("bench_slots"),
    "store": measured_by("bench_store"),
    "cluster": cluster.api_requests,
    "operator": operator.idle,
}


def chosen() -> list[str]:
    """The parts of this run."""
    only = [part for part in os.environ.get("BENCH_ONLY", "").replace(" ", "").split(",") if part]
    unknown = [part for part in only if part not in PARTS]
    if unknown:
        sys.exit(f"bench: BENCH_ONLY has no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    parts = [part for part in PARTS if part in only or not only]
    return [part for part in parts if part not in ("cluster", "operator") or os.environ.get("BENCH_CLUSTER") != "no"]


def main() -> int:
    parts = chosen()
    figures: list[Figure] = []
    # Not in /tmp, which may be memory: commits are to reach the disk that cargo's target is on.
    with tempfile.TemporaryDirectory(dir=CARGO_TARGET) as name:
        world = World(Path(name), credentials.fresh("bench"))
        for part in parts:
            say(f"part {part}")
            began = time.monotonic()
            figures += PARTS[part](world)
            say(f"part {part} took {time.monotonic() - began:.0f} s")

    out = Path(os.environ.get("BENCH_OUT") or CARGO_TARGET / "bench.json")
    out.write_text(json.dumps([asdict(line) for line in figures], indent=2, ensure_ascii=False) + "\n")
    print(f"\n{table(figures)}\n\n{out}")
    return 1 if any(line.holds is False for line in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
