"""McpClient resources: the example a newcomer applies, and variations of it."""

import copy
from typing import Any

import yaml

from steps.cluster import Object
from steps.paths import EXAMPLES

EXAMPLE = EXAMPLES / "barbershop.yaml"
PRODUCTION = "production"


def barbershop() -> Object:
    """The example as it stands."""
    documents = [document for document in yaml.safe_load_all(EXAMPLE.read_text()) if document]
    return next(document for document in documents if document["kind"] == "McpClient")


def another(name: str, phone_number_id: str, **profile: Any) -> Object:
    """A client with the example's profile and its own name, number, credentials and calendar. It keeps its data when
    it is deleted, as is the default. `profile` replaces parts of the profile."""
    client = copy.deepcopy(barbershop())
    client["metadata"]["name"] = name
    client["metadata"].pop("annotations", None)
    spec = client["spec"]
    spec.pop("deletionPolicy", None)
    spec["displayName"] = name
    spec["profile"].update(copy.deepcopy(profile))
    spec["credentialsSecretRef"] = {"name": f"{name}-credentials"}
    environment = spec["environments"][0]
    environment["whatsapp"]["phoneNumberId"] = phone_number_id
    if "google" in environment.get("calendar", {}):
        environment["calendar"]["google"]["calendarId"] = f"{name}@calendar.example"
    return client


def deletes_its_data(client: Object) -> Object:
    """The same client, whose deletion takes the data along, confirmed."""
    client = copy.deepcopy(client)
    client["spec"]["deletionPolicy"] = "Delete"
    namespace = f"{client['metadata']['name']}-{PRODUCTION}"
    client["metadata"].setdefault("annotations", {})["mcp-platform.dev/confirm-delete"] = namespace
    return client
