"""What a human supplies for a client, made up afresh for every run, and recognisable wherever it should not be."""

import re
import secrets
from dataclasses import dataclass, field

from steps import pki
from steps.cluster import Object, secret

LABELS = {"mcp-platform.dev/credentials": "true"}


@dataclass
class Credentials:
    """The values of a credentials Secret, and the public half of the Google key."""

    values: dict[str, str] = field(repr=False)
    google_public_key: str

    @property
    def app_secret(self) -> str:
        """What Meta signs webhooks with."""
        return self.values["WHATSAPP_APP_SECRET"]

    @property
    def google_client_email(self) -> str:
        """The service account."""
        return self.values["GOOGLE_CLIENT_EMAIL"]

    def secret(self, namespace: str, name: str) -> Object:
        """The Secret a human applies."""
        return secret(namespace, name, self.values, LABELS)

    def secret_pieces(self) -> dict[str, str]:
        """Key -> a piece of its value that is nowhere else by chance. A PEM body is looked for by a line of it."""
        pieces = {}
        for key, value in self.values.items():
            if key in ("GOOGLE_PROJECT_ID", "GOOGLE_CLIENT_EMAIL"):
                continue  # identifiers, not secrets
            pieces[key] = _middle_line(value) if "PRIVATE KEY" in value else value
        return pieces


def fresh(project: str) -> Credentials:
    """Credentials nobody had before."""
    private, public = pki.rsa_key()
    return Credentials(
        values={
            "WHATSAPP_API_TOKEN": canary("token"),
            "WHATSAPP_APP_SECRET": canary("app"),
            "WHATSAPP_WEBHOOK_VERIFY_TOKEN": canary("verify"),
            "GEMINI_API_KEY": canary("gemini"),
            "GOOGLE_PROJECT_ID": project,
            "GOOGLE_CLIENT_EMAIL": f"agenda@{project}.iam.gserviceaccount.com",
            "GOOGLE_PRIVATE_KEY": private,
        },
        google_public_key=public,
    )


def canary(word: str) -> str:
    """A secret that is found again wherever it turns up."""
    return f"canary-{word}-{secrets.token_hex(16)}"


def _middle_line(pem: str) -> str:
    lines = [line for line in pem.splitlines() if re.fullmatch(r"[A-Za-z0-9+/=]{40,}", line)]
    return lines[len(lines) // 2]
