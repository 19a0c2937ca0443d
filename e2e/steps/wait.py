"""Waiting for what comes about by itself."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx2

from steps.shell import CommandFailed

T = TypeVar("T")


def until(what: str, probe: Callable[[], T], *, seconds: float, every: float = 0.25) -> T:
    """The first truthy result of `probe`. A refusal (assertion, failed command, no connection) counts as not yet."""
    deadline = time.monotonic() + seconds
    last: object = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except (AssertionError, CommandFailed, LookupError, OSError, httpx2.TransportError) as refusal:
            last = refusal
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {last}") from (
                last if isinstance(last, BaseException) else None
            )
        time.sleep(every)


def stays(what: str, probe: Callable[[], bool], *, seconds: float, every: float = 0.5) -> None:
    """Fails as soon as `probe` is not true within the time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert probe(), what
        time.sleep(every)
