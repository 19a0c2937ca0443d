"""A tenant's SQLite file on the test bed's volume, read with SQL of our own. The server keeps running meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

Row = dict[str, Any]

# A booking's services are one column of JSON; the tests book one.
BOOKING = """booking.*, json_extract(items_json, '$[0].service_id') AS service_id,
    json_extract(items_json, '$[0].service_name') AS service_name,
    json_extract(items_json, '$[0].staff_id') AS staff_id, json_extract(items_json, '$[0].staff_name') AS staff_name"""


class Database:
    """Read-only views; the one thing it can do to the server is to hold the write lock."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Rows of a query, on a connection that cannot write."""
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def bookings_of(self, wa_id: str) -> list[Row]:
        """Standing bookings of a WhatsApp customer."""
        return self.rows(
            f"SELECT {BOOKING} FROM booking JOIN customer ON customer.id = booking.customer_id"
            " WHERE customer.wa_id = ? AND booking.state <> 'cancelled'",
            wa_id,
        )

    def bookings_at(self, start: datetime) -> list[Row]:
        """Standing bookings that begin at an instant, whoever made them."""
        return self.rows(f"SELECT {BOOKING} FROM booking WHERE start_us = ? AND state <> 'cancelled'", micros(start))

    def received(self, wamid: str) -> int:
        """How often a message lies in the inbox."""
        return len(self.rows("SELECT id FROM inbox WHERE id = ?", wamid))

    def counts(self) -> dict[str, int]:
        """Rows per table, for `nothing was stored`."""
        tables = [row["name"] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: self.rows(f'SELECT count(*) AS n FROM "{table}"')[0]["n"] for table in tables}

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """While the block runs nobody else can commit."""
        with closing(sqlite3.connect(self.file, timeout=10, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.execute("ROLLBACK")


def micros(instant: datetime) -> int:
    """As instants are stored."""
    return int(instant.astimezone(timezone.utc).timestamp()) * 1_000_000
