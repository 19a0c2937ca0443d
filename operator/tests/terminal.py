"""Types the answers of `mcp-operator new` on a pseudo-terminal, and looks at what the terminal shows."""

import os
import pty
import select
import sys
import termios
import time

DEADLINE = time.monotonic() + 60
KEY = "-----BEGIN PRIVATE KEY-----\ncanary-key\n-----END PRIVATE KEY-----\n"


class Person:
    def __init__(self, program: str) -> None:
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execv(program, [program, "new"])
        self.shown = ""
        self.seen = 0

    def wait_for(self, text: str) -> None:
        """Reads until the terminal shows a text that was not there when the last one was answered."""
        while text not in self.shown[self.seen :]:
            ready, _, _ = select.select([self.terminal], [], [], max(0, DEADLINE - time.monotonic()))
            assert ready, f"{text!r} was never shown; the terminal shows:\n{self.shown}"
            try:
                more = os.read(self.terminal, 4096)
            except OSError:  # the other end is closed
                more = b""
            assert more, f"ended before {text!r}:\n{self.shown}"
            self.shown += more.decode()

    def answer(self, question: str, text: str) -> None:
        self.wait_for(question)
        self.seen = len(self.shown)
        os.write(self.terminal, text.encode() + b"\n")

    def end(self) -> int:
        while True:
            try:
                more = os.read(self.terminal, 4096)
            except OSError:
                break
            if not more:
                break
            self.shown += more.decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def interrupted(program: str) -> None:
    """Ctrl+C at a hidden question ends the program and leaves a terminal that shows what is typed."""
    person = Person(program)
    person.answer("Name of the client", "left")
    person.answer("Name of the business", "Left")
    person.answer("Type:", "salon")
    person.answer("Language:", "en")
    person.answer("Environments", "")
    person.answer("Phone number id", "106540352242922")
    person.answer("Google calendar id", "")
    person.wait_for("WHATSAPP_API_TOKEN")
    assert not termios.tcgetattr(person.terminal)[3] & termios.ECHO, "what is typed would be shown"
    os.write(person.terminal, b"half a canary\x03")
    person.wait_for("nothing was written")
    assert termios.tcgetattr(person.terminal)[3] & termios.ECHO, "the terminal stays silent"
    assert person.end() == 1
    assert not os.path.exists("left.yaml")


def main() -> None:
    program = sys.argv[1]
    person = Person(program)
    person.answer("Name of the client", "Bella Salon")
    person.wait_for("cannot be used")
    person.answer("Name of the client", "bella-salon")
    person.answer("Name of the business", "Bella Salon")
    person.answer("Type:", "salon")
    person.answer("Language:", "")
    person.answer("Environments", "")
    person.answer("Phone number id", "+55 11 3333-4444")
    person.wait_for("not the telephone number")
    person.answer("Phone number id", "106540352242922")
    person.answer("Google calendar id", "agenda@bella.example")
    person.answer("WHATSAPP_API_TOKEN", "canary-token")
    person.answer("WHATSAPP_APP_SECRET", "canary-secret")
    person.answer("GEMINI_API_KEY", "canary-gemini")
    person.answer("Key file", "")
    person.answer("GOOGLE_CLIENT_EMAIL", "robot@bella.example")
    person.answer("GOOGLE_PRIVATE_KEY", KEY)
    person.wait_for("verify token: ")
    code = person.end()
    assert code == 0, f"ended with {code}:\n{person.shown}"
    assert "canary" not in person.shown, f"a secret was shown:\n{person.shown}"
    assert "https://YOUR-HOST/bella-salon/production/webhooks/whatsapp" in person.shown, person.shown
    assert oct(os.stat("bella-salon-credentials.yaml").st_mode & 0o777) == "0o600"
    interrupted(program)


main()
