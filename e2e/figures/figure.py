"""One line of bench.json, and the table of all."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Figure:
    """`ratio` is value / baseline. `target` bounds the ratio where it ends in `×`, else the value; a line without one
    is for information."""

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    target: str | float | None
    holds: bool | None


def figure(
    name: str,
    value: float,
    unit: str,
    *,
    baseline: float | None = None,
    least: float | None = None,
    most: float | None = None,
    most_times: float | None = None,
) -> Figure:
    """A line that holds when its ratio is at least `least` or at most `most_times`, or its value at most `most`.
    Without a baseline `least` bounds the value as well."""
    ratio = None if not baseline else value / baseline
    target, holds = None, None
    if least is not None:
        target = f"≥ {least:g}{unit_of(ratio, unit)}"
        holds = (value if ratio is None else ratio) >= least
    elif most is not None:
        target, holds = f"≤ {most:g} {unit}", value <= most
    elif most_times is not None:
        assert ratio is not None, f"{name} has nothing to be compared with"
        target, holds = f"≤ {most_times:g}×", ratio <= most_times
    return Figure(name, round(value, 4), unit, baseline and round(baseline, 4), ratio and round(ratio, 3), target, holds)


def unit_of(ratio: float | None, unit: str) -> str:
    """What a bound is written in."""
    return f" {unit}" if ratio is None else "×"


def table(figures: Sequence[Figure]) -> str:
    """For people."""
    width = max((len(line.name) for line in figures), default=0) + 2
    lines = [f"{'':{width}}{'value':>12} {'unit':16}{'baseline':>12}{'ratio':>9}  target"]
    for line in figures:
        baseline = "" if line.baseline is None else f"{line.baseline:.2f}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        verdict = {True: "holds", False: "MISSED", None: ""}[line.holds]
        target = line.target or ""
        lines.append(f"{line.name:{width}}{line.value:12.2f} {line.unit:16}{baseline:>12}{ratio:>9}  {target:12} {verdict}")
    return "\n".join(lines)
