"""What the operator costs that has nothing to do: memory, start."""

import http.client
import os
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from figures.figure import Figure, figure
from figures.world import World
from steps import bed, clients, operator, process, server
from steps.cluster import Cluster, Object
from steps.paths import tool
from steps.process import Process
from steps.progress import say
from steps.shell import run
from steps.stand import Stand, standing
from steps.wait import until

#: How many clients the second half of the figures is of, each with a server that runs.
_CLIENTS = 10
_STARTS = 5
#: Seconds without news after which the operator counts as idle.
_SETTLED = 20


def idle(world: World) -> list[Figure]:
    """Resident memory of the operator that leads, beside that of the cluster's own scheduler, which follows the cluster
    in the same way; and the time from starting the program to the moment at which it leads and has seen everything,
    beside one question of kubectl's to the same API server."""
    name = f"bench-operator-{os.getpid()}"
    cluster = bed.start(name)
    try:
        with standing(cluster) as stand:
            return list(_with(0, cluster, stand, world)) + list(_with(_CLIENTS, cluster, stand, world))
    finally:
        bed.stop(name)


def _with(count: int, cluster: Cluster, stand: Stand, world: World) -> Iterator[Figure]:
    # One after the other: how a cluster gets its clients is no matter of this figure.
    for number in range(count):
        stand.add(clients.another(f"bench-{number}", f"30000000000{number:04}"))
    time.sleep(_SETTLED)
    resident = _program(cluster).resident_bytes() / 2**20
    scheduler = _of_the_bed(cluster, "kube-scheduler").resident_bytes() / 2**20
    with _without_pods(cluster):
        starts = [_start(cluster, world) for _ in range(_STARTS)]
        asked = [_ask(cluster) for _ in range(_STARTS)]
    say(f"starts with {count} clients: {', '.join(f'{one:.0f}' for one in starts)} ms")
    yield figure(f"idle memory of the operator, {count} clients", resident, "MiB", baseline=scheduler, most=20)
    yield figure(
        f"start of the operator until it leads, {count} clients", statistics.median(starts), "ms",
        baseline=statistics.median(asked), most=200,
    )  # fmt: skip


def _program(cluster: Cluster) -> Process:
    uid = operator.pod(cluster)["metadata"]["uid"]
    return until("the operator's process", lambda: process.of_pod(uid, "/mcp-operator"), seconds=40)


def _of_the_bed(cluster: Cluster, program: str) -> Process:
    """A daemon of the test bed."""
    kubeconfigs = str(bed.BEDS / (cluster.bed or ""))
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if Path(words[0]).name == program and any(kubeconfigs in word for word in words):
            return process.of_pid(int(entry.name))
    raise LookupError(f"no {program} runs for test bed {cluster.bed}")


@contextmanager
def _without_pods(cluster: Cluster) -> Iterator[None]:
    """Inside of the block no operator runs in the cluster, and its lease is free."""
    before = cluster.get("deployment", "mcp-operator", operator.NAMESPACE)["spec"]["replicas"]
    _scale(cluster, 0)
    until("the operator's pods to go", lambda: not cluster.list("pods", operator.NAMESPACE), seconds=90)
    try:
        yield
    finally:
        _scale(cluster, before)
        cluster.wait_for_deployment(operator.NAMESPACE, "mcp-operator")


def _scale(cluster: Cluster, replicas: int) -> None:
    cluster.kubectl("scale", "deployment/mcp-operator", "-n", operator.NAMESPACE, f"--replicas={replicas}")


def _start(cluster: Cluster, world: World) -> float:
    """Milliseconds until the program, started on this machine with the settings of its pod, leads and is ready. While it
    stands by it is ready as well, so both are asked for."""
    probes = server.free_port()
    env = _settings(cluster, world) | {
        "KUBECONFIG": cluster.kubeconfig,
        "POD_NAME": f"bench-{probes}",
        "LISTEN_PROBES": f"127.0.0.1:{probes}",
        "LISTEN_ASLEEP": f"127.0.0.1:{server.free_port()}",
    }
    command = [str(server.image_program("mcp-operator")), "run"]
    begun = time.monotonic()
    with server.started(command, f"http://127.0.0.1:{probes}/healthz", env):
        until("the operator to lead", lambda: _leads(probes), seconds=60, every=0.001)
        return (time.monotonic() - begun) * 1e3


def _leads(port: int) -> bool:
    if not re.search(rb"^mcp_operator_leading 1$", _page(port, "/metrics")[1], re.MULTILINE):
        return False
    return _page(port, "/readyz")[0] == 200


def _page(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _settings(cluster: Cluster, world: World) -> dict[str, str]:
    """The variables of the operator's pod, and the authority it is given as a file."""
    deployment: Object = cluster.get("deployment", "mcp-operator", operator.NAMESPACE)
    env = {one["name"]: one["value"] for one in deployment["spec"]["template"]["spec"]["containers"][0]["env"] if "value" in one}
    authority = world.folder / "operator-ca.crt"
    authority.write_text(cluster.get("configmap", "mcp-operator-extra-ca", operator.NAMESPACE)["data"]["ca.crt"])
    return env | {"EXTRA_CA_FILE": str(authority)}


def _ask(cluster: Cluster) -> float:
    """Milliseconds of one question to the API server, from the start of a program to its end."""
    begun = time.monotonic()
    run(tool("kubectl"), "--kubeconfig", cluster.kubeconfig, "get", "--raw", "/readyz")
    return (time.monotonic() - begun) * 1e3
