"""What a run says while it runs, past pytest's capturing of sys.stdout."""

import sys
import time

_STARTED = time.monotonic()


def say(text: str) -> None:
    """One line, with the seconds since the run began."""
    print(f"  [{time.monotonic() - _STARTED:6.1f} s] {text}", file=sys.__stdout__, flush=True)
