"""An edit of the profile reaches the running server; nothing is restarted for it."""

from steps.cluster import Object
from steps.customer import Customer
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


def restarts(pod: Object) -> list[int]:
    """How often each container of a pod was restarted."""
    return [status["restartCount"] for status in pod["status"]["containerStatuses"]]


def test_a_new_price_is_told_within_two_minutes_by_the_same_pod(neighbour: Tenant, simulator: Simulator) -> None:
    before = neighbour.pod()
    services = neighbour.client["spec"]["profile"]["services"]
    index = next(at for at, service in enumerate(services) if service["id"] == "corte")
    change = [{"op": "replace", "path": f"/spec/profile/services/{index}/price", "value": "93.50"}]

    neighbour.cluster.patch("mcpclient", neighbour.name, neighbour.agency, change, how="json")

    def told() -> bool:
        answer = Customer(neighbour, simulator).asks("Quanto custa o corte?")
        assert "93,50" in answer, answer
        return True

    until("the new price", told, seconds=120, every=4)
    after = neighbour.pod()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert restarts(after) == restarts(before)
    neighbour.wait_ready(seconds=10)
