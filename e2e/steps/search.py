"""Everything a cluster shows, for looking for what must not be in it."""

import base64
import gzip
import json
from collections.abc import Iterator

from steps import operator
from steps.cluster import Cluster, Object
from steps.tenant import Tenant

#: Kinds whose objects are read whole. Secrets are looked at one by one: some of them are where credentials belong.
KINDS = (
    "mcpclients", "configmaps", "events", "events.events.k8s.io", "pods", "deployments", "replicasets", "services",
    "persistentvolumeclaims", "serviceaccounts", "roles", "rolebindings",
)  # fmt: skip


def places(cluster: Cluster, tenants: list[Tenant]) -> Iterator[tuple[str, str]]:
    """(where, text) of all that is not a place for credentials."""
    for kind in KINDS:
        for item in cluster.list(kind):
            # The simulator stands for the vendors, who know their own tokens.
            if item["metadata"]["namespace"] != "simulator":
                yield f"{kind} {_name(item)}", json.dumps(item, ensure_ascii=False)
    for kind in ("namespaces", "clusterroles", "clusterrolebindings", "customresourcedefinitions"):
        yield kind, cluster.kubectl("get", kind, "-o", "json")
    homes = {home for tenant in tenants for home in homes_of(tenant)}
    for secret in cluster.list("secrets"):
        where = (secret["metadata"]["namespace"], secret["metadata"]["name"])
        if where not in homes and where[0] != "simulator":
            yield f"secret {_name(secret)}", _secret_text(secret)
        else:
            yield f"metadata of secret {_name(secret)}", json.dumps(secret["metadata"])
    for namespace in {tenant.namespace for tenant in tenants} | {operator.NAMESPACE}:
        for pod in cluster.list("pods", namespace):
            name = pod["metadata"]["name"]
            yield f"log of {namespace}/{name}", cluster.logs(namespace, name)
            yield f"earlier log of {namespace}/{name}", cluster.logs(namespace, name, previous=True)
    for tenant in tenants:
        if cluster.bed:
            for path in ("/status", "/metrics", "/readyz", "/healthz"):
                yield f"{path} of {tenant.namespace}", tenant.internal(path).text


def homes_of(tenant: Tenant) -> set[tuple[str, str]]:
    """The Secrets in which a tenant's credentials and keys belong."""
    return {
        (tenant.agency, tenant.client["spec"]["credentialsSecretRef"]["name"]),
        (tenant.namespace, f"{tenant.name}-credentials"),
        (tenant.namespace, f"{tenant.name}-keys"),
    }


def spellings(secret: str) -> set[str]:
    """How a secret may stand in a text: as it is, and as base64 at each of the three offsets."""
    raw = secret.encode()
    shifted = {base64.b64encode(raw[offset:])[:-4].decode() for offset in range(3)}
    return {secret, *shifted}


def leaks(texts: Iterator[tuple[str, str]], secrets: dict[str, str]) -> list[str]:
    """Where a secret stands. The finding names key and place, never the value."""
    wanted = {key: spellings(secret) for key, secret in secrets.items()}
    return [
        f"{key} in {where}"
        for where, text in texts
        for key, forms in wanted.items()
        if any(form in text for form in forms)
    ]


def _secret_text(secret: Object) -> str:
    """Metadata and decoded values; a Helm release is unpacked."""
    parts = [json.dumps(secret["metadata"])]
    for value in secret.get("data", {}).values():
        raw = base64.b64decode(value)
        if secret.get("type", "").startswith("helm.sh/release"):
            raw = gzip.decompress(base64.b64decode(raw))
        parts.append(raw.decode(errors="replace"))
    return "\n".join(parts)


def _name(item: Object) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"
