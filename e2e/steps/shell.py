"""Other programs."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


class CommandFailed(Exception):
    """A program ended with a failure; the text has the end of what it said."""

    def __init__(self, argv: list[str], code: int | None, output: str) -> None:
        self.code = code
        self.output = output
        tail = "\n".join(output.strip().splitlines()[-25:])
        outcome = "took too long" if code is None else f"exit {code}"
        super().__init__(f"{Path(argv[0]).name} {' '.join(argv[1:])}: {outcome}\n{tail}")


def run(
    *argv: str | Path,
    stdin: str | None = None,
    seconds: float = 60,
    env: Mapping[str, str] | None = None,
) -> str:
    """What the program wrote to stdout. Secrets go in through `stdin` or files, never as arguments."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            input=stdin,
            # Nothing of ours may wait for a terminal.
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=seconds,
            env=None if env is None else dict(env),
            check=False,
        )
    except subprocess.TimeoutExpired as timeout:
        said = (timeout.stderr or b"") + (timeout.stdout or b"")
        raise CommandFailed(words, None, said.decode(errors="replace")) from None
    if done.returncode != 0:
        raise CommandFailed(words, done.returncode, done.stdout + done.stderr)
    return done.stdout
