"""The page of `mcp-server dev`, as a person in front of it sees it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

PATIENCE = 20_000


def open_day() -> str:
    """The next day the example is open, as a customer says it; never today."""
    tomorrow = datetime.now(ZoneInfo("America/Sao_Paulo")).date() + timedelta(days=1)
    if tomorrow.weekday() < 5:
        return "amanhã"
    return "segunda-feira"


def say(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def test_a_customer_books_and_the_agenda_shows_it(desk: Page) -> None:
    say(desk, f"Oi, quero marcar um corte {open_day()} às 15h")
    mine = desk.locator("#bubbles li.mine")
    expect(mine).to_have_count(1)
    expect(mine.get_by_label("read")).to_be_visible(timeout=PATIENCE)
    answer = desk.locator("#bubbles li:not(.mine)").last
    expect(answer).to_contain_text("15:00", timeout=PATIENCE)
    expect(answer).to_contain_text("Código")
    agenda = desk.locator("#agenda")
    expect(agenda).to_contain_text("15:00  Corte")
    expect(agenda).to_contain_text("confirmed")
    trace = desk.locator("#trace")
    expect(trace).to_contain_text("find_available_slots")
    expect(trace).to_contain_text("book_appointment")


def test_two_customers_have_two_chats(desk: Page) -> None:
    desk.get_by_role("button", name="New customer").click()
    expect(desk.locator("#bubbles li")).to_have_count(0)
    say(desk, "Quanto custa o corte?")
    expect(desk.locator("#bubbles li:not(.mine)")).to_contain_text("80", timeout=PATIENCE)
    desk.locator("#customer").select_option(index=0)
    expect(desk.locator("#bubbles")).not_to_contain_text("Quanto custa")


def test_it_fits_a_phone_and_works_by_keyboard(phone: Page) -> None:
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the phone"
    phone.get_by_label("Message", exact=True).focus()
    phone.keyboard.type("Oi")
    phone.keyboard.press("Enter")
    expect(phone.locator("#bubbles li.mine").last).to_contain_text("Oi")
    expect(phone.locator("#bubbles li:not(.mine)").last).to_be_visible(timeout=PATIENCE)
    phone.get_by_role("button", name="Agenda").click()
    expect(phone.locator("#agenda")).to_be_visible()
    expect(phone.locator("#phone")).to_be_hidden()


def test_what_a_customer_writes_is_text_and_never_markup(desk: Page) -> None:
    desk.get_by_role("button", name="New customer").click()
    say(desk, "<img src=x onerror=alert(1)><script>document.title='owned'</script>")
    expect(desk.locator("#bubbles li.mine")).to_contain_text("<img src=x")
    expect(desk.locator("#bubbles img")).to_have_count(0)
    assert desk.title() == "Receptionist"


def test_a_voice_note_is_understood(desk: Page) -> None:
    desk.get_by_role("button", name="New customer").click()
    desk.get_by_label("Message", exact=True).fill("Quanto custa o corte?")
    desk.get_by_role("button", name="Send as a voice note").click()
    expect(desk.locator("#bubbles li.mine")).to_contain_text("🎤 Quanto custa o corte?")
    expect(desk.locator("#bubbles li:not(.mine)").last).to_contain_text("80", timeout=PATIENCE)


def test_menus_open_as_a_list_and_a_row_is_tapped(phone: Page) -> None:
    phone.get_by_role("button", name="New customer").click()
    phone.get_by_label("Message", exact=True).fill("menu")
    phone.keyboard.press("Enter")
    answer = phone.locator("#bubbles li:not(.mine)").last
    expect(answer.locator("button.tap").first).to_be_visible(timeout=PATIENCE)
    answer.locator("button.tap").first.click()
    dialog = phone.locator("dialog[open] li button")
    if dialog.count():
        dialog.first.click()
    expect(phone.locator("#bubbles li:not(.mine)")).to_have_count(2, timeout=PATIENCE)
