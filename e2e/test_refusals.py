"""What is wrong is refused at apply with a sentence, or stands as a condition that says what to do."""

from collections.abc import Callable

import pytest

from steps import clients, credentials
from steps.cluster import Cluster, Object, condition
from steps.shell import CommandFailed
from steps.stand import AGENCY, Stand
from steps.tenant import Tenant
from steps.wait import until

Edit = Callable[[Object], object]


def profile(client: Object) -> Object:
    return client["spec"]["profile"]


def environment(client: Object) -> Object:
    return client["spec"]["environments"][0]


WRONG: dict[str, tuple[Edit, str]] = {
    "a name that is too long": (lambda c: c["metadata"].update(name="b" * 52), "51"),
    "a name that begins with a digit": (lambda c: c["metadata"].update(name="1-barbearia"), "letter"),
    "hours that close before they open and overlap": (
        lambda c: profile(c)["hours"].update(mon=["09:00-12:00", "11:00-19:00"]),
        "overlap",
    ),
    "hours that are no times": (lambda c: profile(c)["hours"].update(mon=["9 to 12"]), "mon"),
    "two services of one id": (lambda c: profile(c)["services"].append(profile(c)["services"][0]), "Duplicate"),
    "a price with a currency sign": (lambda c: profile(c)["services"][0].update(price="R$ 80"), "price"),
    "a phone number instead of its id": (
        lambda c: environment(c)["whatsapp"].update(phoneNumberId="+55 11 91234-5678"),
        "phoneNumberId",
    ),
    "two environments of one name": (
        lambda c: c["spec"]["environments"].append(environment(c)),
        "Duplicate",
    ),
    "an environment nobody has": (lambda c: environment(c).update(name="testing"), "production"),
    "no service at all": (lambda c: profile(c).update(services=[]), "services"),
    "a field nobody knows": (lambda c: c["spec"].update(displayNaem="Zé"), "displayNaem"),
    "a duration that is none": (lambda c: profile(c)["services"][0].update(duration="soon"), "duration"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_client_is_refused_at_apply(stand: Stand, cluster: Cluster, what: str) -> None:
    edit, word = WRONG[what]
    client = clients.another("barbearia-errada", "200000000000009")
    edit(client)

    with pytest.raises(CommandFailed) as refusal:
        cluster.apply(client)

    assert word in refusal.value.output, refusal.value.output
    assert cluster.find("mcpclient", client["metadata"]["name"], AGENCY) is None


def test_the_same_client_without_the_mistake_is_taken(stand: Stand, cluster: Cluster) -> None:
    client = clients.another("barbearia-errada", "200000000000009")

    cluster.apply(client)

    cluster.delete("mcpclient", "barbearia-errada", AGENCY)


def waits_for_condition(cluster: Cluster, name: str, kind: str, reason: str) -> str:
    """The message of a condition of the client's production environment, once it has this reason."""

    def seen() -> Object:
        status = cluster.get("mcpclient", name, AGENCY).get("status", {})
        found = condition(next(iter(status.get("environments", [])), {}), kind)
        assert found.get("reason") == reason, f"{kind}: {found}"
        return found

    return until(f"{kind} {reason}", seen, seconds=30)["message"]


def test_a_client_without_its_secret_says_which_one_to_make_and_goes_on_once_it_is_there(
    stand: Stand, cluster: Cluster
) -> None:
    client = clients.deletes_its_data(clients.another("barbearia-sem-chave", "200000000000006"))
    name, secret = client["metadata"]["name"], client["spec"]["credentialsSecretRef"]["name"]
    cluster.apply(client)

    assert secret in waits_for_condition(cluster, name, "CredentialsReady", "SecretMissing")
    assert condition(cluster.get("mcpclient", name, AGENCY), "Ready")["status"] == "False"

    given = credentials.fresh(name)
    tenant = stand.known_to_vendors(client, given)
    incomplete = given.secret(AGENCY, secret)
    missing = incomplete["stringData"].pop("WHATSAPP_API_TOKEN")
    unlabelled = incomplete | {"metadata": incomplete["metadata"] | {"labels": {}}}
    cluster.create(unlabelled)
    assert "mcp-platform.dev/credentials" in waits_for_condition(cluster, name, "CredentialsReady", "SecretNotLabelled")

    cluster.patch("secret", secret, AGENCY, {"metadata": {"labels": credentials.LABELS}})
    assert "WHATSAPP_API_TOKEN" in waits_for_condition(cluster, name, "CredentialsReady", "KeysMissing")

    cluster.patch("secret", secret, AGENCY, {"stringData": {"WHATSAPP_API_TOKEN": missing}})
    tenant.wait_ready()

    cluster.delete("mcpclient", name, AGENCY)


def test_a_second_client_with_the_same_number_waits_and_touches_nothing(
    stand: Stand, cluster: Cluster, barbershop: Tenant
) -> None:
    client = clients.deletes_its_data(clients.another("barbearia-copia", barbershop.number))
    given = credentials.fresh("barbearia-copia")
    cluster.create(given.secret(AGENCY, client["spec"]["credentialsSecretRef"]["name"]))

    cluster.apply(client)

    def says_so() -> bool:
        ready = condition(cluster.get("mcpclient", "barbearia-copia", AGENCY), "Ready")
        assert (ready.get("status"), ready.get("reason")) == ("False", "NumberTaken"), ready
        return True

    until("NumberTaken", says_so, seconds=30)
    assert cluster.find("deployment", "barbearia-copia", "barbearia-copia-production") is None
    assert barbershop.ready()["status"] == "True"
    cluster.delete("mcpclient", "barbearia-copia", AGENCY)


def test_a_namespace_somebody_else_made_is_never_taken_over(stand: Stand, cluster: Cluster) -> None:
    cluster.kubectl("create", "namespace", "barbearia-alheia-production")
    client = clients.deletes_its_data(clients.another("barbearia-alheia", "200000000000007"))
    tenant = stand.announce(client)

    cluster.apply(client)

    waits_for_condition(cluster, tenant.name, "NamespaceReady", "NameTaken")
    cluster.delete("mcpclient", tenant.name, AGENCY)
    left = cluster.get("namespace", tenant.namespace)
    assert left["status"]["phase"] == "Active"
    assert "mcp-platform" not in str(left["metadata"].get("labels"))
    cluster.delete("namespace", tenant.namespace)
