"""A WhatsApp client we did not write (pywa) reads what the simulator posts, and sends through it."""

import base64
import http.server
import queue
import threading

import httpx
import pytest
from pywa import WhatsApp
from pywa.types import Button, CallbackButton, Message, MessageStatus, Section, SectionList, SectionRow

NUMBER, SECRET, CUSTOMER = "106540352242922", "app-secret", "5511987654321"


class ToSimulator(httpx.HTTPTransport):
    """Sends what is meant for graph.facebook.com to the simulator."""

    def __init__(self, url):
        super().__init__(trust_env=False)
        self.to = httpx.URL(url)

    def handle_request(self, request):
        request.url = request.url.copy_with(scheme=self.to.scheme, host=self.to.host, port=self.to.port)
        request.headers["host"] = f"{self.to.host}:{self.to.port}"
        return super().handle_request(request)


@pytest.fixture
def posted():
    """What is posted to a webhook: (body, signature)."""
    bodies = queue.Queue()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.put((body, self.headers["X-Hub-Signature-256"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bodies.url = f"http://127.0.0.1:{server.server_port}/"
    yield bodies
    server.shutdown()


@pytest.fixture
def client(simulator, posted):
    """pywa for a number of the simulator; `seen` is what its handlers were given."""
    simulator.control(
        "numbers", {"phone_number_id": NUMBER, "webhook_url": posted.url, "app_secret": SECRET}
    )
    seen = []
    client = WhatsApp(
        phone_id=NUMBER,
        token="token",
        app_secret=SECRET,
        verify_token="v",
        server=None,
        session=httpx.Client(transport=ToSimulator(simulator.url)),
    )
    for register in (client.on_message, client.on_callback_button, client.on_message_status):
        register()(lambda _, update: seen.append(update))
    client.seen = seen
    return client


def read(client, posted):
    """The next webhook, checked and understood by pywa."""
    body, signature = posted.get(timeout=10)
    assert client.webhook_update_validator(body, signature) is None, "pywa accepts the signature"
    assert client.webhook_update_validator(body + b" ", signature) is not None
    count = len(client.seen)
    assert client.webhook_update_handler(body) == ("ok", 200)
    return client.seen[-1] if len(client.seen) > count else None


def say(simulator, **message):
    simulator.control("say", {"phone_number_id": NUMBER, "from": CUSTOMER, "name": "Ana", **message})


def test_a_text_is_read_with_both_ids_of_its_sender(client, simulator, posted):
    say(simulator, text="Olá, às 15h? 💈")
    message = read(client, posted)
    assert isinstance(message, Message)
    assert (message.text, message.from_user.wa_id) == ("Olá, às 15h? 💈", CUSTOMER)
    assert message.from_user.bsuid.startswith("BR.")
    assert message.metadata.phone_number_id == NUMBER


def test_a_sender_without_a_phone_is_read(client, simulator, posted):
    say(simulator, text="oi", phone=False, user_id="BR.1502576394655843")
    message = read(client, posted)
    assert (message.from_user.bsuid, message.from_user.wa_id) == ("BR.1502576394655843", None)


def test_a_tap_is_read_with_the_id_of_its_button(client, simulator, posted):
    reply = {"type": "button_reply", "button_reply": {"id": "c:1", "title": "Sim"}}
    say(simulator, message={"type": "interactive", "interactive": reply, "context": {"id": "wamid.x", "from": "1"}})
    tap = read(client, posted)
    assert isinstance(tap, CallbackButton)
    assert (tap.data, tap.title) == ("c:1", "Sim")


def test_a_voice_note_is_read_and_fetched(client, simulator, posted):
    sound = b"OggS and what somebody said"
    upload = {"mime_type": "audio/ogg; codecs=opus", "base64": base64.b64encode(sound).decode()}
    media = simulator.control("media", upload)
    say(simulator, message={"type": "audio", "audio": {**media, "voice": True}})
    message = read(client, posted)
    assert (message.audio.id, message.audio.voice) == (media["id"], True)
    about = client.get_media_url(media["id"])
    assert about.file_size == len(sound)
    assert httpx.get(about.url, headers={"Authorization": "Bearer token"}).content == sound


def test_what_is_taken_back_changed_or_written_from_the_phone_breaks_nothing(client, simulator, posted):
    say(simulator, message={"type": "revoke", "revoke": {"original_message_id": "wamid.1"}})
    message = {"type": "text", "text": {"body": "às 16h"}}
    say(simulator, message={"type": "edit", "edit": {"original_message_id": "wamid.1", "message": message}})
    simulator.control("echo", {"phone_number_id": NUMBER, "to": CUSTOMER, "text": "Já ligo"})
    for _ in range(3):
        read(client, posted)


def test_what_pywa_sends_is_taken_and_reported(client, simulator, posted):
    client.send_message(to=CUSTOMER, text="oi")
    client.send_message(to=CUSTOMER, text="Confirma?", buttons=[Button("Sim", callback_data="c:1")])
    rows = [SectionRow(title="15:00", callback_data="s:1", description="Corte")]
    client.send_message(to=CUSTOMER, text="Quando?", buttons=SectionList("Ver", [Section("Hoje", rows)]))
    client.mark_message_as_read("wamid.x")
    reported = [read(client, posted) for _ in range(6)]
    assert all(isinstance(status, MessageStatus) for status in reported)
    state = simulator.state()
    assert [message["type"] for message in state["messages"]] == ["text", "interactive", "interactive"]
    assert {status.id for status in reported} == {message["wamid"] for message in state["messages"]}
    assert len(state["reads"]) == 1
