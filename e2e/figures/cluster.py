"""What a tenant costs the API server, counted in its audit log."""

import os
import time

from figures.figure import Figure, figure
from figures.world import World
from steps import audit, bed, clients, operator
from steps.progress import say
from steps.stand import standing
from steps.tenant import Tenant
from steps.wait import until

#: How long the operator is watched while nothing changes.
_IDLE_SECONDS = 60
#: Reconciles that find nothing to do. What the operator's resync costs is what these cost: it is the same reconcile.
_TOUCHES = 5


def api_requests(_: World) -> list[Figure]:
    """Requests of the operator when a client is new, when nothing happens, and when it looks again."""
    name = f"bench-{os.getpid()}"
    cluster = bed.start(name)
    try:
        with standing(cluster) as stand:
            tenant = stand.add(clients.deletes_its_data(clients.another("bench", "300000000000001")))
            created = audit.writes_for(cluster, tenant)
            children = [line for line in created if " mcpclients/" not in line]
            time.sleep(10)
            calm = time.time()
            say(f"nothing changes for {_IDLE_SECONDS} s")
            time.sleep(_IDLE_SECONDS)
            idle = audit.requests_since(cluster, calm)
            say(f"{_TOUCHES} reconciles that find nothing to do")
            calm = time.time()
            touch(tenant)
            unchanged = audit.requests_since(cluster, calm)
        for kind, lines in (("create", created), ("idle", idle), ("reconcile without change", unchanged)):
            for line in sorted(lines):
                say(f"{kind}: {line}")
        return [
            figure("API writes to create a tenant's objects", len(children), "requests", most=16),
            figure("API writes of a new client's status", len(created) - len(children), "requests", most=8),
            figure("API requests while idle", len(idle), "requests", most=0),
            figure("API requests of reconciles without change", len(unchanged), "requests", most=0),
        ]
    finally:
        bed.stop(name)


def touch(tenant: Tenant) -> None:
    """Has the operator look at a client again and again although nothing it acts on has changed."""
    for turn in range(_TOUCHES):
        before = operator.reconciles(tenant.cluster)
        mark = {"metadata": {"annotations": {"example.com/turn": str(turn)}}}
        tenant.cluster.patch("mcpclient", tenant.name, tenant.agency, mark)
        until("a reconcile", lambda seen=before: operator.reconciles(tenant.cluster) > seen, seconds=15)
