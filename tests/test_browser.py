"""The report in a real browser: nothing is fetched, tables sort, it fits a phone and paper."""

import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, sync_playwright

from orchestration.chosen import BASELINE, BEST, SIMPLE, TEACHER
from orchestration.evidence.compared import Found, Trio
from orchestration.evidence.drawn import drawn
from orchestration.evidence.drawn_search import learning, searched
from orchestration.evidence.gathered import Evidence
from orchestration.evidence.likeness import ALL, GAINED, LOST, Likeness, Measures
from orchestration.evidence.likeness_view import combined
from orchestration.evidence.page import Part, as_html, table
from orchestration.evidence.parts import parts_of
from orchestration.evidence.restaged import WAYS
from orchestration.evidence.rows import EvidenceRow
from orchestration.evidence.views import View
from orchestration.experiment import Point
from orchestration.store import Store
from tests import test_curves
from tests.searches import SCHEME, long_record
from tests.staged_nights import evidence_row
from tests.test_figures_likeness import pick
from tests.test_pages_table import paged
from tests.test_report import SKILLS, record_of

NAMES = ("chromium", "chromium-browser", "google-chrome")
ALONE = (  # a browser that asks nobody for anything
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCRIPT, IMAGE = "<script>alert(1)</script>", "<img src=x onerror=alert(1)>"
VALUES = ("0.412 [0.30, 0.50] ± 0.05", "12 %", "−3.5", "-", "1,234", "< 0.001", "0.001", "", ".5")
RISING = ["−3.5", "< 0.001", "0.001", "0.412 [0.30, 0.50] ± 0.05", ".5", "12 %", "1,234", "-", ""]
LABELS = ("fold 10", "fold 9", "", "Alpha", "beta", "01-01-0002", "01-01-0001", "-", "8 people")
TEXTS = (
    *("header p", "nav a", "main p", ".note", ".what", "dt", "dd", "thead button", "td small"),
    *("figcaption", "summary", "pre"),
)
SEVEN = {  # the methods of a sweep -> how often each is right
    **{TEACHER: 0.95, BASELINE: 0.3, "SD+CL": 0.7, "AT+CL": 0.6, "AT+SD+CL": 0.65},
    **{SIMPLE: 0.5, BEST: 0.75},
}
TRIO = (TEACHER, BASELINE, "SD+CL")
PARTS = [
    *("Summary", "The paper's tables", "All scores", "Is the gain real?", "Groups of people"),
    *("Single subjects", "Several seeds", "What was learned from the teacher"),
    *("Pages of 20 s", "Clinical numbers", "Calibration", "Nights", "The search", "Learning"),
    "How it was made",
]
A4_PX = (186 / 25.4 * 96, 269 / 25.4 * 96)  # what the margins leave of 210 by 297 mm


def chromium() -> str:
    """Where the browser is: the one that SLEEP_BROWSER names, or any; without any, skip."""
    asked = os.environ.get("SLEEP_BROWSER", "")
    found = next(filter(None, map(shutil.which, [asked] if asked else NAMES)), None)
    if asked and not found:
        pytest.fail(f"SLEEP_BROWSER names {asked!r}, which is not there. Install or unset it.")
    return found or pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")


def hostile(row: EvidenceRow) -> EvidenceRow:
    """The row with a subject whose name is markup."""
    (first, *nights), *folds = row.folds
    return replace(row, folds=((replace(first, subject=IMAGE), *nights), *folds))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=ALONE)
        yield started
        started.close()


@pytest.fixture(scope="module")
def url(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of a small record, with a table of all kinds of cells at its end."""
    skills = SKILLS | {SCRIPT: 0.5}
    rows = tuple(hostile(evidence_row(name, skill=skill)) for name, skill in skills.items())
    evidence = Evidence(record_of(rows), rows)
    cells = View(("Text", "Number"), list(zip(LABELS, VALUES, strict=True)))
    parts = [*parts_of(evidence, drawn(evidence)), Part("Cells", (table(cells),))]
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(as_html("A title", "A subtitle", parts))
    return path.as_uri()


@pytest.fixture(scope="module")
def everything(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The report of a record that has every part: seven methods, a search, seeds, 20 s pages."""
    found = full_evidence()
    searching, store = long_record(), Store.open(tmp_path_factory.mktemp("store"))
    taught = Point(method="SD+CL")
    for fold in test_curves.FOLDS:
        test_curves.publish(store, test_curves.experiment(taught, fold))
    learned = replace(searching, rows=(test_curves.row("SD+CL", taught),), trials=())
    figures = drawn(found) | {
        "The search": searched(Evidence(searching, of_scheme(SCHEME)), {}),
        "Learning": learning(Evidence(learned, of_scheme("W-N-R")), store),
    }
    path: Path = tmp_path_factory.mktemp("full") / "report.html"
    path.write_bytes(as_html("A title", "A subtitle", parts_of(found, figures)))
    page = opened(browser, path.as_uri())
    yield page
    page.close()


def of_scheme(scheme: str) -> tuple[EvidenceRow, ...]:
    """What tells a part its scheme."""
    return (evidence_row(scheme=scheme),)


def full_evidence() -> Evidence:
    """Everything that a sweep may leave, made of dice."""
    rows = tuple(evidence_row(name, skill=skill) for name, skill in SEVEN.items())
    record = record_of(rows)
    trio = Trio(*(record.rows[list(SEVEN).index(name)] for name in TRIO))
    some = Measures(0.91, 0.52, -0.01)
    sums = {person: (9.0, 4.0 + number, 5.0) for number, person in enumerate("abc")}
    fold = [Likeness("encoder1", case, 27, some, some, sums) for case in (GAINED, LOST, ALL)]
    picks = {case: pick(case, 16, 120, 4) for case in (GAINED, LOST)}
    return Evidence(
        record,
        rows,
        paged=tuple(paged(way, 0.7, name) for name in TRIO for way in WAYS),
        repeats={1: rows, 2: rows},
        alike={"W-N-R": Found(trio, ("W", "N", "R"), combined([fold]), picks)},
    )


@pytest.fixture(scope="module")
def page(browser: Browser, url: str) -> Page:
    """The report on a desk, for tests that leave it as it is."""
    return opened(browser, url)


@pytest.fixture
def fresh(browser: Browser, url: str) -> Iterator[Page]:
    """The report on a desk, for a test that changes it."""
    page = opened(browser, url)
    yield page
    page.close()


def opened(browser: Browser, url: str) -> Page:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    return page


def texts(found: Locator) -> list[str]:
    return [text.strip() for text in found.all_text_contents()]


def test_it_asks_for_itself_alone_and_the_browser_has_no_complaint(
    browser: Browser, url: str
) -> None:
    page, said, asked = browser.new_page(), list[str](), list[str]()

    def hear(message: ConsoleMessage) -> None:
        said.append(f"{message.type}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url, wait_until="networkidle")
    page.close()
    assert said == []
    assert asked == [url]


def test_what_would_be_fetched_or_run_besides_is_refused(fresh: Page) -> None:
    refused = fresh.evaluate(
        """() => new Promise((done) => {
          const found = new Set();
          document.addEventListener("securitypolicyviolation", (event) => {
            if (found.add(event.effectiveDirective).size === 2) done([...found].sort());
          });
          const image = new Image(), script = document.createElement("script");
          image.src = "http://127.0.0.1:9/x.png";
          script.textContent = "window.ran = true";
          document.body.append(image, script);
        })"""
    )
    assert refused == ["img-src", "script-src-elem"]
    assert fresh.evaluate("window.ran") is None


def test_markup_in_names_is_shown_as_text(page: Page) -> None:
    assert page.locator("script").count() == 1
    assert page.locator("img").count() == 0
    assert page.get_by_role("rowheader", name=SCRIPT).count() > 0
    assert IMAGE in (page.locator("main").text_content() or "")


def test_every_image_has_a_name_that_tells_what_it_shows(fresh: Page) -> None:
    fresh.locator("details").evaluate_all("found => found.forEach(one => one.open = true)")
    tree = fresh.context.new_cdp_session(fresh).send("Accessibility.getFullAXTree")
    images = [n for n in tree["nodes"] if n.get("role", {}).get("value") in ("image", "img")]
    names = [node["name"]["value"] for node in images]
    assert len(names) == fresh.locator("svg, img").count() > 5
    assert all(re.search(r"(Horizontal|Vertical|Panels): \w", name) for name in names)
    forest = next(name for name in names if "Horizontal: Kappa" in name)
    assert "SD+CL" in forest
    assert "diamond is the paper's number" in forest


def test_a_header_sorts_numbers_up_and_down_and_gives_back_their_order(fresh: Page) -> None:
    head = fresh.get_by_role("columnheader", name="Number")
    cells = fresh.locator("section").last.locator("tbody td")
    rising, missing = RISING[:-2], RISING[-2:]
    for way, order in {
        "ascending": rising + missing,
        "descending": rising[::-1] + missing,
        None: list(VALUES),
    }.items():
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == way
        assert texts(cells) == order


def test_enter_on_a_header_sorts_words_and_numbers_in_them(fresh: Page) -> None:
    section = fresh.locator("section").last
    section.get_by_role("button", name="Number").click()
    section.get_by_role("button", name="Text").focus()
    fresh.keyboard.press("Enter")
    heads = section.locator("thead th")
    assert [heads.nth(i).get_attribute("aria-sort") for i in (0, 1)] == ["ascending", None]
    found = texts(section.locator("tbody th"))
    words = ["01-01-0001", "01-01-0002", "8 people", "Alpha", "beta", "fold 9", "fold 10"]
    assert sorted(found[:7], key=words.index) == words
    assert found.index("fold 9") < found.index("fold 10")
    assert found[-2:] == ["", "-"]


def test_the_methods_of_a_table_are_sorted_by_their_kappa(fresh: Page) -> None:
    section = fresh.locator("section").filter(has=fresh.get_by_role("heading", name="All scores"))
    section.get_by_role("button", name="Kappa").click()
    place = texts(section.locator("thead th")).index("Kappa")
    cells = texts(section.locator(f"tbody td:nth-child({place + 1})"))
    values = [float(cell.split()[0]) for cell in cells]
    assert values == sorted(values)
    assert len(set(values)) > 3


def test_the_first_screen_holds_the_numbers_and_what_they_mean(page: Page) -> None:
    for words in ("ECG network: SD+CL", "Same ECG, no teacher", "EEG network, the teacher"):
        card = page.locator(".card").filter(has_text=words)
        assert re.search(
            r"κ\s\d\.\d\d\s*\[.+\].+ agreement.*% of segments right", card.inner_text(), re.S
        )
    for element in (*page.locator(".card").all(), *page.locator("dl div").all()):
        box = element.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 800
    assert page.get_by_text("Does the EEG teacher help?").is_visible()


def test_on_a_phone_only_tables_and_figures_scroll_sideways(fresh: Page) -> None:
    fresh.set_viewport_size({"width": 390, "height": 844})
    assert fresh.evaluate("document.scrollingElement.scrollWidth") <= 390
    wider = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).length"
    assert fresh.locator(".wide").evaluate_all(wider) > 5
    fresh.get_by_role("link", name="Calibration").click()
    nav, title = fresh.locator("nav"), fresh.get_by_role("heading", name="Calibration")
    covered, there = nav.bounding_box(), title.bounding_box()
    assert covered
    assert there
    assert covered["y"] + covered["height"] <= there["y"] < 844


def test_on_paper_nothing_is_folded_hidden_or_cut(fresh: Page) -> None:
    width, height = A4_PX
    assert not any(pre.is_visible() for pre in fresh.locator("details pre").all())
    fresh.emulate_media(media="print")
    fresh.set_viewport_size({"width": int(width), "height": int(height)})
    assert not fresh.locator("nav").is_visible()
    assert all(pre.is_visible() for pre in fresh.locator("details pre").all())
    assert fresh.evaluate("document.scrollingElement.scrollWidth") <= width
    boxes = [figure.bounding_box() for figure in fresh.locator("figure").all()]
    assert all(box and box["height"] <= height for box in boxes)
    colours = "getComputedStyle(document.querySelector('.card')).printColorAdjust"
    assert fresh.evaluate(colours) == "exact"


def test_it_prints_on_a4(page: Page) -> None:
    pdf = page.pdf(prefer_css_page_size=True)
    sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert 5 < len(sizes) < 30
    points = {(round(float(width)), round(float(height))) for width, height in sizes}
    assert points == {(595, 842)}  # 210 by 297 mm


def test_a_page_of_all_parts_fits_a_desk(everything: Page) -> None:
    assert texts(everything.locator("h2")) == PARTS
    wide = """boxes => boxes.filter(box => box.scrollWidth > box.clientWidth).map(
        box => box.closest("section").querySelector("h2").textContent)"""
    assert everything.locator(".wide").evaluate_all(wide) == []


def test_a_page_of_all_parts_fits_a_phone(everything: Page) -> None:
    everything.set_viewport_size({"width": 390, "height": 844})
    assert everything.evaluate("document.scrollingElement.scrollWidth") <= 390
    everything.set_viewport_size({"width": 1280, "height": 800})


def test_a_night_that_goes_on_to_the_right_is_shaded_there(everything: Page) -> None:
    everything.set_viewport_size({"width": 390, "height": 844})
    box = everything.locator("section").filter(has_text="worst night of").locator(".wide").first
    found = box.evaluate(
        """box => [box.scrollWidth > box.clientWidth, getComputedStyle(box).backgroundImage,
          [...box.querySelectorAll("path")].filter((path) => {
            const { fill } = getComputedStyle(path), { width } = path.getBBox();
            return fill === "rgb(255, 255, 255)" && width > 400;
          }).length]"""
    )
    assert found[0] is True
    assert "linear-gradient" in found[1]
    assert found[2] == 0  # nothing white lies over the shade
    everything.set_viewport_size({"width": 1280, "height": 800})


def test_other_methods_nights_open_on_a_click_and_on_paper(everything: Page) -> None:
    folded = everything.locator("details").filter(has=everything.locator("figure"))
    assert texts(folded.locator("summary")) == [name for name in SEVEN if name != "SD+CL"]
    first = folded.first.locator("figure")
    assert not first.is_visible()
    folded.first.locator("summary").click()
    assert first.is_visible()
    everything.emulate_media(media="print")
    assert all(figure.is_visible() for figure in folded.locator("figure").all())
    everything.emulate_media(media="screen")


def test_headings_go_down_one_level_at_a_time(page: Page) -> None:
    levels = [
        int(name[1])
        for name in page.locator("h1,h2,h3,h4,h5,h6").evaluate_all(
            "found => found.map(heading => heading.tagName)"
        )
    ]
    assert levels.count(1) == 1 == levels[0]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_without_scripts_it_reads_the_same(browser: Browser, url: str, page: Page) -> None:
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(url)
    assert bare.locator("thead button").count() == 0
    assert texts(bare.locator("th, td")) == texts(page.locator("th, td"))
    context.close()


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "rgb(r, g, b)"."""
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(page: Page, selector: str) -> float:
    """Of the first such element's text to what lies behind it, by WCAG 2.2, 1.4.3."""
    colours: Any = page.locator(selector).first.evaluate(
        """(element) => {
          let ground = element;
          while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)")
            ground = ground.parentElement;
          return [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor];
        }"""
    )
    dark, light = sorted(map(luminance, colours))
    return (light + 0.05) / (dark + 0.05)


def test_text_stands_out_from_its_ground(page: Page) -> None:
    for selector in TEXTS:
        assert contrast(page, selector) >= 4.5, selector
