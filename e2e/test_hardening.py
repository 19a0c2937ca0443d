"""The running process has no more rights than it needs: read from the kernel, not from the pod's spec."""

import httpx2
import pytest

from steps import operator, process
from steps.cluster import Cluster
from steps.tenant import Tenant


def is_confined(confined: process.Process) -> None:
    """No root, no capability, no way to get any, a system call filter, a root nobody can write to."""
    status = confined.status()
    assert "0" not in status["Uid"].split() and "0" not in status["Gid"].split(), status["Uid"]
    for kind in ("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd"):
        assert int(status[kind], 16) == 0, f"{kind} {status[kind]}"
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert "ro" in confined.root_mount_options()


@pytest.mark.on_bed
def test_the_servers_process_is_confined(barbershop: Tenant) -> None:
    is_confined(barbershop.process())


@pytest.mark.on_bed
def test_the_operators_process_is_confined(barbershop: Tenant, cluster: Cluster) -> None:
    found = process.of_pod(operator.pod(cluster)["metadata"]["uid"], "/mcp-operator")
    assert found is not None
    is_confined(found)


@pytest.mark.on_bed
def test_the_server_has_no_credentials_for_kubernetes(barbershop: Tenant) -> None:
    server = barbershop.process()

    assert server.sees("/mcp-server")
    assert not server.sees("/var/run/secrets")


def test_the_tenants_namespace_enforces_the_restricted_standard(barbershop: Tenant) -> None:
    labels = barbershop.cluster.get("namespace", barbershop.namespace)["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_internal_listener_is_in_no_service(barbershop: Tenant) -> None:
    ports = [port for service in barbershop.cluster.list("services", barbershop.namespace) for port in service["spec"]["ports"]]

    assert {(port["port"], port["targetPort"]) for port in ports} <= {(80, 8000), (80, "http"), (80, "public")}
    for path in ("/metrics", "/status", "/readyz"):
        assert httpx2.get(f"{barbershop.url}{path}", timeout=5).status_code == 404


@pytest.mark.on_bed
def test_the_internal_listener_tells_its_state(barbershop: Tenant) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/status"):
        assert barbershop.internal(path).status_code == 200, path
