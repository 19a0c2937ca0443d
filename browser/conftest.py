"""A tenant in `mcp-server dev`, and Debian's Chromium to look at its page."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "target" / "screenshots"))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The page's address."""
    page, public = free_port(), free_port()
    command = [
        os.environ["MCP_SERVER_BIN"], "dev", str(ROOT / "examples" / "barbershop.yaml"),
        "--page", f"127.0.0.1:{page}", "--listen", f"127.0.0.1:{public}",
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "GEMINI_API_KEY"}
    process = subprocess.Popen(command, env=environment)
    address = f"http://127.0.0.1:{page}"
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{public}/health", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "mcp-server dev ended at its start"
                assert time.monotonic() < deadline, "mcp-server dev does not answer"
                time.sleep(0.05)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        # Tests run as root in containers, where Chromium's own sandbox cannot be made.
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def phone(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window of a phone's size, at the page."""
    yield from _window(browser, server, request, {"width": 390, "height": 844})


@pytest.fixture
def desk(browser: Browser, server: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window of a desk's size, at the page."""
    yield from _window(browser, server, request, {"width": 1280, "height": 800})


def _window(browser: Browser, server: str, request: pytest.FixtureRequest, size: dict[str, int]) -> Iterator[Page]:
    context = browser.new_context(viewport=size)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.goto(server)
    yield page
    trouble = page.locator("#trouble")
    told = trouble.text_content() if trouble.is_visible() else ""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{request.node.name}.png")
    context.close()
    assert errors == [], "the page's console has errors"
    assert told == "", "the page tells of trouble"
