"""The same acknowledgements on PostgreSQL, where the run has one."""

import os
import re
import secrets
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from figures.figure import Figure, figure
from figures.world import World
from steps.progress import say
from steps.shell import run

_SECONDS = 5
_TURNS = 3


def rate(world: World) -> list[Figure]:
    """Acknowledged webhooks per second of a new tenant, 32 connections, against single-row commits of one connection to
    the same server, one after the other. For information: what is shipped has SQLite."""
    admin = os.environ.get("MCP_TEST_POSTGRES")
    if not admin:
        say("MCP_TEST_POSTGRES names no server: left out")
        return []
    floors, rates = [], []
    for turn in range(_TURNS):
        floors.append(floor(world, admin))
        with schema(admin) as url, world.tenant(patient=False, DATABASE_URL=url) as tenant:
            rates.append(tenant.load(_SECONDS, connections=32)["rate"])
        say(f"acknowledgements on PostgreSQL, turn {turn + 1}: {rates[-1]:.0f}/s, floor {floors[-1]:.0f}/s")
    value, baseline = statistics.median(rates), statistics.median(floors)
    return [figure("webhook acknowledgements on PostgreSQL", value, "1/s", baseline=baseline)]


@contextmanager
def schema(admin: str) -> Iterator[str]:
    """A tenant's own role and schema, as the operator's administrator makes them (docs/decisions/0008)."""
    name, password = f"bench_{secrets.token_hex(6)}", secrets.token_hex(16)
    sql(
        admin,
        f"""CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;
            CREATE ROLE {name} LOGIN PASSWORD '{password}';
            CREATE SCHEMA {name} AUTHORIZATION {name};
            ALTER ROLE {name} SET search_path = {name};""",
    )
    try:
        yield urlsplit(admin)._replace(netloc=f"{name}:{password}@{urlsplit(admin).netloc.rpartition('@')[2]}").geturl()
    finally:
        sql(admin, f"DROP SCHEMA {name} CASCADE; DROP ROLE {name};")


def floor(world: World, admin: str) -> float:
    """Commits per second of pgbench with one row each, of the size the SQLite floor has."""
    script = world.empty("pgbench") / "insert.sql"
    script.write_text("INSERT INTO bench_floor (body) VALUES (repeat('x', 500));\n")
    sql(admin, "CREATE TABLE bench_floor (id BIGSERIAL PRIMARY KEY, body TEXT NOT NULL)")
    try:
        words = ["--no-vacuum", "--client=1", f"--time={_SECONDS}", f"--file={script}", "postgres"]
        said = run(program("pgbench"), *words, env=connection(admin), seconds=_SECONDS + 60)
    finally:
        sql(admin, "DROP TABLE bench_floor")
    found = re.search(r"tps = ([0-9.]+)", said)
    assert found, said
    return float(found[1])


def sql(admin: str, text: str) -> None:
    """Runs statements as the administrator."""
    run(program("psql"), "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "postgres", stdin=text, env=connection(admin))


def connection(url: str) -> dict[str, str]:
    """What libpq reads; a password is no argument, which others could see."""
    parts = urlsplit(url)
    where = {"PGHOST": parts.hostname or "", "PGPORT": str(parts.port or 5432), "PGUSER": parts.username or ""}
    return where | {"PGPASSWORD": parts.password or "", "PATH": os.environ["PATH"]}


def program(name: str) -> Path:
    """Of the newest server that is installed, as `scripts/postgres` looks for it, else on PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda file: float(file.parts[-3]))
    found = installed[-1] if installed else shutil.which(name)
    assert found, f"{name} is not installed"
    return Path(found)
