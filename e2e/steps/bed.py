"""The cluster a run works on: a test bed of its own, or the one it is told of."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from steps.cluster import Cluster
from steps.paths import CACHE, TESTBED
from steps.progress import say
from steps.shell import run

BEDS = CACHE / "testbed" / "beds"


class DidNotStart(Exception):
    """The test bed did not come up; it has said why."""

    def __init__(self, name: str) -> None:
        super().__init__(f"testbed up --size node --name {name} failed; what it said is above")


def start(name: str) -> Cluster:
    """A node bed of this name, started unless it runs already. What the test bed says goes to the terminal. From then
    on SIGTERM ends the run like Ctrl-C does, so that the bed is taken down then, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"starting a node (test bed {name})")
    done = subprocess.run(
        [str(TESTBED), "up", "--size", "node", "--name", name],
        stdout=subprocess.PIPE,
        stderr=sys.__stderr__,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        print(done.stdout, file=sys.__stdout__, flush=True)
        raise DidNotStart(name)
    kubeconfig = next(
        line.removeprefix("kubeconfig: ").strip()
        for line in reversed(done.stdout.splitlines())
        if line.startswith("kubeconfig: ")
    )
    return Cluster(kubeconfig, bed=name)


def stop(name: str) -> None:
    """Ends a bed and everything in it."""
    say(f"ending test bed {name}")
    run(TESTBED, "down", "--name", name, seconds=180)


def given() -> Cluster | None:
    """The cluster of MCP_TEST_KUBECONFIG. A bed somebody started with `testbed up` is recognised by its place."""
    kubeconfig = os.environ.get("MCP_TEST_KUBECONFIG")
    if not kubeconfig:
        return None
    path = Path(kubeconfig).resolve()
    bed = path.relative_to(BEDS.resolve()).parts[0] if path.is_relative_to(BEDS.resolve()) else None
    return Cluster(kubeconfig, bed=bed)


def running(name: str) -> Cluster | None:
    """A bed of this name that was started earlier."""
    kubeconfig = BEDS / name / "kubeconfig"
    return Cluster(str(kubeconfig), bed=name) if kubeconfig.exists() else None


def audit_log(cluster: Cluster) -> Path:
    """The API server's audit log, one JSON object per line."""
    if cluster.bed is None:
        raise LookupError("only a test bed's audit log can be read")
    return BEDS / cluster.bed / "audit.log"
