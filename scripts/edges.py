#!/usr/bin/env python3
"""Checks who may depend on whom, over `cargo metadata`: the rules that keep the workspace's parts apart.

    scripts/edges.py              checks the workspace; prints each path that breaks a rule
    scripts/edges.py --self-test  shows that each rule refuses a violation planted in the real metadata
"""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator

Graph = dict[str, set[str]]

IO_FRAMEWORKS = {"tokio", "sqlx", "kube", "axum", "reqwest", "hyper", "rustls"}
KUBERNETES = {"kube", "kube-client", "kube-runtime", "kube-core", "kube-derive", "k8s-openapi"}

# (rule, crates it is about, what they may not reach)
REACH = [
    ("the profile and the calendar arithmetic are pure", {"mcp-tenant"}, IO_FRAMEWORKS),
    ("the store's traits know no framework", {"mcp-store"}, IO_FRAMEWORKS),
    (
        "Kubernetes is the operator's business",
        {"mcp-tenant", "mcp-store", "mcp-store-sqlite", "mcp-store-postgres", "mcp-server", "mcp-simulator"},
        KUBERNETES,
    ),
]
# (rule, what only they may name, who may)
DIRECT = [
    ("only the stores speak SQL", "sqlx", {"mcp-store-sqlite", "mcp-store-postgres", "mcp-store-contract"}),
    ("only the operator and its types have kube", "kube", {"mcp-crds", "mcp-operator"}),
    ("only the operator and its types have kube", "k8s-openapi", {"mcp-crds", "mcp-operator"}),
]


def metadata() -> dict:
    """What cargo resolved, for this machine's target."""
    host = next(
        line.removeprefix("host: ")
        for line in subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout.splitlines()
        if line.startswith("host: ")
    )
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", host]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def graph(data: dict, *, tests: bool) -> Graph:
    """Package name -> names it depends on. Without `tests`, what only tests use is left out."""
    names = {package["id"]: package["name"] for package in data["packages"]}
    edges: Graph = {name: set() for name in names.values()}
    for node in data["resolve"]["nodes"]:
        for dependency in node["deps"]:
            kinds = {kind["kind"] for kind in dependency["dep_kinds"]}
            if tests or kinds - {"dev"}:
                edges[names[node["id"]]].add(names[dependency["pkg"]])
    return edges


def path_to(edges: Graph, start: str, targets: set[str]) -> list[str] | None:
    """The shortest chain of dependencies from `start` to one of `targets`."""
    chains, seen = [[start]], {start}
    for chain in chains:
        for name in sorted(edges.get(chain[-1], ())):
            if name in targets:
                return [*chain, name]
            if name not in seen:
                seen.add(name)
                chains.append([*chain, name])
    return None


def violations(data: dict) -> Iterator[str]:
    members = {package["name"] for package in data["packages"] if package["id"] in data["workspace_members"]}
    shipped, with_tests = graph(data, tests=False), graph(data, tests=True)
    for rule, crates, forbidden in REACH:
        for crate in sorted(crates & members):
            if chain := path_to(shipped, crate, forbidden):
                yield f"{rule}: {' -> '.join(chain)}"
    for rule, dependency, allowed in DIRECT:
        for crate in sorted(members - allowed):
            if dependency in with_tests[crate]:
                yield f"{rule}: {crate} -> {dependency}"


def planted(data: dict, crate: str, dependency: str) -> dict:
    """The same metadata, in which `crate` also depends on `dependency`."""
    data = copy.deepcopy(data)
    ids = {package["name"]: package["id"] for package in data["packages"]}
    node = next(node for node in data["resolve"]["nodes"] if node["id"] == ids[crate])
    node["deps"].append({"pkg": ids[dependency], "dep_kinds": [{"kind": None, "target": None}]})
    return data


def self_test(data: dict) -> int:
    seeds = [
        ("mcp-tenant", "tokio"),
        ("mcp-store", "mcp-store-sqlite"),
        ("mcp-server", "mcp-crds"),
        ("mcp-server", "sqlx"),
        ("mcp-simulator", "kube"),
    ]
    missed = [seed for seed in seeds if len(list(violations(planted(data, *seed)))) <= len(list(violations(data)))]
    for crate, dependency in missed:
        print(f"edges: a planted dependency {crate} -> {dependency} was not noticed", file=sys.stderr)
    return 1 if missed else 0


def main() -> int:
    data = metadata()
    if "--self-test" in sys.argv[1:]:
        return self_test(data)
    found = list(violations(data))
    for violation in found:
        print(f"edges: {violation}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
