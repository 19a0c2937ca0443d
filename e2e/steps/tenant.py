"""A client's environment at run time: its pod, its addresses, its database, its process."""

from pathlib import Path

import httpx2

from steps import process, whatsapp
from steps.clients import PRODUCTION
from steps.cluster import Cluster, Object, condition
from steps.credentials import Credentials
from steps.database import Database
from steps.wait import until


class Tenant:
    """The production environment of a client."""

    def __init__(self, cluster: Cluster, client: Object, credentials: Credentials) -> None:
        self.cluster = cluster
        self.client = client
        self.credentials = credentials
        self.name: str = client["metadata"]["name"]
        self.agency: str = client["metadata"]["namespace"]
        self.namespace = f"{self.name}-{PRODUCTION}"
        self.url = f"http://{self.name}.{self.namespace}.svc"
        self.webhook_url = f"{self.url}/webhooks/whatsapp"

    @property
    def number(self) -> str:
        """Its WhatsApp phone number id."""
        return self.client["spec"]["environments"][0]["whatsapp"]["phoneNumberId"]

    @property
    def calendar(self) -> str:
        """Its Google calendar."""
        return self.client["spec"]["environments"][0]["calendar"]["google"]["calendarId"]

    def resource(self) -> Object:
        """The McpClient as it stands in the cluster."""
        return self.cluster.get("mcpclient", self.name, self.agency)

    def ready(self) -> Object:
        """Its Ready condition."""
        return condition(self.resource(), "Ready")

    def wait_ready(self, *, seconds: float = 60) -> None:
        """Waits until the client is Ready for its present spec and the Service answers."""

        def now() -> bool:
            resource = self.resource()
            ready = condition(resource, "Ready")
            assert resource["status"]["observedGeneration"] == resource["metadata"]["generation"], "spec not observed yet"
            assert ready.get("status") == "True", f"Ready: {ready}"
            return True

        try:
            until(f"McpClient {self.name} to be Ready", now, seconds=seconds)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.cluster.describe_pods(self.namespace)}") from None
        # kube-proxy's rules trail the first ready endpoint by about a second.
        until("the Service to answer", self.healthy, seconds=30)

    def healthy(self) -> bool:
        """Whether `/health` answers through the Service."""
        try:
            return httpx2.get(f"{self.url}/health", timeout=3).status_code == 200
        except httpx2.HTTPError:
            return False

    def pod(self) -> Object:
        """Its one pod that is not on its way out."""
        pods = [pod for pod in self.cluster.list("pods", self.namespace) if "deletionTimestamp" not in pod["metadata"]]
        assert len(pods) == 1, f"{self.namespace} has {len(pods)} pods"
        return pods[0]

    def internal(self, path: str) -> httpx2.Response:
        """A page of the internal listener, by the pod's address as the kubelet uses it."""
        return httpx2.get(f"http://{self.pod()['status']['podIP']}:9090{path}", timeout=5)

    def post(self, body: whatsapp.Body, *, signed: str | None = None) -> httpx2.Response:
        """Delivers a webhook to it."""
        return whatsapp.post(self.webhook_url, body, self.credentials.app_secret, signed=signed)

    def process(self) -> process.Process:
        """The server's process on this machine."""
        uid = self.pod()["metadata"]["uid"]
        return until("the server's process", lambda: process.of_pod(uid, "/mcp-server"), seconds=40)

    def replace_pod(self) -> None:
        """Deletes the pod and waits until its successor serves."""
        old = self.pod()["metadata"]
        self.cluster.delete("pod", old["name"], self.namespace)
        until("a new pod", lambda: self.pod()["metadata"]["uid"] != old["uid"], seconds=30)
        self.cluster.wait_for_deployment(self.namespace, self.name, seconds=60)
        until("the Service to answer", self.healthy, seconds=30)

    def volume(self) -> Path:
        """The folder of its volume on this machine."""
        claim = self.cluster.get("persistentvolumeclaim", f"{self.name}-data", self.namespace)
        volume = self.cluster.get("persistentvolume", claim["spec"]["volumeName"])
        return Path(volume["spec"]["local"]["path"])

    def database(self) -> Database:
        """Its database file."""
        return Database(self.volume() / "tenant.db")

    def token(self, scope: str, *, subject: str = "agent-of-a-test", ttl: str = "10m") -> str:
        """A token for its MCP server, as its owner makes one."""
        pod = self.pod()["metadata"]["name"]
        command = ["/mcp-server", "token", "--scope", scope, "--subject", subject, "--ttl", ttl]
        return self.cluster.kubectl("exec", pod, "-n", self.namespace, "-c", self.container(), "--", *command).strip()

    def container(self) -> str:
        """Name of the server's container."""
        return self.pod()["spec"]["containers"][0]["name"]
