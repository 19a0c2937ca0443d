"""What the stories share: one cluster and one platform per run, and the example's tenant."""

import os
from collections.abc import Iterator

import pytest
import yaml

from steps import bed, clients
from steps.agenda import Agenda
from steps.cluster import Cluster
from steps.customer import Customer
from steps.progress import say
from steps.simulator import Simulator
from steps.stand import Stand, standing
from steps.tenant import Tenant

# Of this run alone: a second run on the machine is told that there can be one node, and does not share this one.
_BED = f"e2e-{os.getpid()}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The cluster of MCP_TEST_KUBECONFIG, else a test bed that ends with the run (KEEP_BED=1 leaves it running)."""
    given = bed.given()
    if given is not None:
        yield given
        return
    try:
        ours = bed.start(_BED)
    except bed.DidNotStart as failure:
        # Without a cluster there is no story to tell: one sentence, not one error per story.
        pytest.exit(str(failure), returncode=1)
    try:
        yield ours
    finally:
        if os.environ.get("KEEP_BED"):
            say(f"KEEP_BED: the bed keeps running; end it with: testbed/testbed down --name {_BED}")
        else:
            bed.stop(_BED)


@pytest.fixture(scope="session")
def stand(cluster: Cluster) -> Iterator[Stand]:
    """The platform, ready to take clients."""
    with standing(cluster) as ready:
        yield ready


@pytest.fixture(scope="session")
def simulator(stand: Stand) -> Simulator:
    """Meta, Gemini and Google."""
    return stand.simulator


@pytest.fixture(scope="session")
def barbershop(stand: Stand) -> Tenant:
    """The example's client. Stories may kill it, but leave it running."""
    return stand.add_example()


@pytest.fixture(scope="session")
def neighbour(stand: Stand) -> Tenant:
    """A second client, with a number and a calendar of its own and one person who works."""
    profile = clients.barbershop()["spec"]["profile"]
    alone = profile["staff"][:1]
    services = [service | {"staff": [alone[0]["id"]]} for service in profile["services"]]
    client = clients.another("barbearia-vizinha", "200000000000002", staff=alone, services=services)
    return stand.add(clients.deletes_its_data(client))


@pytest.fixture(scope="session")
def agenda(barbershop: Tenant) -> Agenda:
    """Appointments at the barbershop nobody asks for twice."""
    return Agenda(barbershop.client)


@pytest.fixture(scope="session")
def neighbours_agenda(neighbour: Tenant) -> Agenda:
    """Appointments at the neighbour's."""
    return Agenda(neighbour.client)


@pytest.fixture
def customer(barbershop: Tenant, simulator: Simulator) -> Customer:
    """Somebody who never wrote to the barbershop before."""
    return Customer(barbershop, simulator)


@pytest.fixture(autouse=True)
def no_violation(request: pytest.FixtureRequest) -> Iterator[None]:
    """What the servers send keeps to the vendors' schemas and rules, in every story."""
    if "stand" not in request.fixturenames:
        yield
        return
    vendors: Simulator = request.getfixturevalue("simulator")
    before = len(vendors.state()["violations"])
    yield
    found = vendors.state()["violations"][before:]
    assert not found, f"the vendors' rules were broken:\n{yaml.safe_dump(found, allow_unicode=True)}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Stories that look into the node are left out on somebody's cluster, and the run's last lines say so."""
    given = bed.given()
    if item.get_closest_marker("on_bed") and given is not None and given.bed is None:
        pytest.skip("needs a test bed on this machine: it looks at the node's processes or files")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A story that was not run is never passed over in silence."""
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("NOT RUN", sep="!", red=True)
        for report in skipped:
            terminalreporter.write_line(f"{report.nodeid}: {report.longrepr[2]}")
