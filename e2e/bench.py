"""`make bench`: what the platform costs, beside a floor or a target measured or counted in the same run.

Writes a list of {name, value, unit, baseline, ratio, target, holds} to $BENCH_OUT (default: bench.json in cargo's
target folder) and prints it as a table. `ratio` is value / baseline. BENCH_CLUSTER=no leaves out what needs a node.
Ends with 1 when a target does not hold.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from steps import audit, bed, clients, credentials, operator, server
from steps.images import PROGRAMS
from steps.paths import CARGO_TARGET, IMAGE_ARCHIVES
from steps.progress import say
from steps.shell import run
from steps.stand import standing
from steps.tenant import Tenant
from steps.wait import until

#: Seconds of load per measurement.
_LOAD_SECONDS = 5
#: How long the operator is watched while nothing changes.
_IDLE_SECONDS = 60
#: Reconciles that find nothing to do. What the operator's resync costs is what these cost: it is the same reconcile.
_TOUCHES = 5


@dataclass
class Figure:
    """One line of the table. `target` is a bound on `ratio` when there is a baseline, else on `value`; a line without
    one is for information."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    target: str | float | None
    holds: bool | None


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
    baseline: float | None = None,
) -> Figure:
    """A line that holds when the ratio (or the value, without a baseline) is at least or at most the target."""
    ratio = None if baseline is None else value / baseline
    seen = value if ratio is None else ratio
    holds = (least is None or seen >= least) and (most is None or seen <= most)
    target = f"≥ {least:g}" if least is not None else f"≤ {most:g}"
    return Figure(name, round(value, 4), unit, baseline and round(baseline, 4), ratio and round(ratio, 3), target, holds)


def webhook_rate(folder: Path, given: credentials.Credentials, vendors: str) -> list[Figure]:
    """Acknowledged webhooks per second against single-row commits per second, on the same disk and in turns, so that
    a busy moment of the machine hits both."""
    floors, rates, latencies = [], [], []
    for turn in range(3):
        at = folder / f"turn-{turn}"
        at.mkdir()
        floors.append(json.loads(run(floor_program(), at / "floor.db", str(_LOAD_SECONDS)))["rate"])
        with server.server(at, given, vendors) as served:
            seen = server.load(served.url, given, connections=32, seconds=_LOAD_SECONDS)
            assert seen["ok"] == seen["requests"], f"not every webhook was acknowledged: {seen}"
        rates.append(seen["rate"])
        latencies.append(seen["p99_ms"])
    return [
        figure("webhook acknowledgements", statistics.median(rates), "1/s", baseline=statistics.median(floors), least=0.8),
        figure("webhook acknowledgement p99", statistics.median(latencies), "ms", most=250),
    ]


def footprint(folder: Path, given: credentials.Credentials, vendors: str) -> list[Figure]:
    """Memory of an idle server and its time to the first answer, beside Python's http.server."""
    ours, theirs, memory, their_memory = [], [], 0, 0
    for turn in range(5):
        at = folder / f"start-{turn}"
        at.mkdir()
        with server.server(at, given, vendors) as served:
            ours.append(served.start_seconds)
            time.sleep(1)
            memory = served.process.resident_bytes()
        port = server.free_port()
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(at), str(port)]
        with server.started(command, f"http://127.0.0.1:{port}/profile.yaml") as python:
            theirs.append(python.start_seconds)
            their_memory = python.process.resident_bytes()
    return [
        figure("idle memory of a tenant", memory / 1e6, "MB", baseline=their_memory / 1e6, most=1),
        figure("start to first 200", statistics.median(ours) * 1e3, "ms", baseline=statistics.median(theirs) * 1e3, most=1),
    ]


def image_sizes() -> list[Figure]:
    """The archives as they are loaded."""
    return [
        figure(f"image {program}", (IMAGE_ARCHIVES / f"{program}.tar").stat().st_size / 1e6, "MB", most=15)
        for program in PROGRAMS
    ]


def api_requests() -> list[Figure]:
    """What a tenant costs the API server, counted in its audit log."""
    name = f"bench-{os.getpid()}"
    cluster = bed.start(name)
    try:
        with standing(cluster) as stand:
            tenant = stand.add(clients.deletes_its_data(clients.another("bench", "300000000000001")))
            created = audit.writes_for(cluster, tenant)
            children = [line for line in created if " mcpclients/" not in line]
            time.sleep(10)
            calm = time.time()
            say(f"nothing changes for {_IDLE_SECONDS} s")
            time.sleep(_IDLE_SECONDS)
            idle = audit.requests_since(cluster, calm)
            say(f"{_TOUCHES} reconciles that find nothing to do")
            calm = time.time()
            touch(tenant)
            unchanged = audit.requests_since(cluster, calm)
        for kind, lines in (("create", created), ("idle", idle), ("reconcile without change", unchanged)):
            for line in sorted(lines):
                say(f"{kind}: {line}")
        return [
            figure("API writes to create a tenant's objects", len(children), "requests", most=16),
            figure("API writes of a new client's status", len(created) - len(children), "requests", most=8),
            figure("API requests while idle", len(idle), "requests", most=0),
            figure("API requests of reconciles without change", len(unchanged), "requests", most=0),
        ]
    finally:
        bed.stop(name)


def touch(tenant: Tenant) -> None:
    """Has the operator look at a client again and again although nothing it acts on has changed."""
    for turn in range(_TOUCHES):
        before = operator.reconciles(tenant.cluster)
        mark = {"metadata": {"annotations": {"example.com/turn": str(turn)}}}
        tenant.cluster.patch("mcpclient", tenant.name, tenant.agency, mark)
        until("a reconcile", lambda seen=before: operator.reconciles(tenant.cluster) > seen, seconds=15)


def floor_program() -> Path:
    """The example of the SQLite store that only commits."""
    return server.image_program("examples") / "commit_floor"


def measured_by(example: str) -> list[Figure]:
    """What a program that measures one part alone prints, in the same form."""
    return [Figure(**line) for line in json.loads(run(server.image_program("examples") / example, seconds=600))]


def main() -> int:
    given = credentials.fresh("bench")
    figures: list[Figure] = []
    # Not in /tmp, which may be memory: commits are to reach the disk that cargo's target is on.
    with tempfile.TemporaryDirectory(dir=CARGO_TARGET) as name, server.simulator() as vendors:
        folder = Path(name)
        say("acknowledging webhooks, and the floor")
        figures += webhook_rate(folder, given, vendors)
        say("memory and start")
        figures += footprint(folder, given, vendors)
    for example in ("bench_slots", "bench_store"):
        say(example)
        figures += measured_by(example)
    figures += image_sizes()
    if os.environ.get("BENCH_CLUSTER") != "no":
        figures += api_requests()

    out = Path(os.environ.get("BENCH_OUT") or CARGO_TARGET / "bench.json")
    out.write_text(json.dumps([asdict(line) for line in figures], indent=2, ensure_ascii=False) + "\n")
    print(f"\n{'':58}{'value':>12} {'unit':14}{'baseline':>12}{'ratio':>9}  target")
    for line in figures:
        baseline = "" if line.baseline is None else f"{line.baseline:.2f}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        verdict = {True: "holds", False: "MISSED", None: ""}[line.holds]
        print(f"{line.name:58}{line.value:12.2f} {line.unit:14}{baseline:>12}{ratio:>9}  {line.target or '':8} {verdict}")
    print(f"\n{out}")
    return 1 if any(line.holds is False for line in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
