"""What a tenant that does nothing costs: memory, start, size."""

import statistics
import sys
import time

from figures.figure import Figure, figure
from figures.world import HISTORIES, World
from steps import server
from steps.images import PROGRAMS
from steps.paths import IMAGE_ARCHIVES
from steps.progress import say

_STARTS = 5
#: Seconds after its first answer a server counts as idle: it has read its calendar by then.
_SETTLED = 3


def idle(world: World) -> list[Figure]:
    """Resident memory of a server that has nothing to do, and its time from the start of the program to the first 200;
    beside Python's http.server, which serves files. The program's own pages are in the first figure and shared by all
    tenants of a node; what is the process's alone is in the second one."""
    theirs, their_memory = [], []
    for _ in range(_STARTS):
        at = world.empty("python")
        (at / "health").write_text("ok")
        port = server.free_port()
        command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(at), str(port)]
        with server.started(command, f"http://127.0.0.1:{port}/health") as python:
            theirs.append(python.start_seconds * 1e3)
            their_memory.append(python.process.resident_bytes() / 2**20)
    lines = []
    for times in (1, 10):
        ours, resident, own = [], [], []
        for _ in range(_STARTS):
            with world.tenant(history_times=times) as tenant:
                ours.append(tenant.served.start_seconds * 1e3)
                time.sleep(_SETTLED)
                resident.append(tenant.served.process.resident_bytes() / 2**20)
                own.append(int(tenant.served.process.status()["RssAnon"].removesuffix("kB")) / 2**10)
        say(f"start{HISTORIES[times]}: {', '.join(f'{one:.0f}' for one in ours)} ms")
        lines += [
            figure(
                f"idle memory of a tenant{HISTORIES[times]}", statistics.median(resident), "MiB",
                baseline=statistics.median(their_memory), most=10,
            ),
            figure(f"idle memory of a tenant, its own pages{HISTORIES[times]}", statistics.median(own), "MiB"),
            figure(
                f"start to first 200{HISTORIES[times]}", statistics.median(ours), "ms",
                baseline=statistics.median(theirs), most=50,
            ),
        ]  # fmt: skip
    return lines


def sizes(_: World) -> list[Figure]:
    """The programs, and the archives as they are loaded."""
    megabytes = {program: server.image_program(program).stat().st_size / 1e6 for program in PROGRAMS}
    archives = {program: IMAGE_ARCHIVES / f"{program}.tar" for program in PROGRAMS}
    return [figure(f"program {program}", size, "MB", most=15) for program, size in megabytes.items()] + [
        figure(f"image {program}", archive.stat().st_size / 1e6, "MB", most=15) for program, archive in archives.items()
    ]
