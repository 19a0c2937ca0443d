"""A person who writes to a business, and what they get to read."""

from typing import Any

from steps import whatsapp
from steps.simulator import Simulator
from steps.tenant import Tenant
from steps.wait import until


class Customer:
    """One customer of one tenant, with a number and (unless given) a name nobody else has."""

    def __init__(self, tenant: Tenant, simulator: Simulator, name: str | None = None) -> None:
        self.tenant = tenant
        self.simulator = simulator
        self.number = whatsapp.a_number()
        self.name = name or f"João {self.number[-8:]}"

    def message(self, words: str) -> whatsapp.Body:
        """A webhook that carries what they write."""
        return whatsapp.text(self.tenant.number, self.number, words, name=self.name)

    def writes(self, words: str) -> whatsapp.Body:
        """They write; the server acknowledges it."""
        body = self.message(words)
        answer = self.tenant.post(body)
        assert answer.status_code == 200, f"webhook answered {answer.status_code}: {answer.text}"
        return body

    def answers(self) -> list[str]:
        """What they have read so far."""
        return [reading(message) for message in self.simulator.messages_to(self.number)]

    def answer(self, number: int = 1, *, seconds: float = 20) -> str:
        """Their n-th answer, waited for."""

        def nth() -> str | None:
            answers = self.answers()
            return answers[number - 1] if len(answers) >= number else None

        return until(f"answer {number} to {self.number}", nth, seconds=seconds)

    def asks(self, words: str, *, seconds: float = 20) -> str:
        """They write and read the next answer."""
        before = len(self.answers())
        self.writes(words)
        return self.answer(before + 1, seconds=seconds)

    def bookings(self) -> list[dict[str, Any]]:
        """Their standing bookings, from the tenant's database."""
        return self.tenant.database().bookings_of(self.number)

    def events(self) -> list[dict[str, Any]]:
        """The calendar events under their name."""
        return [
            event
            for event in self.simulator.events(self.tenant.calendar)
            if self.name in event["event"]["summary"]
        ]


def reading(message: dict[str, Any]) -> str:
    """The text of an outbound message, interactive ones included."""
    body = message["body"]
    if body["type"] == "text":
        return body["text"]["body"]
    return body["interactive"]["body"]["text"]
