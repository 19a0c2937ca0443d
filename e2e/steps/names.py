"""The cluster's service names for this process.

A story speaks to `http://client.namespace.svc/…` and `https://simulator.simulator.svc.cluster.local/…` as pods do, so
that host names, certificates and allow-lists are really in play. Name resolution is the one thing this process
borrows: in a test bed service addresses are reachable from the host; elsewhere kubectl forwards them.
"""

import socket
import subprocess
import threading
import time

from steps.cluster import Cluster
from steps.paths import tool

_resolve = socket.getaddrinfo


class ServiceNames:
    """While active, `name.namespace.svc[.cluster.local]` resolves to the Service's address."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, str], tuple[float, str]] = {}
        self._forwards: dict[tuple[str, str], Forward] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> "ServiceNames":
        socket.getaddrinfo = self._getaddrinfo
        return self

    def __exit__(self, *_: object) -> None:
        socket.getaddrinfo = _resolve
        for forward in self._forwards.values():
            forward.close()

    def forget(self, namespace: str) -> None:
        """Asks again for the Services of a namespace that is about to be filled: one that is deleted and made again
        has another address."""
        with self._lock:
            self._known = {key: known for key, known in self._known.items() if key[1] != namespace}

    def _getaddrinfo(self, host, port, *rest, **options):  # noqa: ANN001, ANN002, ANN003, ANN202 - the library's own shape
        name = host.decode() if isinstance(host, bytes) else host
        if isinstance(name, str) and (name.endswith(".svc") or name.endswith(".svc.cluster.local")):
            host = self._address(*name.split(".")[:2])
        return _resolve(host, port, *rest, **options)

    def _address(self, service: str, namespace: str) -> str:
        key = (service, namespace)
        with self._lock:
            if key in self._forwards:
                return self._forwards[key].address
            since, address = self._known.get(key, (0.0, ""))
            if time.monotonic() - since > 20:
                found = self._cluster.find("service", service, namespace)
                if found is None:
                    raise socket.gaierror(socket.EAI_NONAME, f"no Service {namespace}/{service}")
                address = found["spec"]["clusterIP"]
                self._known[key] = (time.monotonic(), address)
                if self._cluster.bed is None:
                    forward = Forward(self._cluster, service, namespace, [p["port"] for p in found["spec"]["ports"]])
                    self._forwards[key] = forward
                    return forward.address
            return address


class Forward:
    """`kubectl port-forward` of a Service on a loopback address of its own, started again whenever it ends (a
    forward dies with the pod it chose)."""

    _count = 0

    def __init__(self, cluster: Cluster, service: str, namespace: str, ports: list[int]) -> None:
        Forward._count += 1
        self.address = f"127.77.0.{Forward._count}"
        self._command = [
            tool("kubectl"), "--kubeconfig", cluster.kubeconfig, "-n", namespace, "port-forward",
            "--address", self.address, f"service/{service}", *(f"{port}:{port}" for port in ports),
        ]  # fmt: skip
        self._closed = threading.Event()
        self._process: subprocess.Popen | None = None
        threading.Thread(target=self._keep, daemon=True).start()
        self._wait(ports[0])

    def _keep(self) -> None:
        while not self._closed.is_set():
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._process.wait()
            self._closed.wait(0.3)

    def _wait(self, port: int) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                socket.create_connection((self.address, port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.2)
        raise OSError(
            f"kubectl port-forward does not listen on {self.address}:{port}; ports below 1024 need root "
            "(or sysctl net.ipv4.ip_unprivileged_port_start=0)"
        )

    def close(self) -> None:
        self._closed.set()
        if self._process is not None:
            self._process.terminate()
