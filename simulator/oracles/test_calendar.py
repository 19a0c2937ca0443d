"""Google's own Calendar client against the stand-in."""

import google.auth.exceptions
import google.auth.transport.requests
import pytest
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

SCOPES = ["https://www.googleapis.com/auth/calendar.events", "https://www.googleapis.com/auth/calendar.freebusy"]
EMAIL = "bot@project.iam.gserviceaccount.com"
CALENDAR = "ana@group.calendar.google.com"


def credentials(simulator, private_key):
    info = {
        "type": "service_account",
        "client_email": EMAIL,
        "private_key": private_key,
        "private_key_id": "1",
        "token_uri": f"{simulator.url}/token",
    }
    return service_account.Credentials.from_service_account_info(info, scopes=SCOPES)


@pytest.fixture
def calendar(simulator, service_account_key):
    private, public = service_account_key
    simulator.control("google-key", {"client_email": EMAIL, "public_key_pem": public})
    with build(
        "calendar",
        "v3",
        credentials=credentials(simulator, private),
        client_options={"api_endpoint": f"{simulator.url}/calendar/v3/"},
        static_discovery=True,
    ) as service:
        yield service


def event(identity, hour, booking="b1"):
    return {
        "id": identity,
        "summary": "Corte – João",
        "start": {"dateTime": f"2026-11-24T{hour:02}:00:00-03:00", "timeZone": "America/Sao_Paulo"},
        "end": {"dateTime": f"2026-11-24T{hour:02}:45:00-03:00", "timeZone": "America/Sao_Paulo"},
        "extendedProperties": {"private": {"booking_id": booking}},
    }


def insert(calendar, *arguments):
    return calendar.events().insert(calendarId=CALENDAR, body=event(*arguments), sendUpdates="none").execute()


def reason(error):
    return error.value.resp.status, error.value.error_details[0]["reason"]


def test_an_inserted_event_is_found_by_id_and_by_booking(calendar, simulator):
    created = insert(calendar, "b0000001", 15)
    assert (created["kind"], created["status"], created["id"]) == ("calendar#event", "confirmed", "b0000001")
    insert(calendar, "b0000002", 16, "b2")
    assert calendar.events().get(calendarId=CALENDAR, eventId="b0000001").execute() == created
    found = calendar.events().list(calendarId=CALENDAR, privateExtendedProperty="booking_id=b1").execute()
    assert [item["id"] for item in found["items"]] == ["b0000001"]
    row = simulator.state()["events"][0]
    assert (row["calendar_id"], row["created_count"], row["event"]["summary"]) == (CALENDAR, 1, "Corte – João")


def test_an_id_is_taken_for_good(calendar, simulator):
    insert(calendar, "b0000001", 15)
    with pytest.raises(HttpError) as error:
        insert(calendar, "b0000001", 15)
    assert reason(error) == (409, "duplicate")
    calendar.events().delete(calendarId=CALENDAR, eventId="b0000001").execute()
    with pytest.raises(HttpError) as error:
        insert(calendar, "b0000001", 15)
    assert reason(error) == (409, "duplicate")
    with pytest.raises(HttpError) as error:
        calendar.events().delete(calendarId=CALENDAR, eventId="b0000001").execute()
    assert reason(error) == (410, "deleted")
    assert calendar.events().get(calendarId=CALENDAR, eventId="b0000001").execute()["status"] == "cancelled"
    row = simulator.state()["events"][0]
    assert (row["created_count"], row["insert_attempts"]) == (1, 3)


def test_a_patch_merges_and_an_old_etag_is_refused(calendar):
    created = insert(calendar, "b0000001", 15)
    request = calendar.events().patch(calendarId=CALENDAR, eventId="b0000001", body={"summary": "Barba – João"})
    request.headers["If-Match"] = created["etag"]
    changed = request.execute()
    assert (changed["summary"], changed["start"]) == ("Barba – João", created["start"])
    assert changed["etag"] != created["etag"]
    again = calendar.events().patch(calendarId=CALENDAR, eventId="b0000001", body={"summary": "x"})
    again.headers["If-Match"] = created["etag"]
    with pytest.raises(HttpError) as error:
        again.execute()
    assert reason(error) == (412, "conditionNotMet")


def test_lists_are_paged_ordered_and_bounded_as_google_bounds_them(calendar):
    for identity, hour in (("b0000003", 17), ("b0000001", 15), ("b0000002", 16)):
        insert(calendar, identity, hour)
    found, request = [], calendar.events().list(
        calendarId=CALENDAR, singleEvents=True, orderBy="startTime", maxResults=2
    )
    while request is not None:
        page = request.execute()
        found += [item["id"] for item in page["items"]]
        request = calendar.events().list_next(request, page)
    assert found == ["b0000001", "b0000002", "b0000003"]
    # timeMin bounds the end, timeMax the start, both exclusive.
    between = calendar.events().list(
        calendarId=CALENDAR, timeMin="2026-11-24T15:45:00-03:00", timeMax="2026-11-24T17:00:00-03:00"
    )
    assert [item["id"] for item in between.execute()["items"]] == ["b0000002"]


def test_a_sync_token_brings_only_what_changed(calendar):
    insert(calendar, "b0000001", 15)
    token = calendar.events().list(calendarId=CALENDAR).execute()["nextSyncToken"]
    insert(calendar, "b0000002", 16)
    calendar.events().delete(calendarId=CALENDAR, eventId="b0000001").execute()
    changes = calendar.events().list(calendarId=CALENDAR, syncToken=token).execute()
    assert {item["id"]: item["status"] for item in changes["items"]} == {
        "b0000001": "cancelled",
        "b0000002": "confirmed",
    }
    with pytest.raises(HttpError) as error:
        calendar.events().list(calendarId=CALENDAR, syncToken="sync-999").execute()
    assert reason(error) == (410, "fullSyncRequired")


def test_busy_times_are_joined_and_free_ones_left_out(calendar, simulator):
    insert(calendar, "b0000001", 15)
    lunch = event("b0000002", 12) | {"transparency": "transparent"}
    calendar.events().insert(calendarId=CALENDAR, body=lunch).execute()
    owners = {"summary": "Dentista", "start": {"dateTime": "2026-11-24T15:30:00-03:00"},
              "end": {"dateTime": "2026-11-24T16:30:00-03:00"}}
    simulator.control("events", {"calendar_id": CALENDAR, "event": owners})
    question = {"timeMin": "2026-11-24T00:00:00-03:00", "timeMax": "2026-11-25T00:00:00-03:00",
                "items": [{"id": CALENDAR}, {"id": "other"}]}
    answer = calendar.freebusy().query(body=question).execute()["calendars"]
    assert answer[CALENDAR]["busy"] == [{"start": "2026-11-24T18:00:00Z", "end": "2026-11-24T19:30:00Z"}]
    assert answer["other"]["busy"] == []


def test_a_token_is_used_again_until_it_is_refused_and_then_renewed_once(calendar, simulator):
    insert(calendar, "b0000001", 15)
    insert(calendar, "b0000002", 16)
    assert simulator.state()["tokens_issued"] == 1
    simulator.control("faults", {"vendor": "calendar", "status": 401, "times": 1})
    insert(calendar, "b0000003", 17)
    assert simulator.state()["tokens_issued"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "B0000001"},
        {"id": "b1"},
        {"start": None},
        {"end": {"dateTime": "2026-11-24T15:00:00-03:00"}},
        {"start": {"dateTime": "2026-11-24T15:00:00"}},
        {"attendees": [{"email": "joao@example.com"}]},
        {"sumary": "Corte"},
        {"transparency": 1},
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_and_noted(calendar, simulator, wrong):
    body = {name: value for name, value in (event("b0000001", 15) | wrong).items() if value is not None}
    with pytest.raises(HttpError) as error:
        calendar.events().insert(calendarId=CALENDAR, body=body).execute()
    assert error.value.resp.status in (400, 403)
    state = simulator.state()
    assert [violation["vendor"] for violation in state["violations"]] == ["calendar"] and state["events"] == []
    simulator.control("reset", {})


def test_an_assertion_signed_with_another_key_gets_no_token(calendar, simulator):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    other = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(google.auth.exceptions.RefreshError, match="Invalid JWT Signature"):
        credentials(simulator, other.decode()).refresh(google.auth.transport.requests.Request())
    assert [violation["what"] for violation in simulator.state()["violations"]] == ["invalid_grant"]
    simulator.control("reset", {})
