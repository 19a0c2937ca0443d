"""Appointments to ask for: each story gets times of its own, so that stories do not take each other's slots."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from steps.cluster import Object

#: As the profile names them, in the order of `date.weekday()`, and as customers in Brazil say them.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPOKEN = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")


@dataclass(frozen=True)
class Appointment:
    """A start time in the business's zone."""

    start: datetime

    @property
    def day(self) -> str:
        """The weekday as a customer says it."""
        return SPOKEN[self.start.weekday()]

    @property
    def weekday(self) -> str:
        """The weekday as tools take it."""
        return DAYS[self.start.weekday()]

    @property
    def clock(self) -> str:
        """`15:00`."""
        return self.start.strftime("%H:%M")

    @property
    def words(self) -> str:
        """`terça às 15:00`."""
        return f"{self.day} às {self.clock}"


class Agenda:
    """Hands out full hours of the coming week in which somebody works, none twice, none of today."""

    def __init__(self, client: Object, now: datetime | None = None) -> None:
        profile = client["spec"]["profile"]
        self.zone = ZoneInfo(profile["business"]["timeZone"])
        today = (now or datetime.now(self.zone)).date()
        week = (today + timedelta(days=ahead) for ahead in range(1, 7))
        self._days = [
            hours for day in week if not _closed(profile, day) and (hours := self._free_hours(profile, day))
        ]

    def next(self) -> Appointment:
        """An hour nobody was given, from the day that has most left."""
        day = max(self._days, key=len, default=[])
        assert day, "no appointment of the coming week is left to ask for"
        return Appointment(day.pop())

    def first_of_a_day(self) -> Appointment:
        """The opening hour of a day nobody was given, which is thereby used up: every list of offers begins with it."""
        day = max(self._days, key=len, default=[])
        assert day, "no day of the coming week is left to ask for"
        self._days.remove(day)
        return Appointment(day[0])

    def _free_hours(self, profile: Object, day: date) -> list[datetime]:
        """Full hours at which the business is open for an hour and somebody is there."""
        weekday = DAYS[day.weekday()]
        staff = [person.get("hours", profile["hours"]) for person in profile["staff"]]

        def open_in(week: Object, hour: int) -> bool:
            return any(_contains(span, hour) for span in week.get(weekday, []))

        return [
            datetime.combine(day, time(hour), self.zone)
            for hour in range(24)
            if open_in(profile["hours"], hour) and any(open_in(week, hour) for week in staff)
        ]


def _contains(span: str, hour: int) -> bool:
    opens, closes = (_minutes(text) for text in span.split("-"))
    return opens <= hour * 60 and hour * 60 + 60 <= closes


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _closed(profile: Object, day: date) -> bool:
    return any(str(closure["from"]) <= day.isoformat() <= str(closure["to"]) for closure in profile.get("closures", []))
