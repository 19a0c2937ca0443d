"""A credential is in the agency's Secret, in the tenant's Secret, and nowhere else that anybody can look."""

import base64
from collections.abc import Iterator

import pytest

from steps.cluster import Cluster, Object
from steps.customer import Customer
from steps.search import homes_of, leaks, places
from steps.simulator import Simulator
from steps.tenant import Tenant


def all_secrets(tenant: Tenant) -> dict[str, str]:
    """The credentials, and the signing key the operator made."""
    keys = tenant.cluster.get("secret", f"{tenant.name}-keys", tenant.namespace)["data"]
    signing_key = base64.b64decode(keys["TOKEN_SIGNING_KEY"]).decode().splitlines()[1]
    return tenant.credentials.secret_pieces() | {"TOKEN_SIGNING_KEY": signing_key}


def test_a_credential_is_nowhere_but_in_its_secrets(
    barbershop: Tenant, neighbour: Tenant, simulator: Simulator
) -> None:
    # Something to log: an answer, and failures of each vendor, whose texts tend to carry what was sent.
    for vendor in ("graph", "gemini"):
        simulator.fault(vendor, 401, 1, body={"error": {"message": "bad credentials", "code": 190}})
    Customer(barbershop, simulator).writes("Oi")
    # A refused token stops the sender; it tries again by itself, one message at a time.
    Customer(barbershop, simulator).asks("Oi", seconds=150)
    barbershop.post(Customer(barbershop, simulator).message("Oi"), signed="sha256=00")
    secrets = all_secrets(barbershop)
    assert len(secrets) >= 5

    found = leaks(places(barbershop.cluster, [barbershop, neighbour]), secrets)

    assert not found, found


def test_the_tenants_secret_holds_what_the_agency_gave(barbershop: Tenant) -> None:
    """The homes that the search leaves out are the right ones: the values really are there."""
    for namespace, name in homes_of(barbershop) - {(barbershop.namespace, f"{barbershop.name}-keys")}:
        data = barbershop.cluster.get("secret", name, namespace)["data"]
        assert base64.b64decode(data["GEMINI_API_KEY"]).decode() == barbershop.credentials.values["GEMINI_API_KEY"]


@pytest.fixture
def planted(cluster: Cluster, barbershop: Tenant) -> Iterator[str]:
    """A ConfigMap into which somebody put a credential, in base64."""
    hidden = base64.b64encode(b"x" + barbershop.credentials.values["WHATSAPP_APP_SECRET"].encode()).decode()
    item: Object = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "planted", "namespace": barbershop.agency},
        "data": {"text": f"encoded: {hidden}"},
    }
    cluster.apply(item)
    yield f"WHATSAPP_APP_SECRET in configmaps {barbershop.agency}/planted"
    cluster.delete("configmap", "planted", barbershop.agency)


def test_the_search_finds_a_planted_credential(barbershop: Tenant, planted: str) -> None:
    found = leaks(places(barbershop.cluster, [barbershop]), barbershop.credentials.secret_pieces())

    assert planted in found
