"""Google's own Calendar client against the stand-in."""

import http.server
import queue
import threading

import google.auth.exceptions
import google.auth.transport.requests
import googleapiclient.channel
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


OWNERS = {"summary": "Dentista", "start": {"dateTime": "2026-11-24T15:30:00-03:00"},
          "end": {"dateTime": "2026-11-24T16:30:00-03:00"}}


def owners(simulator, **more):
    return simulator.control("events", {"calendar_id": CALENDAR, "event": OWNERS | more})["id"]


def changes(calendar, token):
    """All pages since a token, three events each, and the next token."""
    found, request = {}, calendar.events().list(
        calendarId=CALENDAR, syncToken=token, singleEvents=True, showDeleted=True, maxResults=3
    )
    while request is not None:
        page = request.execute()
        found |= {item["id"]: item for item in page["items"]}
        request = calendar.events().list_next(request, page)
    return found, page["nextSyncToken"]


def test_a_synchronisation_goes_on_from_its_token_page_by_page(calendar, simulator):
    first = calendar.events().list(calendarId=CALENDAR, singleEvents=True, showDeleted=True).execute()
    ids = [owners(simulator) for _ in range(7)]
    found, token = changes(calendar, first["nextSyncToken"])
    assert set(found) == set(ids)
    moved = {"end": {"dateTime": "2026-11-24T17:00:00-03:00"}}
    simulator.control("events/change", {"calendar_id": CALENDAR, "event_id": ids[0], "changes": moved})
    simulator.control("events/delete", {"calendar_id": CALENDAR, "event_id": ids[1]})
    found, token = changes(calendar, token)
    assert found[ids[0]]["end"] == moved["end"] and len(found) == 2
    assert set(found[ids[1]]) == {"kind", "etag", "id", "status"} and found[ids[1]]["status"] == "cancelled"
    assert changes(calendar, token)[0] == {}


def test_a_token_can_be_made_too_old_and_a_new_list_gives_a_good_one(calendar, simulator):
    token = calendar.events().list(calendarId=CALENDAR, singleEvents=True).execute()["nextSyncToken"]
    simulator.control("calendars", {"calendar_id": CALENDAR, "expire_sync_tokens": True})
    with pytest.raises(HttpError) as error:
        changes(calendar, token)
    assert reason(error) == (410, "fullSyncRequired")
    token = calendar.events().list(calendarId=CALENDAR, singleEvents=True).execute()["nextSyncToken"]
    assert changes(calendar, token)[0] == {}


def test_only_what_was_updated_since_is_listed(calendar, simulator):
    owners(simulator)
    updated = calendar.events().list(calendarId=CALENDAR).execute()["items"][0]["updated"]
    assert calendar.events().list(calendarId=CALENDAR, updatedMin=updated).execute()["items"]
    assert not calendar.events().list(calendarId=CALENDAR, updatedMin="2100-01-01T00:00:00Z").execute()["items"]


def test_who_may_not_read_events_may_ask_for_free_and_busy_times(calendar, simulator):
    owners(simulator)
    question = {"timeMin": "2026-11-24T00:00:00-03:00", "timeMax": "2026-11-25T00:00:00-03:00",
                "items": [{"id": CALENDAR}]}
    simulator.control("calendars", {"calendar_id": CALENDAR, "access": "freeBusyReader"})
    for request in (
        calendar.events().list(calendarId=CALENDAR),
        calendar.events().insert(calendarId=CALENDAR, body=event("b0000001", 15)),
    ):
        with pytest.raises(HttpError) as error:
            request.execute()
        assert reason(error) == (403, "forbidden")
    assert len(calendar.freebusy().query(body=question).execute()["calendars"][CALENDAR]["busy"]) == 1
    simulator.control("calendars", {"calendar_id": CALENDAR, "access": "none"})
    with pytest.raises(HttpError) as error:
        calendar.events().list(calendarId=CALENDAR).execute()
    assert reason(error) == (404, "notFound")
    answer = calendar.freebusy().query(body=question).execute()["calendars"][CALENDAR]
    assert (answer["busy"], answer["errors"][0]["reason"]) == ([], "notFound")


def test_a_whole_day_lies_in_the_calendars_zone(calendar, simulator):
    simulator.control("calendars", {"calendar_id": CALENDAR, "time_zone": "America/Sao_Paulo"})
    owners(simulator, start={"date": "2026-11-24"}, end={"date": "2026-11-25"})
    assert calendar.events().list(calendarId=CALENDAR).execute()["timeZone"] == "America/Sao_Paulo"
    question = {"timeMin": "2026-11-23T00:00:00Z", "timeMax": "2026-11-26T00:00:00Z", "items": [{"id": CALENDAR}]}
    answer = calendar.freebusy().query(body=question).execute()["calendars"][CALENDAR]
    assert answer["busy"] == [{"start": "2026-11-24T03:00:00Z", "end": "2026-11-25T03:00:00Z"}]


def test_a_deleted_event_comes_back_with_its_status(calendar, simulator):
    insert(calendar, "b0000001", 15)
    simulator.control("events/delete", {"calendar_id": CALENDAR, "event_id": "b0000001"})
    body = {"status": "confirmed"}
    calendar.events().patch(calendarId=CALENDAR, eventId="b0000001", body=body).execute()
    listed = calendar.events().list(calendarId=CALENDAR).execute()["items"]
    assert [(item["id"], item["summary"]) for item in listed] == [("b0000001", "Corte – João")]


@pytest.fixture
def receiver():
    """Where pushes go, and what came."""
    came = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            came.put((self.path, dict(self.headers), self.rfile.read(int(self.headers.get("Content-Length", 0)))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()


def test_a_channel_is_told_of_every_change_until_it_is_stopped(calendar, simulator, receiver):
    local, came = receiver
    simulator.control("ingress", {"public": "https://bella.example", "local": local})
    channel = googleapiclient.channel.new_webhook_channel("https://bella.example/hook", token="secret")
    answer = calendar.events().watch(calendarId=CALENDAR, body=channel.body()).execute()
    # Google's own client reads the answer and, below, the notifications.
    channel.update(answer)
    assert (answer["kind"], channel.id, bool(channel.resource_id)) == ("api#channel", answer["id"], True)

    def told():
        path, headers, body = came.get(timeout=10)
        token = {name.lower(): value for name, value in headers.items()}["x-goog-channel-token"]
        assert (path, body, token) == ("/hook", b"", "secret")
        note = googleapiclient.channel.notification_from_headers(channel, headers)
        assert note.resource_uri == answer["resourceUri"]
        return note.message_number, note.state

    assert told() == (1, "sync")
    identity = owners(simulator)
    assert told() == (2, "exists")
    insert(calendar, "b0000001", 15)
    assert told() == (3, "exists")
    simulator.control("events/delete", {"calendar_id": CALENDAR, "event_id": identity})
    assert told() == (4, "exists")
    calendar.channels().stop(body={"id": channel.id, "resourceId": channel.resource_id}).execute()
    owners(simulator)
    with pytest.raises(queue.Empty):
        came.get(timeout=1)
    assert simulator.state()["channels"] == []


@pytest.mark.parametrize(
    "wrong, why",
    [
        ({"address": "http://bella.example/hook"}, (400, "push.webhookUrlNotHttps")),
        ({"type": "pigeon"}, (400, "invalid")),
        ({"id": "x" * 65}, (400, "invalid")),
        ({"id": None}, (400, "required")),
    ],
)
def test_a_channel_that_breaks_a_rule_is_refused(calendar, simulator, wrong, why):
    body = {"id": "c1", "type": "web_hook", "address": "https://bella.example/hook"} | wrong
    with pytest.raises(HttpError) as error:
        calendar.events().watch(
            calendarId=CALENDAR, body={name: value for name, value in body.items() if value is not None}
        ).execute()
    assert reason(error) == why
    assert len(simulator.state()["violations"]) == 1
    simulator.control("reset", {})
