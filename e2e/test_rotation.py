"""A credential that is exchanged in the agency's Secret is used soon after, without anybody doing anything."""

import time

from steps.credentials import canary
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


def test_a_rotated_token_is_used_within_a_minute(barbershop: Tenant, simulator: Simulator) -> None:
    old, new = barbershop.credentials.values["WHATSAPP_API_TOKEN"], canary("token")
    secret = barbershop.client["spec"]["credentialsSecretRef"]["name"]
    started = time.monotonic()

    barbershop.cluster.patch("secret", secret, barbershop.agency, {"stringData": {"WHATSAPP_API_TOKEN": new}})

    def sent_with_the_new_one() -> bool:
        customer = Customer(barbershop, simulator)
        customer.asks("Oi", seconds=30)
        tokens = {message["token"] for message in simulator.messages_to(customer.number)}
        assert tokens <= {old, new}
        return tokens == {new}

    until("a send with the new token", sent_with_the_new_one, seconds=60, every=1)
    assert time.monotonic() - started <= 60
    barbershop.credentials.values["WHATSAPP_API_TOKEN"] = new
    barbershop.wait_ready(seconds=30)
