"""The images of the three programs."""

import os

from steps.cluster import Cluster, Object
from steps.paths import IMAGE_ARCHIVES, TESTBED
from steps.progress import say
from steps.shell import run

PROGRAMS = ("mcp-server", "mcp-operator", "mcp-simulator")
REPOSITORY = os.environ.get("IMAGE_REPOSITORY", "mcp-platform.local")
TAG = os.environ.get("IMAGE_TAG", "dev")


def load(cluster: Cluster) -> None:
    """Puts the archives of `make images` into a test bed's node. Other clusters pull by themselves."""
    if cluster.bed is None:
        say(f"not a test bed: its nodes must be able to pull {REPOSITORY}/*:{TAG} (IMAGE_REPOSITORY, IMAGE_TAG)")
        return
    archives = [IMAGE_ARCHIVES / f"{program}.tar" for program in PROGRAMS]
    missing = [archive.name for archive in archives if not archive.exists()]
    if missing:
        raise FileNotFoundError(f"no image archive {', '.join(missing)} in {IMAGE_ARCHIVES}; run: make images")
    say("loading the images into the node")
    run(TESTBED, "load-image", "--name", cluster.bed, *archives, seconds=180)


def reference(program: str) -> str:
    """What a pod spec names."""
    return f"{REPOSITORY}/{program}:{TAG}"


def value(program: str) -> Object:
    """The same for a chart's values."""
    return {"repository": f"{REPOSITORY}/{program}", "tag": TAG, "pullPolicy": "IfNotPresent"}
