"""`images/order`: which functions a start of the server runs, and what it does while nothing is going on.

Runs the released program, as linked with its symbols by `images/link-cc`, under valgrind, which is slow and misses nothing:
with the usual history, vendors behind TLS, until it has read its calendar, looked at by kubelet, Prometheus and the
operator. Writes images/start-order, sorted by name so that a change of it can be read.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from figures.world import World
from steps import credentials, pki, server
from steps.paths import CARGO_TARGET, REPOSITORY
from steps.progress import say
from steps.wait import until

_ORDER = REPOSITORY / "images" / "start-order"
#: Seconds of doing nothing, some thirty times as slow as usual.
_SETTLED = 30


def executed(profile: Path) -> set[str]:
    """The functions of a callgrind profile, by symbol; those that call themselves are numbered."""
    text = profile.read_text(errors="replace")
    return {re.sub(r"'\d+$", "", symbol) for symbol in re.findall(r"^c?fn=\(\d+\) (\S+)$", text, re.MULTILINE)}


def names(symbols: set[str]) -> list[str]:
    """As `images/link-cc` compares them: without the hashes of crates, which differ from folder to folder."""
    known = "\n".join(sorted(symbol for symbol in symbols if not symbol.startswith("0x")))
    plain = subprocess.run(["c++filt"], input=known, capture_output=True, text=True, check=True).stdout
    return sorted({re.sub(r"\[[0-9a-f]+\]", "", name) for name in plain.splitlines()})


def latest() -> Path:
    """The last program that was linked with its symbols."""
    found = list((server.image_program("mcp-server").parent / "deps").glob("mcp_server-*.symbols"))
    if not found:
        sys.exit("order: no program with symbols is there; build one: IMAGE_PROFILE=dist images/cargo --package mcp-server")
    return max(found, key=lambda path: path.stat().st_mtime)


def answers(url: str) -> bool:
    """Whether there is a 200."""
    return httpx2.get(url, timeout=60).status_code == 200


def main() -> int:
    program = Path(os.environ.get("ORDER_PROGRAM") or latest())
    with tempfile.TemporaryDirectory(dir=CARGO_TARGET) as name:
        folder = Path(name)
        profile, authority = folder / "profile", folder / "ca.crt"
        certificate = pki.server_certificate("localhost")
        (folder / "tls.crt").write_text(certificate.certificate)
        (folder / "tls.key").write_text(certificate.key)
        authority.write_text(certificate.authority)
        world = World(folder, credentials.fresh("order"))
        at = world.empty("tenant")
        shutil.copy(world.with_history(1), at / "tenant.db")
        under = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}", str(program)]
        with (
            server.simulator(folder) as vendors,
            server.server(at, world.given, vendors, command=under, EXTRA_CA_FILE=str(authority)) as served,
        ):
            say(f"{program.name} runs")
            for path in ("healthz", "readyz", "metrics", "status"):
                # So slow, the database may not answer in time at first.
                until(f"{path} to answer", lambda at=path: answers(f"{served.internal}/{at}"), seconds=120, every=1)
            time.sleep(_SETTLED)
        found = names(executed(profile))
    _ORDER.write_text("".join(f"{line}\n" for line in found))
    say(f"{len(found)} functions are in {_ORDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
