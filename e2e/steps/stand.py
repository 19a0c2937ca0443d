"""Everything a story needs, standing: a cluster with the images, the simulator, the operator and an agency."""

from collections.abc import Iterator
from contextlib import contextmanager

from steps import clients, credentials, images, operator, simulator
from steps.cluster import Cluster, Object, namespace
from steps.credentials import Credentials
from steps.names import ServiceNames
from steps.progress import say
from steps.simulator import Simulator
from steps.tenant import Tenant

AGENCY = "agency"
#: Marks the agency's namespace of a test or a demo, so that neither works on somebody's real platform.
OURS = {"mcp-platform.dev/demo": "true"}


class NotOurs(Exception):
    """The cluster has the platform already, and it was not put there by a test or a demo."""

    def __init__(self) -> None:
        super().__init__(
            "this cluster has mcp-platform already: a test or demo would replace its operator and point it to the"
            " simulator. Use another cluster"
        )


class Stand:
    """A platform ready to take clients."""

    def __init__(self, cluster: Cluster, vendors: Simulator, names: ServiceNames) -> None:
        self.cluster = cluster
        self.simulator = vendors
        self._names = names

    def add(self, client: Object, given: Credentials | None = None) -> Tenant:
        """Applies a client with credentials of its own and waits until it is Ready."""
        tenant = self.announce(client, given)
        self.cluster.apply(client)
        tenant.wait_ready()
        return tenant

    def add_example(self) -> Tenant:
        """The same with the example's file as it lies in the repository."""
        tenant = self.announce(clients.barbershop())
        say(f"kubectl apply -f {clients.EXAMPLE.name}")
        self.cluster.kubectl("apply", "--validate=strict", "-f", clients.EXAMPLE)
        tenant.wait_ready()
        say(f"{tenant.name} is Ready")
        return tenant

    def announce(self, client: Object, given: Credentials | None = None) -> Tenant:
        """What precedes a client: its credentials Secret, its number at Meta, its service account at Google. A client
        of that name that an earlier run left goes first."""
        name = client["metadata"]["name"]
        if self.cluster.find("mcpclient", name, AGENCY):
            say(f"removing {name} of an earlier run")
            self.cluster.delete("mcpclient", name, AGENCY)
        agreed = given or credentials.fresh(name)
        secret_name = client["spec"]["credentialsSecretRef"]["name"]
        self.cluster.delete("secret", secret_name, AGENCY)
        self.cluster.create(agreed.secret(AGENCY, secret_name))
        return self.known_to_vendors(client, agreed)

    def known_to_vendors(self, client: Object, agreed: Credentials) -> Tenant:
        """Its number at Meta and its service account at Google: without them it is not Ready."""
        tenant = Tenant(self.cluster, client, agreed)
        self._names.forget(tenant.namespace)
        self.simulator.register_number(tenant.number, tenant.webhook_url, agreed.app_secret)
        self.simulator.register_google_key(agreed.google_client_email, agreed.google_public_key)
        return tenant


@contextmanager
def standing(cluster: Cluster) -> Iterator[Stand]:
    """Installs the platform on a cluster; inside the block service names resolve."""
    refuse_a_real_platform(cluster)
    images.load(cluster)
    with ServiceNames(cluster) as names:
        vendors = simulator.deploy(cluster)
        cluster.apply(namespace(AGENCY, OURS))
        operator.install(cluster, authority=vendors.authority, agencies=[AGENCY])
        yield Stand(cluster, vendors, names)


def refuse_a_real_platform(cluster: Cluster) -> None:
    """Raises when the CRD is there but the agency's namespace is not one of ours."""
    if cluster.find("customresourcedefinition", "mcpclients.mcp-platform.dev") is None:
        return
    agency = cluster.find("namespace", AGENCY)
    if agency is None or not OURS.items() <= agency["metadata"].get("labels", {}).items():
        raise NotOurs
