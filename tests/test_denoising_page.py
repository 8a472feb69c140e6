"""The report on denoisers: every part, no network, nobody's markup; its tables beside it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.denoising.material import Material
from orchestration.denoising.page import denoising_page, write_denoising_page
from orchestration.denoising.page_said import reached
from tests import denoised
from tests.drawings import ids_of


@pytest.fixture(scope="module")
def material() -> Material:
    return denoised.material()


@pytest.fixture(scope="module")
def page(material: Material) -> str:
    return denoising_page(material).decode()


def test_the_page_has_every_part_and_asks_no_network(page: str) -> None:
    titles = re.findall(r"<h2[^>]*>([^<]*)", page)
    assert titles[0] == "Summary"
    assert titles[-1] == "How to reproduce"
    assert len(titles) == 12
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "prefers-color-scheme: dark" in page
    assert "python -m orchestration.denoise --clean DIR" in page


def test_ids_are_met_and_every_drawing_has_its_words(page: str) -> None:
    ids, used = ids_of(page)
    assert len(ids) == len(set(ids))
    assert used <= set(ids)
    assert page.count("<svg ") == page.count('role="img"') == page.count("<figcaption") == 7


def test_a_page_of_few_things_has_few_parts(material: Material) -> None:
    few = Material(rows=denoised.rows(("denoiser",)), data=material.data, reproduce="x")
    text = denoising_page(few).decode()
    for title in ("Spectra", "Heart beats", "Learning", "What distillation gained"):
        assert f">{title}</h2>" not in text
    with pytest.raises(ValueError, match="needs a denoiser"):
        Material(rows=[], data=material.data, reproduce="x")


def test_names_cannot_become_markup(material: Material) -> None:
    bad = "<script>alert(1)</script>"
    row = replace(denoised.rows(("denoiser",))[0], name=bad, point=bad)
    strip = replace(denoised.strip(), title=bad, row=bad)
    hostile = Material(
        rows=[row], data=material.data, reproduce=bad, strips=[strip], phases={bad: []}
    )
    assert bad not in denoising_page(hostile).decode()


def test_the_published_gain_is_reached_or_not_in_a_word(material: Material) -> None:
    said = reached(material.table, "denoiser + KD")
    gains = [
        line["gain"]
        for line in material.table
        if (line["row"], line["measure"]) == ("denoiser + KD", "SNR")
    ]
    goals = (10.30, 12.16, 12.61)
    assert [answer.short for answer in said] == [
        "Yes." if gain >= goal else "No." for gain, goal in zip(gains, goals, strict=True)
    ]


def test_page_and_tables_are_written_and_images_where_asked(
    material: Material, tmp_path: Path
) -> None:
    few = Material(rows=material.rows[:1], data=material.data, reproduce="x")
    written = write_denoising_page(tmp_path / "new", few, png=True)
    assert written.name == "report.html"
    names = sorted(path.name for path in written.parent.iterdir())
    assert names == sorted(
        [f"{n}.{e}" for n in ("denoising", "distillation") for e in ("csv", "json", "md", "tex")]
        + ["figures", "report.html"]
    )
    assert (written.parent / "figures" / "segments.png").read_bytes().startswith(b"\x89PNG")
