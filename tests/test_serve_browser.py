"""The local page in a real browser: a dropped file becomes a night, and nothing goes elsewhere."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

from datasets.synthetic import write_synthetic_mass
from orchestration.staging.stager import Stager
from orchestration.staging.web.site import SiteServer
from tests.served import SPEC, TOO_SHORT, FakeStager, kept, running
from tests.test_browser import ALONE, chromium, contrast

NOX = Path(__file__).resolve().parents[2] / "shared" / "data" / "nox" / "subject1.edf"
NIGHT, SHORT, BROKEN = b"1200\n", b"120\n", b"junk"
IMAGE = "<img src=x onerror=alert(1)>.edf"
HEADER = b"rec 1 10 12000\nrec.dat 16 200 12 0 0 0 0 ECG\n"
TEXTS = ("header p", "#kinds", "summary", ".state", "th", "td", ".files a", "footer .note")
DROP = """([names, bodies]) => {
  const transfer = new DataTransfer();
  names.forEach((name, k) => transfer.items.add(new File([new Uint8Array(bodies[k])], name)));
  const event = (kind) => new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true });
  document.querySelector("#drop").dispatchEvent(event("dragenter"));
  document.querySelector("#drop").dispatchEvent(event("drop"));
}"""  # noqa: E501


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=ALONE)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, server: SiteServer) -> Iterator[Page]:
    """The page; at the end it has asked nobody else for anything and met no error."""
    asked: list[Request] = []
    said: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.on("request", lambda request: asked.append(request))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("dialog", lambda dialog: said.append(dialog.message))
    opened.goto(server.url)
    expect(opened.locator("#model")).to_contain_text("a model")
    yield opened
    opened.wait_for_timeout(50)
    assert asked
    assert {request.url.split("/")[2] for request in asked} == {server.hosts[0]}
    assert [text for text in said if "status of 4" not in text] == []  # which Chromium logs
    context.close()


def drop(page: Page, files: dict[str, bytes]) -> None:
    """Let files fall on the page, as a mouse would."""
    page.evaluate(DROP, [list(files), [list(body) for body in files.values()]])


def state_of(page: Page, state: str) -> Any:
    """The one recording that is in a state, once there is one."""
    found = page.locator(f"article[data-state={state}]")
    expect(found).to_have_count(1)
    return found


def download(page: Page, selector: str) -> tuple[str, bytes]:
    """The name and the content of what a click brings."""
    with page.expect_download() as coming:
        page.locator(selector).click()
    return coming.value.suggested_filename, Path(coming.value.path()).read_bytes()


def test_a_dropped_night_is_shown_and_can_be_downloaded(page: Page, server: SiteServer) -> None:
    drop(page, {"My night.edf": NIGHT})
    article = state_of(page, "done")
    expect(article.locator("h2")).to_have_text("My night.edf")
    row = article.locator(".statistics tr").filter(has_text="Total sleep time")
    expect(row).to_have_text(re.compile("421.5"))
    expect(article.locator(".notes li")).to_have_text("The unit was taken for mV.")
    drawn = article.locator("img")
    assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") == 300
    assert "My night.edf" in (drawn.get_attribute("alt") or "")
    name, content = download(page, ".files li:has-text('.csv') a")
    assert (name, content) == ("My night_hypnogram.csv", b"stage\nW\n")
    name, content = download(page, ".archive")
    assert name == "My_night.zip"
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 3
    assert "file-0.edf" not in kept(server)


def test_a_file_can_be_chosen_with_the_keyboard_alone(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "choose"
    outline = page.locator("#choose").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid"
    files = page.locator("#files")  # after a download, Playwright sees no chooser
    files.evaluate("e => e.addEventListener('click', () => { e.title = 'clicked'; })")
    page.keyboard.press("Enter")
    expect(files).to_have_attribute("title", "clicked")
    files.set_input_files({"name": "a.edf", "mimeType": "", "buffer": NIGHT})
    state_of(page, "done")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_refusal_shows_its_reasons_and_can_be_overridden(page: Page) -> None:
    drop(page, {"short.edf": SHORT})
    article = state_of(page, "refused")
    expect(article.locator(".reasons li")).to_have_text(TOO_SHORT)
    expect(page.locator("#status")).to_have_text(re.compile("short.edf: Not staged.*2 min"))
    article.get_by_role("button", name="Stage it all the same").click()
    expect(state_of(page, "done").locator(".forced li")).to_have_text(TOO_SHORT)


def test_an_unreadable_file_says_why_and_can_be_tried_in_another_way(
    page: Page, stager: FakeStager
) -> None:
    drop(page, {"mine.edf": BROKEN})
    article = state_of(page, "failed")
    expect(article.locator(".reasons li")).to_have_text(re.compile("mine.edf has no readable"))
    expect(article.get_by_role("button", name="Stage it all the same")).to_be_hidden()
    article.get_by_role("button", name="Try again").click()
    expect(page.locator("#status")).to_have_text(re.compile("Could not be staged"))
    drop(page, {"empty.edf": b""})
    expect(page.locator("article").first).to_contain_text("none of them is empty")


def test_a_name_that_is_markup_is_text(page: Page) -> None:
    drop(page, {IMAGE: NIGHT})
    article = state_of(page, "done")
    expect(article.locator("h2")).to_have_text(IMAGE)
    assert page.locator("img").count() == 1  # the drawing


def test_options_are_sent_with_the_file(page: Page, stager: FakeStager) -> None:
    page.locator("#options summary").click()
    page.get_by_label("ECG channel").fill("EKG 2")
    page.get_by_label("A stage every").select_option("5 s")
    page.get_by_label("Lights off").fill("22:30")
    page.get_by_label("Samples a second").fill("20")
    page.get_by_label("Polarity").select_option("keep it as it is")
    page.get_by_label("Stage what would be refused").check()
    drop(page, {"short.csv": SHORT})
    facts = state_of(page, "done").locator(".facts")
    expect(facts).to_contain_text("EKG 2, 20 samples a second")
    (asked,) = stager.asked
    assert (asked["output_s"], asked["lights_off"], asked["force"]) == (5, "22:30", True)
    assert asked["polarity"] == "keep"


def test_an_option_that_is_wrong_is_told(page: Page) -> None:
    page.locator("#options summary").click()
    page.get_by_label("Samples a second").fill("many")
    drop(page, {"night.csv": NIGHT})
    expect(state_of(page, "failed")).to_contain_text("'many' is not allowed for samples a second")


def test_several_files_are_queued_and_those_of_a_record_belong_together(
    page: Page, stager: FakeStager
) -> None:
    stager.may.clear()
    files = {"rec.hea": HEADER, "a.edf": NIGHT, "rec.dat": NIGHT, "b.edf": NIGHT}
    drop(page, files)
    expect(page.locator("article")).to_have_count(3)
    expect(page.locator("article[data-state=waiting]")).to_have_count(2)
    expect(page.locator("article").filter(has_text="Waits for 2 other recordings")).to_have_count(
        1
    )
    stager.may.set()
    expect(page.locator("article[data-state=done]")).to_have_count(3)
    assert set(page.locator("h2").all_inner_texts()) >= {"rec.hea", "a.edf", "b.edf"}


def test_what_is_done_is_there_after_a_reload_and_can_be_removed(
    page: Page, server: SiteServer
) -> None:
    drop(page, {"night.edf": NIGHT})
    state_of(page, "done")
    page.reload()
    state_of(page, "done").get_by_role("button", name="Remove night.edf").click()
    expect(page.locator("article")).to_have_count(0)
    page.wait_for_timeout(100)
    assert list(server.jobs.folder.iterdir()) == []


def test_a_program_that_was_ended_is_told(
    browser: Browser, stager: FakeStager, tmp_path: Path
) -> None:
    with running(stager, tmp_path) as server:
        page = browser.new_page()
        page.goto(server.url)
        expect(page.locator("#model")).to_contain_text("a model")
    drop(page, {"night.edf": NIGHT})
    expect(state_of(page, "failed")).to_contain_text("does not answer")
    page.close()


def test_the_policy_stops_scripts_and_requests_that_are_not_the_pages_own(
    browser: Browser, server: SiteServer
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto(server.url)
    found = page.evaluate(
        """async () => {
          const script = document.createElement("script");
          script.textContent = "document.title = 'run'";
          document.body.append(script);
          const markup = "<img src=x onerror='document.title = 1'>";
          document.body.insertAdjacentHTML("beforeend", markup);
          const other = "http://127.0.0.1:9/";
          const image = new Promise((resolve) => {
            addEventListener("securitypolicyviolation", (event) => {
              if (event.violatedDirective === "img-src") resolve(event.blockedURI);
            });
            new Image().src = other;
          });
          return [await fetch(other).then(() => "sent", () => "stopped"), await image];
        }"""
    )
    assert found == ["stopped", "http://127.0.0.1:9/"]
    assert page.title() == "Stage a night from its ECG"
    assert all(url.startswith(server.url) for url in asked)
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    drop(page, {"night.edf": NIGHT})
    state_of(page, "done")
    for selector in TEXTS:
        assert contrast(page, selector) >= 4.5, (selector, scheme)


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_width_of_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.locator("#options summary").click()
    page.locator("#about summary").click()
    drop(page, {"a" * 90 + ".edf": SHORT, "night.edf": NIGHT})
    state_of(page, "done")
    state_of(page, "refused")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


def test_every_control_has_a_name(page: Page) -> None:
    drop(page, {"short.edf": SHORT})
    state_of(page, "refused")
    controls = page.locator("main :is(input, select, button, a):visible")
    assert controls.count() > 3
    for control in controls.all():
        labels = control.evaluate("e => [...(e.labels ?? [])].map(label => label.textContent)")
        named = [*labels, control.get_attribute("aria-label") or "", control.inner_text()]
        assert any(name.strip() for name in named)


def network(samples: np.ndarray) -> np.ndarray:
    """Says W, N and R in turn, 10 min each; (T*S,) samples -> (3, seconds) logits."""
    second = np.arange(len(samples) // SPEC.hz)
    return np.float32(4) * np.eye(3, dtype=np.float32)[:, second // 600 % 3]


def test_real_recordings_are_read_staged_and_drawn(browser: Browser, tmp_path: Path) -> None:
    night = write_synthetic_mass(tmp_path / "nights", 1, pages=60)[0]
    files = [night, *([NOX] if NOX.is_file() else [])]
    (tmp_path / "served").mkdir()
    with running(Stager(SPEC, network), tmp_path / "served") as server:
        page = browser.new_page()
        page.set_default_timeout(30_000)
        page.goto(server.url)
        page.locator("#files").set_input_files(files)
        done = page.locator("article[data-state=done]")
        expect(done).to_have_count(1, timeout=30_000)
        drawn = done.locator("img")
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300
        expect(done.locator(".statistics tr")).to_contain_text(["Time in bed", "Total sleep time"])
        kinds = {name.rsplit("_", 1)[1] for name in done.locator(".files a").all_inner_texts()}
        assert {"hypnogram.csv", "hypnogram.edf", "hypnogram.svg", "events.tsv"} <= kinds
        if NOX.is_file():
            refused = page.locator("article[data-state=refused]")
            expect(refused.locator("h2")).to_have_text("subject1.edf")
            expect(refused.locator(".reasons li").first).to_contain_text("at least 20 min")
        page.close()
