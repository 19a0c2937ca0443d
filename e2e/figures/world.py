"""Where a measurement takes place: a folder on the disk that is measured, credentials, and databases with a history."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from figures import history
from steps import clients, server
from steps.credentials import Credentials
from steps.progress import say
from steps.shell import run

#: How many times the usual history, and what that adds to a figure's name.
HISTORIES = {1: "", 10: ", 10 times the history"}


@dataclass
class World:
    """One run of the benchmarks."""

    folder: Path
    given: Credentials
    _count: Iterator[int] = field(default_factory=itertools.count)
    _seeded: dict[int, Path] = field(default_factory=dict)

    @contextmanager
    def tenant(
        self, *, history_times: int = 1, model_ms: int = 0, patient: bool = True, **settings: str
    ) -> Iterator["Tenant"]:
        """A server with its stand-ins and a database of its own that has a history."""
        at = self.folder / f"tenant-{next(self._count)}"
        at.mkdir()
        template = self.with_history(history_times)
        shutil.copy(template, at / "tenant.db")
        # What is still on its way to the disk would be measured.
        os.sync()
        try:
            with server.simulator() as vendors, server.server(at, self.given, vendors, patient=patient, **settings) as served:
                tenant = Tenant(served, vendors, self.given, at / "tenant.db")
                tenant.register()
                if model_ms:
                    tenant.slow_model(model_ms)
                yield tenant
        finally:
            shutil.rmtree(at)

    def with_history(self, times: int) -> Path:
        """A database file that is copied, never used."""
        if times not in self._seeded:
            file = self.folder / f"history-{times}.db"
            identity = {"CLIENT_NAME": clients.barbershop()["metadata"]["name"], "ENVIRONMENT": clients.PRODUCTION}
            run(server.image_program("mcp-server"), "migrate", env=identity | {"DATABASE_URL": f"sqlite://{file}"})
            say(f"writing a history: {history.counts(times)}")
            history.seed(file, times)
            self._seeded[times] = file
        return self._seeded[times]

    def empty(self, name: str) -> Path:
        """A folder."""
        at = self.folder / f"{name}-{next(self._count)}"
        at.mkdir()
        return at


@dataclass(frozen=True)
class Tenant:
    """A running server and its stand-ins."""

    served: server.Served
    vendors: str
    given: Credentials
    database: Path

    @property
    def number(self) -> str:
        """The number customers write to."""
        return clients.barbershop()["spec"]["environments"][0]["whatsapp"]["phoneNumberId"]

    def register(self) -> None:
        """Has the stand-in report what became of messages, as Meta does."""
        webhook = f"{self.served.url}/webhooks/whatsapp"
        body = {"phone_number_id": self.number, "webhook_url": webhook, "app_secret": self.given.app_secret}
        self.ask("numbers", body)

    def slow_model(self, milliseconds: int) -> None:
        """Every answer of the model takes so long from now on."""
        self.ask("faults", {"vendor": "gemini", "delay_ms": milliseconds, "times": 4_000_000_000})

    def ask(self, path: str, body: object) -> None:
        """The control interface of the stand-ins."""
        answer = httpx2.post(f"{self.vendors}/_sim/{path}", json=body, timeout=30)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"

    def load(self, seconds: float, **options: float) -> dict[str, float]:
        """The load generator against the webhook; every message must be acknowledged."""
        seen = server.load(self.served.url, self.given, seconds=seconds, **options)
        assert seen["ok"] == seen["requests"] > 0, f"not every webhook was acknowledged: {seen}"
        return seen
