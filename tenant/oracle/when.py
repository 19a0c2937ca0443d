"""What people mean by "friday at eight", once more, from the written rules (docs/decisions/0006-when.md).

    oracle_cases when SEED COUNT | when.py     compares random wishes
    when.py tests/data/when.tsv                compares the table
    … --self-test                              bends one rule after another and must find differences each time
"""

from __future__ import annotations

import calendar
import json
import re
import sys
from datetime import UTC, date, datetime, timedelta

from clock import DAY, Clock

WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
PARTS = {"morning": (0, 720), "afternoon": (720, 1080), "evening": (1080, 1440)}
BENDS = ["closing", "next", "slip", "leap", "pm", "morning after", "skipped hour", "weekday of date", "late"]


class Wrong(Exception):
    """A wish that names no time; its argument is the reason."""


def clock_time(text: str) -> int:
    match = re.fullmatch(r"(\d{1,2})(?::(\d{1,2})|h(\d{1,2})?)?\s*(am|pm)?", text.strip().lower(), re.ASCII)
    if not match:
        raise Wrong("malformed")
    hour, minute, half = int(match[1]), int(match[2] or match[3] or 0), match[4]
    if half:
        if not 1 <= hour <= 12:
            raise Wrong("malformed")
        hour = hour % 12 + (12 if half == "pm" else 0)
    if minute > 59 or hour * 60 + minute > 1440:
        raise Wrong("malformed")
    return hour * 60 + minute


def times(wish: dict, bend: str) -> tuple[int, int]:
    """First minute and first minute that is too late."""
    at, begin, end = (clock_time(wish[name]) if name in wish else None for name in ("at", "from", "to"))
    part = wish.get("part_of_day")

    def later(minute: int) -> int:
        return minute + 720 if part in ("afternoon", "evening") and 60 <= minute < 720 and bend != "pm" else minute

    begin = None if begin is None else later(begin)
    if at is not None:
        if begin is not None or end is not None:
            raise Wrong("contradiction")
        if at == 1440:
            raise Wrong("malformed")
        return later(at), later(at) + 1
    if begin == 1440:
        raise Wrong("malformed")
    if begin is not None and end is not None:
        if later(end) >= begin:
            end = later(end)
        if end >= begin:
            return begin, min(end + 1, 1440)
        if end <= 360 and bend != "morning after":
            return begin, end + 1441
        raise Wrong("contradiction")
    if begin is not None:
        return begin, 1440
    if end is not None:
        return 0, min(later(end) + 1, 1440)
    return PARTS.get(part, (0, 1440))


def resolve(now: datetime, zone: str, closing: datetime | None, wish: dict, bend: str = "") -> dict:
    """`now` and `closing` are local and naive."""
    begin, end = times(wish, bend)
    first, last, other = days(now, closing, wish, end, bend)
    clock = Clock(zone, bend)

    def instant(day: date, minute: int) -> int:
        return clock.bound((day - date(1970, 1, 1)).days * DAY + minute * 60)

    low, high = instant(first, begin), instant(last, end)
    if low >= high:
        raise Wrong("impossible")
    exact = low if first == last and end == begin + 1 else None
    return {
        "first": first.isoformat(),
        "last": last.isoformat(),
        "from": begin,
        "to": end,
        "stretch": [low, high],
        "exact": exact,
        "other": other and other.isoformat(),
    }


def days(now: datetime, closing: datetime | None, wish: dict, end: int, bend: str) -> tuple[date, date, date | None]:
    today = now.date()
    late = datetime(today.year, today.month, today.day) + timedelta(minutes=end - 1) < now and bend != "late"
    over = late or closing is None or closing <= now
    if bend == "closing":
        over = late
    dated = any(name in wish for name in ("day", "month", "year"))
    if dated + ("offset_days" in wish) + ("week" in wish) > 1:
        raise Wrong("contradiction")
    weekday = WEEK.index(wish["weekday"]) if "weekday" in wish else None

    def still(day: date) -> date:
        if day < today or (day == today and late):
            raise Wrong("past")
        return day

    def nearest() -> date:
        ahead = (weekday - today.weekday()) % 7
        return today + timedelta(days=7 if ahead == 0 and over else ahead)

    if dated:
        first, last = dated_days(today, late, over, wish, bend)
        if weekday is not None and first != last:
            raise Wrong("contradiction")
        found = (first, last, None)
    elif "offset_days" in wish:
        if not 0 <= wish["offset_days"] <= 366:
            raise Wrong("malformed")
        day = still(today + timedelta(days=wish["offset_days"]))
        found = (day, day, None)
    elif "week" in wish:
        weeks = wish["week"]
        if not 0 <= weeks <= 52:
            raise Wrong("malformed")
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
        if weekday is None:
            first, last = max(monday, today), monday + timedelta(days=6)
            if first == last:
                still(first)
            found = (first, last, None)
        elif weeks == 0:
            found = (nearest(), nearest(), None)
        else:
            day = monday + timedelta(days=weekday)
            if bend == "next":
                day = nearest() + timedelta(weeks=weeks)
            found = (day, day, nearest() if weeks == 1 and nearest() != day else None)
    elif weekday is not None:
        found = (nearest(), nearest(), None)
    else:
        found = (today, today + timedelta(days=14), None)
    if weekday is not None and found[0].weekday() != weekday and bend != "weekday of date":
        raise Wrong("contradiction")
    return found


def dated_days(today: date, late: bool, over: bool, wish: dict, bend: str) -> tuple[date, date]:
    day, month, year = (wish.get(name) for name in ("day", "month", "year"))
    if year is not None:
        year = year + 2000 if 0 <= year < 100 else year
        if not 1 <= year <= 9999:
            raise Wrong("malformed")
    if (day is not None and not 1 <= day <= 31) or (month is not None and not 1 <= month <= 12):
        raise Wrong("malformed")

    def make(y: int, m: int, d: int) -> date | None:
        return date(y, m, d) if 1 <= y <= 9999 and d <= calendar.monthrange(y, m)[1] else None

    if month is None:
        if year is not None:
            raise Wrong("malformed")
        y, m = today.year, today.month
        while (found := make(y, m, day)) is None or found < today or (found == today and over):
            y, m = (y + 1, 1) if m == 12 else (y, m + 1)
        return found, found
    if day is None:
        y = year if year is not None else today.year + (month < today.month)
        first, last = date(y, month, 1), date(y, month, calendar.monthrange(y, month)[1])
        if last < today or (last == today and late):
            raise Wrong("past")
        return max(first, today), last
    if year is not None:
        found = make(year, month, day)
        if found is None:
            raise Wrong("impossible")
        if found < today or (found == today and late):
            raise Wrong("past")
        return found, found
    reach = 1 if bend == "leap" else 8
    known = [d for y in range(today.year - reach, today.year + reach + 1) if (d := make(y, month, day))]
    ahead = [d for d in known if d >= today]
    behind = [d for d in known if d < today]
    if not ahead:
        raise Wrong("impossible")
    if (behind and (today - behind[-1]).days <= 31 and bend != "slip") or (ahead[0] == today and late):
        raise Wrong("past")
    return ahead[0], ahead[0]


def answer(line: dict, bend: str = "") -> dict:
    naive = datetime.fromisoformat
    closing = naive(line["closing"]) if line["closing"] else None
    try:
        return resolve(naive(line["now"]), line["zone"], closing, line["when"], bend)
    except Wrong as wrong:
        return {"reason": str(wrong)}


def as_text(found: dict) -> str:
    """A row's last column."""
    if "reason" in found:
        return found["reason"]

    def utc(at: int) -> str:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%MZ")

    days = found["first"] if found["first"] == found["last"] else f"{found['first']}..{found['last']}"
    minutes = "-".join(f"{m // 60:02}:{m % 60:02}" for m in (found["from"], found["to"]))
    other = f" not {found['other']}" if found["other"] else ""
    return f"{days} {minutes} {'/'.join(map(utc, found['stretch']))}{other}"


def table(path: str) -> list[dict]:
    lines = []
    with open(path, encoding="utf-8") as file:
        for row in file:
            if row.strip() and not row.startswith("#"):
                now, closing, when, expected = row.rstrip("\n").split("\t")[:4]
                local, zone = re.fullmatch(r"(.{19})[^\[]*\[(.*)\]", now).groups()
                closing = None if closing == "-" else closing
                wish = json.loads(when)
                lines.append({"now": local, "zone": zone, "closing": closing, "when": wish, "text": expected})
    return lines


def differs(line: dict, bend: str = "") -> str:
    found = answer(line, bend)
    if "text" in line:
        return "" if as_text(found) == line["text"] else f"{line['now']} {line['when']}: {as_text(found)}, not {line['text']}"
    return "" if found == line["answer"] else f"{line['now']} {line['zone']} {line['closing']} {line['when']}: {found}, not {line['answer']}"


def main() -> int:
    paths = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    lines = table(paths[0]) if paths else [json.loads(text) for text in sys.stdin]
    if "--self-test" in sys.argv:
        blind = [bend for bend in BENDS if not any(differs(line, bend) for line in lines)]
        print(f"when, self-test: {len(BENDS) - len(blind)} of {len(BENDS)} bent rules are noticed in {len(lines)} wishes")
        for bend in blind:
            print(f"  not noticed: {bend}")
        return 1 if blind else 0
    said = [text for line in lines if (text := differs(line))]
    for text in said[:10]:
        print(text)
    source = paths[0].rsplit("/", 1)[-1] if paths else f"seed {lines[0]['seed'] if lines else None}"
    print(f"when: {len(lines)} wishes from {source}: {len(said)} differences")
    return 1 if said or not lines else 0


if __name__ == "__main__":
    sys.exit(main())
