"""A Kubernetes cluster as kubectl shows it."""

import json
from pathlib import Path
from typing import Any

from steps.paths import tool
from steps.shell import CommandFailed, run
from steps.wait import until

Object = dict[str, Any]


class Cluster:
    """One cluster. All access is by kubectl and a kubeconfig of its own, never the user's by accident."""

    def __init__(self, kubeconfig: str, *, bed: str | None) -> None:
        self.kubeconfig = kubeconfig
        #: Name of the test bed it is, None for somebody's cluster. A bed's processes and volumes are this machine's,
        #: so only there can a story kill a server or look into its database.
        self.bed = bed

    def kubectl(self, *words: str | Path, stdin: str | None = None, seconds: float = 60) -> str:
        """What kubectl prints."""
        return run(tool("kubectl"), "--kubeconfig", self.kubeconfig, *words, stdin=stdin, seconds=seconds)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Object:
        """One object."""
        return json.loads(self.kubectl("get", kind, name, *_in(namespace), "-o", "json"))

    def find(self, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """One object, or None when there is no such one."""
        text = self.kubectl("get", kind, name, *_in(namespace), "--ignore-not-found", "-o", "json")
        return json.loads(text) if text.strip() else None

    def list(self, kind: str, namespace: str | None = None, *, selector: str | None = None) -> list[Object]:
        """All objects of a kind, of all namespaces when none is named."""
        where = _in(namespace) or ["--all-namespaces"]
        labels = ["-l", selector] if selector else []
        return json.loads(self.kubectl("get", kind, *where, *labels, "-o", "json"))["items"]

    def apply(self, *objects: Object) -> str:
        """Applies what is given, with strict validation."""
        bundle = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        return self.kubectl("apply", "--validate=strict", "-f", "-", stdin=json.dumps(bundle))

    def create(self, item: Object) -> str:
        """Creates one object; unlike apply it leaves no copy of a Secret in an annotation."""
        return self.kubectl("create", "-f", "-", stdin=json.dumps(item))

    def patch(self, kind: str, name: str, namespace: str | None, change: Any, *, how: str = "merge") -> str:
        """Patches one object. The change is handed over by stdin: it may hold a secret."""
        words = ["patch", kind, name, *_in(namespace), "--type", how, "--patch-file", "/dev/stdin"]
        return self.kubectl(*words, stdin=json.dumps(change))

    def delete(self, kind: str, name: str, namespace: str | None = None, *, wait: bool = True, seconds: float = 120) -> None:
        """Deletes one object if it is there."""
        limits = ["--wait=true", f"--timeout={seconds:g}s"] if wait else ["--wait=false"]
        self.kubectl("delete", kind, name, *_in(namespace), "--ignore-not-found", *limits, seconds=seconds + 30)

    def logs(self, namespace: str, pod: str, *, previous: bool = False) -> str:
        """All containers' logs of a pod; nothing when there is no previous run of them."""
        words = ["logs", pod, "-n", namespace, "--all-containers", "--ignore-errors"]
        try:
            return self.kubectl(*words, *(["--previous"] if previous else []))
        except CommandFailed as failure:
            if previous:
                return ""
            raise failure

    def wait_for_deployment(self, namespace: str, name: str, *, seconds: float = 120) -> None:
        """Waits until a Deployment runs as asked; the failure shows what its pods say."""
        try:
            self.kubectl(
                "rollout", "status", f"deployment/{name}", "-n", namespace, f"--timeout={seconds:g}s", seconds=seconds + 15
            )
        except CommandFailed as failure:
            raise AssertionError(f"{failure}\n{self.describe_pods(namespace)}") from None

    def wait_for_namespace_gone(self, name: str, *, seconds: float = 90) -> None:
        """Waits until a namespace and all in it have gone."""
        until(f"namespace {name} to go", lambda: self.find("namespace", name) is None, seconds=seconds)

    def describe_pods(self, namespace: str) -> str:
        """Why the pods of a namespace are as they are, for the text of a failure."""
        described = self.kubectl("describe", "pods", "-n", namespace)
        logs = [self.logs(namespace, pod["metadata"]["name"]) for pod in self.list("pods", namespace)]
        return "\n".join([*described.splitlines()[-60:], *(line for text in logs for line in text.splitlines()[-25:])])


def condition(item: Object | None, kind: str) -> Object:
    """A condition of an object's (or of one of its environments') status; empty when it is not there."""
    holder = (item or {}).get("status", item or {})
    return next((found for found in holder.get("conditions", []) if found["type"] == kind), {})


def secret(namespace: str, name: str, values: dict[str, str], labels: dict[str, str] | None = None, kind: str = "Opaque") -> Object:
    """A Secret with text values."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "stringData": values,
    }


def namespace(name: str, labels: dict[str, str] | None = None) -> Object:
    """A Namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels or {}}}


def _in(namespace_name: str | None) -> list[str]:
    return ["-n", namespace_name] if namespace_name else []
