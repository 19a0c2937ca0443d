"""A container's process as the host sees it. Only on a test bed, whose node is this machine."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from steps.wait import until


@dataclass(frozen=True)
class Process:
    """One process, known by pid and start time, so that a reused pid is never mistaken for it."""

    pid: int
    start_time: str

    def alive(self) -> bool:
        """Whether it runs (a zombie does not)."""
        fields = _stat(self.pid)
        return fields is not None and fields[19] == self.start_time and fields[0] not in ("Z", "X")

    def kill(self) -> None:
        """SIGKILL, and wait until it has gone: nothing it might still do counts."""
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
        until(f"process {self.pid} to be gone", lambda: not self.alive(), seconds=30, every=0.02)

    def status(self) -> dict[str, str]:
        """`/proc/PID/status`."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def root_mount_options(self) -> set[str]:
        """Mount options of its `/`."""
        for line in Path(f"/proc/{self.pid}/mountinfo").read_text().splitlines():
            fields = line.split()
            if fields[4] == "/":
                return set(fields[5].split(","))
        raise LookupError(f"process {self.pid} has no root mount")

    def sees(self, path: str) -> bool:
        """Whether a path is there in its own file system."""
        return Path(f"/proc/{self.pid}/root{path}").exists()

    def resident_bytes(self) -> int:
        """Resident memory."""
        return int(self.status()["VmRSS"].removesuffix("kB")) * 1024


def of_pod(pod_uid: str, program: str) -> Process | None:
    """The process of a pod whose first word is `program`, found by its control group."""
    marks = (f"pod{pod_uid}", f"pod{pod_uid.replace('-', '_')}")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if any(mark in (entry / "cgroup").read_text() for mark in marks):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                fields = _stat(int(entry.name))
                if words[0].decode() == program and fields and fields[0] != "Z":
                    return Process(int(entry.name), fields[19])
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return None


def of_pid(pid: int) -> Process:
    """The process that has this number now."""
    fields = _stat(pid)
    if fields is None:
        raise LookupError(f"no process {pid}")
    return Process(pid, fields[19])


def _stat(pid: int) -> list[str] | None:
    """Fields of `/proc/PID/stat` after the name, the state first."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()
