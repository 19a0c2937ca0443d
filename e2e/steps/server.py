"""One server and the vendors' stand-ins as plain processes on this machine's loopback: no cluster, for measuring."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from steps import clients
from steps.credentials import Credentials
from steps.paths import CARGO_TARGET, IMAGE_PROFILE
from steps.process import Process
from steps.shell import run
from steps.wait import until


@dataclass(frozen=True)
class Served:
    """A running server."""

    url: str
    process: Process
    #: From the start of the program to its first 200.
    start_seconds: float
    #: The listener for kubelet, Prometheus and the operator, where there is one.
    internal: str = ""


def image_program(name: str) -> Path:
    """A program as it is in its image."""
    host = next(line[6:] for line in run("rustc", "-vV").splitlines() if line.startswith("host: "))
    return CARGO_TARGET / host / IMAGE_PROFILE / name


@contextmanager
def simulator(tls: Path | None = None) -> Iterator[str]:
    """The simulator's URL; over TLS with the `tls.crt` and `tls.key` of a folder, which are localhost's."""
    port = free_port()
    command = [str(image_program("mcp-simulator")), "serve", "--listen", f"127.0.0.1:{port}", "--keep", "500"]
    origin = f"http://127.0.0.1:{port}"
    if tls:
        command += ["--tls-cert", str(tls / "tls.crt"), "--tls-key", str(tls / "tls.key")]
        origin = f"https://localhost:{port}"
    with started(command, f"{origin}/_sim/holds"):
        yield origin


@contextmanager
def server(
    folder: Path,
    given: Credentials,
    vendors: str,
    *,
    patient: bool = True,
    command: Sequence[str] | None = None,
    **settings: str,
) -> Iterator[Served]:
    """The example's server with the database in `folder`, a new one where there is none. `settings` are variables
    beside the usual ones; a server that is not given patience is killed at the end, whatever it is doing. `command`
    runs it in another way than by itself."""
    client = clients.barbershop()
    environment = client["spec"]["environments"][0]
    profile = folder / "profile.yaml"
    profile.write_text(yaml.safe_dump(client["spec"]["profile"], allow_unicode=True))
    key = run("openssl", "genpkey", "-algorithm", "ed25519")
    public, internal = free_port(), free_port()
    env = given.values | {
        "PROFILE_PATH": str(profile),
        "DATABASE_URL": f"sqlite://{folder}/tenant.db",
        "LISTEN_PUBLIC": f"127.0.0.1:{public}",
        "LISTEN_INTERNAL": f"127.0.0.1:{internal}",
        "PUBLIC_URL": f"http://127.0.0.1:{public}",
        "CLIENT_NAME": client["metadata"]["name"],
        "ENVIRONMENT": "production",
        "ALLOWED_HOSTS": "127.0.0.1",
        "WHATSAPP_PHONE_NUMBER_ID": environment["whatsapp"]["phoneNumberId"],
        "WHATSAPP_GRAPH_BASE": f"{vendors}/v26.0",
        "GEMINI_BASE": vendors,
        "GOOGLE_CALENDAR_BASE": f"{vendors}/calendar/v3",
        "GOOGLE_TOKEN_URL": f"{vendors}/token",
        "GOOGLE_CALENDAR_ID": environment["calendar"]["google"]["calendarId"],
        "TOKEN_SIGNING_KEY": key,
    } | settings
    program = str(image_program("mcp-server"))
    run(program, "migrate", env=env)
    health = f"http://127.0.0.1:{public}/health"
    words = [*(command or [program]), "serve"]
    with started(words, health, env, folder / "server.log", patient=patient) as served:
        yield Served(
            served.url.removesuffix("/health"), served.process, served.start_seconds, f"http://127.0.0.1:{internal}"
        )


@contextmanager
def started(
    command: list[str], url: str, env: Mapping[str, str] | None = None, log: Path | None = None, *, patient: bool = True
) -> Iterator[Served]:
    """A program that serves `url`, ended with the block."""
    with open(log or os.devnull, "w") as output:
        begun = time.monotonic()
        child = subprocess.Popen(command, env=None if env is None else dict(env), stdout=output, stderr=output)
        try:
            until(f"{command[0]} to answer", lambda: _answers(url, child), seconds=60, every=0.001)
            took = time.monotonic() - begun
            yield Served(url, Process(child.pid, _start_time(child.pid)), took)
        finally:
            (child.terminate if patient else child.kill)()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def load(url: str, given: Credentials, *, seconds: float, **options: float) -> dict[str, float]:
    """The simulator's load generator against a server's webhook; its options by their names."""
    number = clients.barbershop()["spec"]["environments"][0]["whatsapp"]["phoneNumberId"]
    more = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return json.loads(
        run(
            image_program("mcp-simulator"), "load", "--url", f"{url}/webhooks/whatsapp",
            "--phone-number-id", number, "--seconds", str(seconds), *more,
            seconds=seconds + 30, env={"WHATSAPP_APP_SECRET": given.app_secret},
        )  # fmt: skip
    )


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str, child: subprocess.Popen) -> bool:
    """Asked with the least that asks: the time until the first answer is measured, and on the same processors."""
    if child.poll() is not None:
        raise RuntimeError(f"{child.args} ended with exit {child.returncode}")
    at = urlsplit(url)
    if at.scheme == "https":
        # Whether it answers is asked, not who it is.
        unverified = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=2, context=unverified)
    else:
        connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=2)
    try:
        connection.request("GET", at.path)
        return connection.getresponse().status == 200
    finally:
        connection.close()


def _start_time(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
