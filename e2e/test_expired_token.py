"""A tenant that says Ready works: a token that Meta takes back turns it off, and a good one in the Secret on again."""

import time

from steps.cluster import Object, condition
from steps.credentials import canary
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


def production(tenant: Tenant) -> Object:
    """What the status says of the environment."""
    return tenant.resource()["status"]["environments"][0]


def test_the_servers_own_word_is_in_the_status(barbershop: Tenant) -> None:
    def verified() -> bool:
        environment = production(barbershop)
        return all(condition(environment, kind)["status"] == "True" for kind in ("ServerVerified", "ChannelReady", "ModelReady"))

    until("the server's conditions", verified, seconds=60)
    environment = production(barbershop)
    assert barbershop.internal("/status").json()["profile"]["hash"] in condition(environment, "ServerVerified")["message"]
    assert environment["version"] == barbershop.internal("/status").json()["version"]


def test_a_token_that_is_taken_back_is_seen_and_a_good_one_mends_it(
    barbershop: Tenant, neighbour: Tenant, simulator: Simulator
) -> None:
    new = canary("token")
    secret = barbershop.client["spec"]["credentialsSecretRef"]["name"]
    secrets = barbershop.credentials
    customer = Customer(barbershop, simulator)
    try:
        simulator.register_number(barbershop.number, barbershop.webhook_url, secrets.app_secret, tokens=[new])
        started = time.monotonic()
        customer.writes("Oi")

        def is_seen() -> bool:
            ready = barbershop.ready()
            return (ready["status"], ready["reason"]) == ("False", "CredentialRefused")

        until("Ready to be False for the token", is_seen, seconds=300, every=1)
        assert time.monotonic() - started < 300
        assert condition(production(barbershop), "ChannelReady")["status"] == "False"
        assert condition(production(barbershop), "ModelReady")["status"] == "True"
        assert secrets.values["WHATSAPP_API_TOKEN"] not in str(barbershop.resource()["status"])
        assert neighbour.ready()["status"] == "True", "another client's token is good"
        assert barbershop.healthy(), "nothing but the channel is away"

        barbershop.cluster.patch("secret", secret, barbershop.agency, {"stringData": {"WHATSAPP_API_TOKEN": new}})
        secrets.values["WHATSAPP_API_TOKEN"] = new
        barbershop.wait_ready(seconds=120)
        assert condition(production(barbershop), "ChannelReady")["status"] == "True"
        # What could not be sent meanwhile was not lost.
        assert customer.answer(seconds=60)
    finally:
        simulator.register_number(barbershop.number, barbershop.webhook_url, secrets.app_secret)
