"""Deleting a client ends it; its data goes only when that was asked for and confirmed."""

import pytest

from steps import clients
from steps.cluster import Object
from steps.customer import Customer
from steps.database import Database
from steps.simulator import Simulator
from steps.stand import Stand
from steps.tenant import Tenant


def bystanders(stand: Stand, gone: Tenant) -> set[str]:
    """Namespaces and clients that a deletion must not touch."""
    namespaces = set(stand.cluster.kubectl("get", "namespaces", "-o", "name").split())
    others = {item["metadata"]["name"] for item in stand.cluster.list("mcpclients")}
    return (namespaces | {f"client {name}" for name in others}) - {
        f"namespace/{gone.namespace}",
        f"client {gone.name}",
    }


def in_namespace(stand: Stand, tenant: Tenant, *kinds: str) -> list[Object]:
    """Objects of some kinds in a tenant's namespace."""
    return [item for kind in kinds for item in stand.cluster.list(kind, tenant.namespace)]


def forget(stand: Stand, tenant: Tenant) -> None:
    """What a person does who wants detached data gone: deletes the namespace by hand."""
    stand.cluster.delete("mcpclient", tenant.name, tenant.agency)
    stand.cluster.delete("namespace", tenant.namespace)


@pytest.mark.on_bed
def test_by_default_the_data_stays_and_is_there_again_when_the_client_comes_back(
    stand: Stand, barbershop: Tenant, simulator: Simulator
) -> None:
    client = clients.another("barbearia-que-fica", "200000000000003")
    tenant = stand.add(client)
    customer = Customer(tenant, simulator)
    customer.asks("Oi")
    file, others = tenant.database().file, bystanders(stand, tenant)
    key = stand.cluster.get("secret", f"{tenant.name}-keys", tenant.namespace)["data"]

    stand.cluster.delete("mcpclient", tenant.name, tenant.agency, seconds=90)

    assert stand.cluster.find("mcpclient", tenant.name, tenant.agency) is None, "the finalizer has gone"
    assert in_namespace(stand, tenant, "deployments", "pods", "services") == []
    assert stand.cluster.find("secret", f"{tenant.name}-credentials", tenant.namespace) is None
    kept = stand.cluster.get("namespace", tenant.namespace)["metadata"]
    assert kept["labels"]["mcp-platform.dev/detached"] == "true"
    assert len(in_namespace(stand, tenant, "persistentvolumeclaims")) == 1
    assert len(Database(file).rows("SELECT id FROM customer WHERE wa_id = ?", customer.number)) == 1
    assert bystanders(stand, tenant) == others

    again = stand.add(client, tenant.credentials)

    assert len(again.database().rows("SELECT id FROM customer WHERE wa_id = ?", customer.number)) == 1
    assert "detached" not in str(stand.cluster.get("namespace", tenant.namespace)["metadata"]["labels"])
    assert stand.cluster.get("secret", f"{tenant.name}-keys", tenant.namespace)["data"] == key
    assert barbershop.healthy()
    forget(stand, tenant)


def test_a_confirmed_deletion_takes_everything_along_and_nothing_else(stand: Stand, barbershop: Tenant) -> None:
    client = clients.deletes_its_data(clients.another("barbearia-que-vai", "200000000000004"))
    tenant = stand.add(client)
    others = bystanders(stand, tenant)

    stand.cluster.delete("mcpclient", tenant.name, tenant.agency, seconds=120)

    stand.cluster.wait_for_namespace_gone(tenant.namespace)
    assert bystanders(stand, tenant) == others
    assert stand.cluster.find("secret", client["spec"]["credentialsSecretRef"]["name"], tenant.agency), (
        "the Secret in the agency's namespace is the agency's"
    )
    assert barbershop.healthy()
    assert barbershop.ready()["status"] == "True"


def test_an_unconfirmed_deletion_keeps_the_data_and_says_so(stand: Stand) -> None:
    client = clients.another("barbearia-sem-sim", "200000000000005")
    client["spec"]["deletionPolicy"] = "Delete"
    tenant = stand.add(client)

    stand.cluster.delete("mcpclient", tenant.name, tenant.agency, seconds=90)

    kept = stand.cluster.get("namespace", tenant.namespace)
    assert kept["status"]["phase"] == "Active"
    assert len(in_namespace(stand, tenant, "persistentvolumeclaims")) == 1
    told = [
        event
        for event in stand.cluster.list("events.events.k8s.io", tenant.agency)
        if event["regarding"].get("name") == tenant.name and "confirm-delete" in event.get("note", "")
    ]
    assert told, "an Event says how to confirm"
    forget(stand, tenant)
