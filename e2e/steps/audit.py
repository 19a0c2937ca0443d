"""What the operator asked the API server, from the API server's own audit log."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from steps import bed, operator
from steps.cluster import Cluster
from steps.tenant import Tenant

_USER = f"system:serviceaccount:{operator.NAMESPACE}:"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}


def writes_for(cluster: Cluster, tenant: Tenant) -> list[str]:
    """The operator's writes of a client, of its namespace and of what is in it; refused ones count too."""
    return [_line(event) for event in _of_operator(cluster) if event["verb"] in _WRITES and _about(event, tenant)]


def requests_since(cluster: Cluster, since: float) -> list[str]:
    """The operator's requests since an instant (seconds of the epoch). A watch that is renewed after its time is no
    question about anybody, nor is the lease its replicas agree by, so neither counts."""
    return [
        _line(event)
        for event in _of_operator(cluster)
        if event["verb"] != "watch"
        and event.get("objectRef", {}).get("resource") != "leases"
        and _received(event) >= since
    ]


def _of_operator(cluster: Cluster) -> Iterator[dict[str, Any]]:
    with bed.audit_log(cluster).open() as log:
        for line in log:
            event = json.loads(line)
            if event["stage"] == "ResponseComplete" and event["user"]["username"].startswith(_USER):
                yield event


def _about(event: dict[str, Any], tenant: Tenant) -> bool:
    about = event.get("objectRef", {})
    match about.get("resource"):
        case "namespaces":
            return about.get("name") == tenant.namespace
        case "mcpclients":
            return about.get("name") == tenant.name
        case _:
            return about.get("namespace") == tenant.namespace


def _received(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["requestReceivedTimestamp"].replace("Z", "+00:00")).timestamp()


def _line(event: dict[str, Any]) -> str:
    about = event.get("objectRef", {})
    what = "/".join(filter(None, (about.get("resource"), about.get("subresource"), about.get("name"))))
    return f"{event['verb']} {what} {event.get('responseStatus', {}).get('code')}"
