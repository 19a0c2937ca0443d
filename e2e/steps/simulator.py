"""Meta, Gemini and Google: the simulator as a pod, and what it tells about what it saw."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import yaml

from steps import images, pki
from steps.cluster import Cluster, secret
from steps.paths import REPOSITORY
from steps.progress import say
from steps.wait import until

if TYPE_CHECKING:
    from steps.tenant import Tenant

HOST = "simulator.simulator.svc.cluster.local"
URL = f"https://{HOST}"


class Simulator:
    """The simulator's control interface under `/_sim`."""

    def __init__(self, authority: str) -> None:
        #: PEM of the authority that everyone who talks to the simulator must trust.
        self.authority = authority
        trust = ssl.create_default_context(cadata=authority)
        self._http = httpx2.Client(base_url=URL, verify=trust, timeout=15)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        """All it saw: messages, gemini, events, calendar_calls, tokens_issued, violations."""
        return self._ask("GET", "/_sim/state")

    def messages_to(self, recipient: str) -> list[dict[str, Any]]:
        """What Meta accepted for a customer (phone number or business-scoped user id), oldest first."""
        return [sent for sent in self.state()["messages"] if recipient in (sent.get("to"), sent.get("recipient"))]

    def events(self, calendar: str) -> list[dict[str, Any]]:
        """The events that stand in a calendar."""
        return [
            event
            for event in self.state()["events"]
            if event["calendar_id"] == calendar and event["status"] != "cancelled"
        ]

    def register_number(
        self, number: str, webhook_url: str, app_secret: str, *, tokens: list[str] | None = None
    ) -> None:
        """From now on status webhooks and `say` of this number go to the tenant. Where tokens are given, every other
        one has expired."""
        body = {"phone_number_id": number, "webhook_url": webhook_url, "app_secret": app_secret, "access_tokens": tokens}
        self._ask("POST", "/_sim/numbers", body)

    @contextmanager
    def no_webhooks_for(self, tenant: "Tenant") -> Iterator[None]:
        """In the block Meta's status webhooks do not get through to a tenant; afterwards they are tried again."""
        self.register_number(tenant.number, "http://127.0.0.1:9/nobody-listens", tenant.credentials.app_secret)
        try:
            yield
        finally:
            self.register_number(tenant.number, tenant.webhook_url, tenant.credentials.app_secret)

    def register_google_key(self, client_email: str, public_key: str) -> None:
        """From now on assertions of this service account must be signed with the key's private half."""
        self._ask("POST", "/_sim/google-key", {"client_email": client_email, "public_key_pem": public_key})

    def hold(self, point: str, count: int = 1) -> "Hold":
        """The next `count` requests at a point wait until they are let go."""
        self._ask("POST", "/_sim/holds", {"point": point, "count": count})
        return Hold(self, point)

    def fault(self, vendor: str, status: int, times: int, **more: Any) -> None:
        """The next `times` requests to a vendor are answered with a failure."""
        self._ask("POST", "/_sim/faults", {"vendor": vendor, "status": status, "times": times, **more})

    def say(self, number: str, sender: str, name: str, text: str) -> dict[str, Any]:
        """Lets the simulator deliver a customer's message as Meta does, and try again until it is accepted."""
        return self._ask("POST", "/_sim/say", {"phone_number_id": number, "from": sender, "name": name, "text": text})

    def waiting(self, point: str) -> int:
        """How many requests are held at a point."""
        return next((held["n"] for held in self._ask("GET", "/_sim/holds")["waiting"] if held["point"] == point), 0)

    def release(self, point: str) -> None:
        """Lets go what is held at a point."""
        self._ask("POST", "/_sim/release", {"point": point})


class Hold:
    """Requests held at a point; whatever happens in the block, they are let go at its end."""

    def __init__(self, simulator: Simulator, point: str) -> None:
        self._simulator = simulator
        self._point = point

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def wait_for(self, count: int = 1, *, seconds: float = 20) -> None:
        """Waits until so many requests are held."""
        until(f"{count} held at {self._point}", lambda: self._simulator.waiting(self._point) >= count, seconds=seconds)

    def release(self) -> None:
        """Lets them go."""
        self._simulator.release(self._point)


def deploy(cluster: Cluster) -> Simulator:
    """Starts the simulator with a certificate made for it, and waits until it answers."""
    say("starting the simulator")
    certificate = pki.server_certificate(HOST, "simulator.simulator.svc")
    documents = list(yaml.safe_load_all((REPOSITORY / "e2e" / "manifests" / "simulator.yaml").read_text()))
    for document in documents:
        if document["kind"] == "Deployment":
            document["spec"]["template"]["spec"]["containers"][0]["image"] = images.reference("mcp-simulator")
    keys = {"tls.crt": certificate.certificate, "tls.key": certificate.key, "ca.crt": certificate.authority}
    namespace, *rest = documents
    cluster.apply(namespace)
    cluster.delete("secret", "simulator-tls", "simulator")
    cluster.create(secret("simulator", "simulator-tls", keys, kind="kubernetes.io/tls"))
    cluster.delete("deployment", "simulator", "simulator")
    cluster.apply(*rest)
    cluster.wait_for_deployment("simulator", "simulator")
    simulator = Simulator(certificate.authority)
    until("the simulator to answer", simulator.state, seconds=40)
    return simulator


def authority_of(cluster: Cluster) -> str:
    """The authority of a simulator that was deployed earlier."""
    return base64.b64decode(cluster.get("secret", "simulator-tls", "simulator")["data"]["ca.crt"]).decode()
