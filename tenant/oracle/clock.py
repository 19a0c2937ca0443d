"""A zone by seconds, from the package tzdata and never from the system."""

from __future__ import annotations

import importlib.resources
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 86_400
EPOCH = datetime(1970, 1, 1)
_ZONES: dict[str, ZoneInfo] = {}


def zone(name: str) -> ZoneInfo:
    if name not in _ZONES:
        area = importlib.resources.files("tzdata.zoneinfo")
        for part in name.split("/"):
            area = area / part
        with area.open("rb") as file:
            _ZONES[name] = ZoneInfo.from_file(file, key=name)
    return _ZONES[name]


class Clock:
    """Local times are seconds too: as if the clock had never been changed."""

    def __init__(self, name: str, bend: str = "") -> None:
        self.zone, self.bend = zone(name), bend
        self.known: dict[int, int] = {}

    def local(self, at: int) -> int:
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        assert offset is not None
        return at + int(offset.total_seconds())

    def reading(self, local: int, fold: int) -> int:
        shown = (EPOCH + timedelta(seconds=local)).replace(tzinfo=self.zone, fold=fold)
        return int(shown.timestamp())

    def exact(self, local: int) -> int | None:
        """The first instant at which the clock shows it."""
        at = self.reading(local, 0)
        return at if self.local(at) == local else None

    def bound(self, local: int) -> int:
        """The first instant at which the clock shows it, or the change that skips it."""
        if local not in self.known:
            at = self.reading(local, 0)
            if self.local(at) != local and self.bend != "skipped hour":
                low, high = sorted((self.reading(local, 0), self.reading(local, 1)))
                while low < high:
                    middle = (low + high) // 2
                    if self.local(middle) >= local:
                        high = middle
                    else:
                        low = middle + 1
                at = low
            self.known[local] = at
        return self.known[local]
