"""What `make bench` stands on: targets are judged as they are written, and histories fit the schema. No cluster needed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from figures import history
from figures.figure import Figure, figure
from steps.paths import REPOSITORY


@pytest.mark.parametrize(
    ("line", "target", "holds"),
    [
        (figure("rate", 900, "1/s", baseline=1000, least=0.8), "≥ 0.8×", True),
        (figure("rate", 700, "1/s", baseline=1000, least=0.8), "≥ 0.8×", False),
        (figure("time", 9, "ms", baseline=1, most=10), "≤ 10 ms", True),
        (figure("time", 11, "ms", baseline=100, most=10), "≤ 10 ms", False),
        (figure("growth", 13, "MiB", baseline=10, most_times=1.25), "≤ 1.25×", False),
        (figure("size", 0, "requests", most=0), "≤ 0 requests", True),
        (figure("known", 5, "1/s", baseline=4), None, None),
    ],
)
def test_a_target_bounds_what_it_says(line: Figure, target: str | None, holds: bool | None) -> None:
    assert (line.target, line.holds) == (target, holds)


def test_a_history_is_one_the_schema_allows(tmp_path: Path) -> None:
    file = tmp_path / "tenant.db"
    with closing(sqlite3.connect(file)) as database:
        for migration in sorted((REPOSITORY / "database" / "sqlite" / "migrations").glob("*.sql")):
            database.executescript(migration.read_text())

    history.seed(file, 1)

    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        count = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("customer", "inbox")}
        assert count == {"customer": history.CUSTOMERS, "inbox": history.CUSTOMERS * history.MESSAGES}
        waiting = "SELECT count(*) FROM inbox LEFT JOIN inbox_route USING (seq) WHERE state IS NOT 'done'"
        assert database.execute(waiting).fetchone() == (0,)
        past = "SELECT count(*) FROM booking WHERE state = 'completed' AND mirrored_revision = revision"
        assert database.execute(past).fetchone()[0] >= history.BOOKINGS
