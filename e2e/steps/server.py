"""One server and the vendors' stand-ins as plain processes on this machine's loopback: no cluster, for measuring."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
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


def image_program(name: str) -> Path:
    """A program as it is in its image."""
    host = next(line[6:] for line in run("rustc", "-vV").splitlines() if line.startswith("host: "))
    return CARGO_TARGET / host / IMAGE_PROFILE / name


@contextmanager
def simulator() -> Iterator[str]:
    """The simulator's URL."""
    port = free_port()
    command = [str(image_program("mcp-simulator")), "serve", "--listen", f"127.0.0.1:{port}"]
    with started(command, f"http://127.0.0.1:{port}/_sim/holds") as served:
        yield served.url.removesuffix("/_sim/holds")


@contextmanager
def server(folder: Path, given: Credentials, vendors: str) -> Iterator[Served]:
    """The example's server with a new database in `folder`."""
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
    }
    program = str(image_program("mcp-server"))
    run(program, "migrate", env=env)
    with started([program, "serve"], f"http://127.0.0.1:{public}/health", env, folder / "server.log") as served:
        yield Served(served.url.removesuffix("/health"), served.process, served.start_seconds)


@contextmanager
def started(command: list[str], url: str, env: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[Served]:
    """A program that serves `url`, ended with the block."""
    with open(log or os.devnull, "w") as output:
        begun = time.monotonic()
        child = subprocess.Popen(command, env=None if env is None else dict(env), stdout=output, stderr=output)
        try:
            until(f"{command[0]} to answer", lambda: _answers(url, child), seconds=15, every=0.002)
            took = time.monotonic() - begun
            yield Served(url, Process(child.pid, _start_time(child.pid)), took)
        finally:
            child.terminate()
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def load(url: str, given: Credentials, *, connections: int, seconds: int) -> dict[str, float]:
    """The simulator's load generator against a server's webhook."""
    number = clients.barbershop()["spec"]["environments"][0]["whatsapp"]["phoneNumberId"]
    return json.loads(
        run(
            image_program("mcp-simulator"), "load", "--url", f"{url}/webhooks/whatsapp",
            "--phone-number-id", number, "--connections", str(connections), "--seconds", str(seconds),
            seconds=seconds + 30, env={"WHATSAPP_APP_SECRET": given.app_secret},
        )  # fmt: skip
    )


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(url: str, child: subprocess.Popen) -> bool:
    if child.poll() is not None:
        raise RuntimeError(f"{child.args} ended with exit {child.returncode}")
    return httpx2.get(url, timeout=2).status_code == 200


def _start_time(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
