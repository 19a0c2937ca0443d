"""The operator, installed as a user installs it: by Helm."""

import json
import re
import tempfile
from pathlib import Path

import httpx2

from steps import images, simulator
from steps.cluster import Cluster, Object
from steps.paths import CHART, tool
from steps.progress import say
from steps.shell import CommandFailed, run

RELEASE = "mcp-platform"
NAMESPACE = "mcp-platform"


def install(cluster: Cluster, *, authority: str, agencies: list[str]) -> None:
    """Installs or upgrades the chart so that third parties are the simulator, and waits for the operator."""
    # Tenants call the simulator and are called by it; a cluster that enforces policies lets nobody else through.
    around = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "simulator"}}}]
    values = {
        "image": images.value("mcp-operator"),
        "server": {"image": images.value("mcp-server")},
        "agencies": agencies,
        # What a server knows is to be in the status soon.
        "probeInterval": 2,
        "endpoints": {
            "whatsappGraphBase": f"{simulator.URL}/v26.0",
            "geminiBase": simulator.URL,
            "googleCalendarBase": f"{simulator.URL}/calendar/v3",
            "googleTokenUrl": f"{simulator.URL}/token",
            "extraCa": authority,
        },
        "network": {"ingress": around, "extraEgress": [{"to": around}]},
    }
    say("installing the operator by Helm")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        try:
            wait = ["--wait", "--timeout", "120s"]
            helm(cluster, "upgrade", "--install", RELEASE, CHART, "--create-namespace", "--values", file.name, *wait)
        except CommandFailed as failure:
            raise AssertionError(f"{failure}\n{cluster.describe_pods(NAMESPACE)}") from None


def uninstall(cluster: Cluster) -> None:
    """Removes the release; the CRDs and what clients own stay, as the chart promises."""
    helm(cluster, "uninstall", RELEASE, "--ignore-not-found", "--wait")


def helm(cluster: Cluster, *words: str | Path) -> str:
    """Helm on this cluster, in the operator's namespace, with no folders of the user."""
    with tempfile.TemporaryDirectory() as home:
        env = {"HOME": home, "PATH": "/usr/bin:/bin", "KUBECONFIG": cluster.kubeconfig}
        return run(tool("helm"), *words, "--namespace", NAMESPACE, seconds=180, env=env)


def pod(cluster: Cluster) -> Object:
    """The pod of the operator that leads."""
    leader = cluster.get("lease", "mcp-operator", NAMESPACE)["spec"]["holderIdentity"]
    return cluster.get("pod", leader, NAMESPACE)


def reconciles(cluster: Cluster) -> int:
    """How often the operator has come to the end of a reconcile. Only from a test bed's host."""
    page = httpx2.get(f"http://{pod(cluster)['status']['podIP']}:8080/metrics", timeout=5).text
    counted = re.search(r'^mcp_operator_reconciles_total\{result="ok"\} (\d+)$', page, re.MULTILINE)
    assert counted, page
    return int(counted[1])
