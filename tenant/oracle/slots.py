"""Free slots once more, from the written rules, in another language and with another tz database.

Reads the lines of the example `oracle_cases`, decides each question itself and compares: every slot with who does it,
every refusal's code, and that what a booking would write keeps all lanes apart. Prints what differs; ends with 1 when
anything does.

    oracle_cases slots SEED COUNT | slots.py            compares
    oracle_cases slots SEED COUNT | slots.py --self-test  bends one rule after another and must find differences each time
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import sys
from dataclasses import dataclass
from datetime import date

from clock import DAY, Clock

#: Everything in the cases lies on a multiple of this, so that no other instant can be a start.
GRID = 300
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

#: Refusals in the order of the checks, with the stable code of each.
REFUSALS = {
    "notice_too_short": "notice_too_short",
    "beyond_horizon": "outside_hours",
    "off_step": "outside_hours",
    "business_closed": "outside_hours",
    "staff_away": "outside_hours",
    "resource_closed": "outside_hours",
    "day_full": "limit_reached",
    "service_full": "limit_reached",
    "staff_full": "limit_reached",
    "staff_taken": "slot_taken",
    "class_full": "slot_taken",
    "resource_taken": "slot_taken",
}
RANK = {name: n for n, name in enumerate(REFUSALS)}

#: Rules that can be bent for the self-test.
BENDS = ["buffers", "notice", "second pass", "skipped hour", "vacations", "moves", "order of people", "seats", "limits"]


class Refused(Exception):
    """A part of the visit cannot be placed."""

    def __init__(self, part: int, name: str) -> None:
        super().__init__(name)
        self.key = (part, RANK[name])
        self.name = name


@functools.cache
def minutes(text: str) -> int:
    """`1d2h30m` in minutes."""
    total, digits = 0, ""
    for char in text:
        if char.isdigit():
            digits += char
        else:
            total += int(digits) * {"d": 1440, "h": 60, "m": 1}[char]
            digits = ""
    return total


@functools.cache
def day_number(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@functools.cache
def interval(text: str) -> tuple[int, int]:
    """In seconds after midnight; an end at or before the start lies on the next day."""
    begin, end = (int(part[:2]) * 3600 + int(part[3:]) * 60 for part in text.split("-"))
    return begin, end if end > begin else end + DAY


class Case:
    """One question; knows the rules."""

    def __init__(self, line: dict, bend: str = "") -> None:
        self.line, self.bend = line, bend
        self.profile = line["profile"]
        self.busy = line["busy"]
        self.rules = self.profile["rules"]
        self.now = line["now"]
        self.clock = Clock(self.profile["business"]["timeZone"], bend)
        self.services = {service["id"]: service for service in self.profile["services"]}
        self.staff = {person["id"]: person for person in self.profile["staff"]}
        self.resources = {resource["id"]: resource for resource in self.profile.get("resources", [])}
        self.first, self.last = day_number(line["window"]["first"]), day_number(line["window"]["last"])
        self.days = range(self.first - 4, self.last + 5)
        self.parts = [(self.services[service], staff) for service, staff in line["visit"]]
        self.times = self._times()
        self.open = {("business", p): self._exact(lambda d, p=p: self.business_on(d, p)) for p in self.staff}
        self.open |= {("staff", p): self._exact(lambda d, p=p: self.person_on(d, p)) for p in self.staff}
        self.open |= {("resource", r): self._exact(lambda d, r=r: self.resource_on(d, r)) for r in self.resources}
        self.begun = {row["booking"]: [(s, p, self.clock.local(t) // DAY) for s, p, t in row["parts"]] for row in self.busy["bookings"]}
        self.lanes: dict[str, list[dict]] = {}
        for row in self.busy["occupations"]:
            self.lanes.setdefault(row["lane"], []).append(row)
        self.first_day = {row["booking"]: self.clock.local(min(t for _, _, t in row["parts"])) // DAY for row in self.busy["bookings"]}

    # Hours ------------------------------------------------------------------------------------------------------

    def adjusted(self, day: int, target: object) -> list[str] | None:
        for change in reversed(self.busy["adjustments"]):
            if change["target"] == target and day_number(change["first"]) <= day <= day_number(change["last"]):
                return [] if change["change"] == "closed" else change["change"]["hours"]
        return None

    @staticmethod
    def closed(closures: list[dict], day: int) -> bool:
        return any(day_number(one["from"]) <= day <= day_number(one["to"]) for one in closures)

    def openings(self, day: int) -> list[dict]:
        return [one for one in self.profile.get("openings", []) if day_number(one["date"]) == day]

    @staticmethod
    def weekly(hours: dict, day: int) -> list[str]:
        return hours.get(WEEK[(day + 3) % 7], [])

    def business_on(self, day: int, person: str | None) -> list[str]:
        changed = self.adjusted(day, "business")
        if changed is not None:
            return changed
        special = self.openings(day)
        if special:
            mine = [o for o in special if not o.get("staff") or person is None or person in o["staff"]]
            return [text for one in mine for text in one["hours"]]
        if self.closed(self.profile.get("closures", []), day):
            return []
        return self.weekly(self.profile["hours"], day)

    def person_on(self, day: int, person: str) -> list[str]:
        changed = self.adjusted(day, {"staff": person})
        if changed is not None:
            return changed
        who = self.staff[person]
        if self.closed(who.get("vacations", []), day) and self.bend != "vacations":
            return []
        if "hours" not in who:
            return self.business_on(day, person)
        named = []
        if self.adjusted(day, "business") is None:
            named = [text for one in self.openings(day) if person in one.get("staff", []) for text in one["hours"]]
        return self.weekly(who["hours"], day) + named

    def resource_on(self, day: int, resource: str) -> list[str]:
        changed = self.adjusted(day, {"resource": resource})
        if changed is not None:
            return changed
        what = self.resources[resource]
        if self.closed(what.get("closures", []), day):
            return []
        if "hours" in what:
            return self.weekly(what["hours"], day)
        return self.business_on(day, None)

    def _exact(self, on) -> list[tuple[int, int]]:
        """The union of all days' intervals in exact time."""
        all_of_them = []
        for day in self.days:
            for text in on(day):
                begin, end = interval(text)
                all_of_them.append((self.clock.bound(day * DAY + begin), self.clock.bound(day * DAY + end)))
        merged: list[tuple[int, int]] = []
        for begin, end in sorted(one for one in all_of_them if one[0] < one[1]):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((begin, end))
        return merged

    def covered(self, what: tuple[str, str], begin: int, end: int) -> bool:
        return any(low <= begin and end <= high for low, high in self.open[what])

    # Bookings ---------------------------------------------------------------------------------------------------

    def span(self, service: dict, name: str) -> int:
        if self.bend == "buffers" and name == "bufferAfter":
            return 0
        return minutes(service[name]) * 60 if name in service else 0

    def _times(self) -> list[tuple[int, int, int, int]]:
        """Begin, end, and both with buffers, counted from the visit's start."""
        found: list[tuple[int, int, int, int]] = []
        for service, _ in self.parts:
            before, after = self.span(service, "bufferBefore"), self.span(service, "bufferAfter")
            begin = found[-1][3] + before if found else 0
            end = begin + minutes(service["duration"]) * 60
            found.append((begin, end, begin - before, end + after))
        return found

    def session(self, part: int, person: str, start: int) -> str | None:
        service = self.parts[part][0]
        if service.get("capacity", 1) == 1:
            return None
        return f"{service['id']}:{person}:{start + self.times[part][0]}"

    def joined(self, session: str) -> bool:
        return any(
            row["share"] == f"class:{session}" or row["lane"].startswith(f"seat:{session}/")
            for row in self.busy["occupations"]
        )

    def candidates(self, part: int, start: int) -> list[str]:
        service, named = self.parts[part]
        may = [p for p in self.staff if (not service.get("staff") or p in service["staff"]) and named in (None, p)]
        if service.get("capacity", 1) > 1:
            may.sort(key=lambda p: not self.joined(self.session(part, p, start) or ""))
        return may[::-1] if self.bend == "order of people" else may

    def on_step(self, person: str, start: int) -> bool:
        local = self.clock.local(start)
        if self.clock.exact(local) != start and self.bend != "second pass":
            return False
        step = minutes(self.rules["slotStep"]) * 60
        if self.rules.get("alignment", "midnight") == "midnight":
            return local % DAY % step == 0
        for day in range(local // DAY - 1, local // DAY + 1):
            for text in self.business_on(day, person):
                begin, end = (day * DAY + second for second in interval(text))
                if begin <= local < end and (local - begin) % step == 0:
                    return True
        return False

    def check_part(self, part: int, person: str, start: int) -> None:
        service = self.parts[part][0]
        begin, end, low, high = (start + second for second in self.times[part])
        notice = minutes(service.get("minimumNotice", self.rules["minimumNotice"])) * 60
        if begin < self.now + (0 if self.bend == "notice" else notice):
            raise Refused(part, "notice_too_short")
        if begin > self.now + minutes(service.get("horizon", self.rules["horizon"])) * 60:
            raise Refused(part, "beyond_horizon")
        if part == 0 and not self.on_step(person, start):
            raise Refused(part, "off_step")
        if not self.covered(("business", person), begin, end):
            raise Refused(part, "business_closed")
        if not self.covered(("staff", person), begin, end):
            raise Refused(part, "staff_away")
        if any(not self.covered(("resource", r), begin, end) for r in service.get("requires", [])):
            raise Refused(part, "resource_closed")
        if self.bend != "limits":
            self.check_limits(part, service, person, self.clock.local(begin) // DAY)
        session = self.session(part, person, start)
        share = f"class:{session}" if session else "new"
        for row in self.lanes.get(f"staff:{person}", []):
            if row["share"] != share and overlap(row["at"], (low, high)):
                raise Refused(part, "staff_taken")
        for event in self.busy["mirrored"]:
            if event["staff"] in (None, person) and overlap(event["at"], (low, high)):
                raise Refused(part, "staff_taken")
        if session and self.bend != "seats":
            seats = {row["lane"] for row in self.busy["occupations"] if row["lane"].startswith(f"seat:{session}/")}
            if len(seats) >= service["capacity"]:
                raise Refused(part, "class_full")

    def check_limits(self, part: int, service: dict, person: str, day: int) -> None:
        def reached(most: int | None, count: int) -> bool:
            return most is not None and count >= most

        if part == 0 and reached(self.rules.get("maxPerDay"), sum(d == day for d in self.first_day.values())):
            raise Refused(part, "day_full")
        of_service = sum(any(s == service["id"] and d == day for s, _, d in parts) for parts in self.begun.values())
        if reached(service.get("maxPerDay"), of_service):
            raise Refused(part, "service_full")
        of_person = sum(any(p == person and d == day for _, p, d in parts) for parts in self.begun.values())
        if reached(self.staff[person].get("maxPerDay"), of_person):
            raise Refused(part, "staff_full")

    def check_units(self, who: list[str], start: int) -> None:
        for resource in self.parts[len(who) - 1][0].get("requires", []):
            takers: dict[str, list] = {}
            for n, row in enumerate(self.busy["occupations"]):
                if row["lane"].startswith(f"resource:{resource}/"):
                    stays = row["pinned"] or row["at"][0] <= self.now or self.bend == "moves"
                    unit = int(row["lane"].rsplit("/")[-1]) if stays else None
                    key = row["share"] if row["share"].startswith("class:") else f"row {n}"
                    join(takers, key, row["at"], unit, False)
            for part, person in enumerate(who):
                if resource in self.parts[part][0].get("requires", []):
                    session = self.session(part, person, start)
                    at = (start + self.times[part][2], start + self.times[part][3])
                    join(takers, f"class:{session}" if session else f"new {part}", at, None, True)
            # Only what hangs together with the visit by overlapping matters.
            near = [taker for key, taker in takers.items() if key.startswith("new ") or taker[3]]
            rest = [taker for taker in takers.values() if taker not in near]
            while grown := [taker for taker in rest if any(overlap(taker, other) for other in near)]:
                near += grown
                rest = [taker for taker in rest if taker not in grown]
            near.sort(key=lambda taker: taker[0])
            if not spread(near, self.resources[resource].get("capacity", 1)):
                raise Refused(len(who) - 1, "resource_taken")

    def decide(self, start: int, who: list[str] | None = None) -> list[str]:
        """Who does the parts, from part `len(who)` on; the refusal of who came furthest where nobody can."""
        who = who or []
        if len(who) == len(self.parts):
            return who
        worst: Refused | None = None
        for person in self.candidates(len(who), start):
            try:
                self.check_part(len(who), person, start)
                self.check_units([*who, person], start)
                return self.decide(start, [*who, person])
            except Refused as refused:
                worst = refused if worst is None or refused.key > worst.key else worst
        assert worst is not None
        raise worst

    def slots(self) -> list[list]:
        window = self.line["window"]
        steps = self.rules.get("alignment", "midnight") == "midnight" and minutes(self.rules["slotStep"]) * 60
        found: list[list] = []
        start = max((self.first - 1) * DAY, (self.now // GRID) * GRID)
        while start < (self.last + 3) * DAY + DAY and len(found) < self.line["limit"]:
            local = self.clock.local(start)
            if steps and local % DAY % steps:
                start += GRID
                continue
            days = (local // DAY - 1, local // DAY)
            if any(
                self.first <= day <= self.last and day * DAY + window["from"] * 60 <= local < day * DAY + window["to"] * 60
                for day in days
            ):
                try:
                    found.append([start, start + self.times[-1][1], self.decide(start)])
                except Refused:
                    pass
            start += GRID
        return found

    def differences(self) -> list[str]:
        said = []
        slots = self.slots()
        if slots != self.line["slots"]:
            ours, theirs = ({json.dumps(slot) for slot in found} for found in (slots, self.line["slots"]))
            said.append(f"only here {sorted(ours - theirs)[:3]}, only there {sorted(theirs - ours)[:3]}")
        for asked in self.line["asked"]:
            name = None
            try:
                self.decide(asked["start"])
            except Refused as refused:
                name = refused.name
            if (name, name and REFUSALS[name]) != (asked["reason"], asked["code"]):
                said.append(f"at {asked['start']} here {name}, there {asked['reason']}")
        for plan in self.line["plans"]:
            said.extend(self.clashes(plan))
        return said

    def clashes(self, plan: dict) -> list[str]:
        """What a database would refuse of a booking."""
        rows = [dict(row) for row in self.busy["occupations"]]
        moved = []
        for move in plan["moves"]:
            same = [r for r in rows if (r["booking"], r["lane"], r["at"]) == (move["booking"], move["from"], move["at"])]
            if len(same) != 1 or same[0]["pinned"] or same[0]["at"][0] <= self.now:
                return [f"{move} moves what is not there or stays"]
            moved.append((same[0], move["to"]))
        for row, lane in moved:
            row["lane"] = lane
        rows += plan["lanes"]
        for n, a in enumerate(rows):
            for b in rows[:n]:
                if a["lane"] == b["lane"] and a["share"] != b["share"] and overlap(a["at"], b["at"]):
                    return [f"{a} and {b} share a lane"]
            if a["lane"].startswith("resource:"):
                resource, unit = a["lane"].removeprefix("resource:").split("/")
                if int(unit) > self.resources[resource].get("capacity", 1):
                    return [f"{a['lane']} does not exist"]
        needed = sum(1 + len(s.get("requires", [])) + (s.get("capacity", 1) > 1) for s, _ in self.parts)
        return [] if len(plan["lanes"]) == needed else [f"{len(plan['lanes'])} lanes instead of {needed}"]


def overlap(a, b) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[0] < a[1] and b[0] < b[1]


def join(takers: dict[str, list], key: str, at, unit: int | None, new: bool) -> None:
    """Customers of one session take one unit together."""
    begin, end, known, wanted = takers.get(key, (at[0], at[1], None, False))
    takers[key] = [min(begin, at[0]), max(end, at[1]), unit if known is None else known, wanted or new]


def spread(takers: list[list], capacity: int, units: tuple[int, ...] = ()) -> bool:
    """Whether each can have a unit of its own for its time."""
    if len(units) == len(takers):
        return True
    begin, end, fixed, _ = takers[len(units)]
    for unit in range(1, capacity + 1) if fixed is None else [fixed]:
        if not any(u == unit and overlap(t, (begin, end)) for t, u in zip(takers, units)):
            if spread(takers, capacity, (*units, unit)):
                return True
    return False


@dataclass
class Answer:
    """What came of one line."""

    seed: int
    slots: int
    asked: int
    plans: int
    said: list[str]


def answer(text: str) -> Answer:
    line = json.loads(text)
    counts = (len(line[name]) for name in ("slots", "asked", "plans"))
    return Answer(line["seed"], *counts, Case(line).differences())


def notices(texts: list[str], bend: str) -> bool:
    return any(Case(json.loads(text), bend).differences() for text in texts)


def self_test() -> int:
    texts = sys.stdin.readlines()
    blind = [bend for bend in BENDS if not notices(texts, bend)]
    print(f"slots, self-test: {len(BENDS) - len(blind)} of {len(BENDS)} bent rules are noticed in {len(texts)} cases")
    for bend in blind:
        print(f"  not noticed: {bend}")
    return 1 if blind else 0


def main() -> int:
    # Lines are taken as they come, so that they are made and checked at the same time.
    with multiprocessing.Pool() as pool:
        answers = list(pool.imap(answer, sys.stdin, chunksize=20))
    for one in answers:
        for text in one.said[:3]:
            print(f"seed {one.seed}: {text}")
    different = sum(bool(one.said) for one in answers)
    slots, asked, plans = (sum(getattr(one, name) for one in answers) for name in ("slots", "asked", "plans"))
    first = answers[0].seed if answers else None
    print(
        f"slots: {len(answers)} cases from seed {first}, {slots} slots, {asked} single starts, "
        f"{plans} bookings: {different} differences"
    )
    return 1 if different or not slots else 0


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    sys.exit(self_test() if "--self-test" in sys.argv else main())
