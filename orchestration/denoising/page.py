"""The report on denoisers as one HTML file that needs no network, and the tables beside it.

What was measured in; report.html, tables and, if asked for, figures as PNG in a folder out.
"""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

from matplotlib.figure import Figure

from orchestration.denoising.figures_beats import beats_figure, heard_table
from orchestration.denoising.figures_look import as_png
from orchestration.denoising.figures_phases import phases_figure
from orchestration.denoising.figures_snr import curves_figure, curves_table, segments_figure
from orchestration.denoising.figures_spectra import spectra_figure
from orchestration.denoising.figures_staging import staging_figure
from orchestration.denoising.figures_strips import strip_figure
from orchestration.denoising.material import Material
from orchestration.denoising.page_parts import parts_of
from orchestration.denoising.table_view import denoising_files
from orchestration.evidence.page import as_html
from orchestration.formats import as_csv

TITLE = "Denoising the ECG with a distilled network"


def write_denoising_page(out: Path, found: Material, png: bool = False) -> Path:
    """Write report.html and tables into a folder, which is made; gives the page's path.

    Args:
        png: also draw every figure as an image, into figures/.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, content in denoising_files_of(found).items():
        _write(out / name, content)
    if png:
        (out / "figures").mkdir(exist_ok=True)
        for name, figure in figures_of(found):
            _write(out / "figures" / f"{name}.png", as_png(figure))
    return _write(out / "report.html", denoising_page(found))


def denoising_page(found: Material) -> bytes:
    """The page; what is in a text is escaped, so a record's name cannot become a script."""
    rows, test = found.rows, found.data.test
    subtitle = f"{len(rows)} denoisers, {test.segments:,} test segments, {test.patients} patients"
    html = as_html(TITLE, subtitle, parts_of(found))
    style = (files(__package__) / "page.css").read_bytes()
    return html.replace(b"</style>", style + b"</style>", 1)


def denoising_files_of(found: Material) -> dict[str, bytes]:
    """Names of files -> tables of all that the page shows as numbers or curves."""
    tables = denoising_files(found.table, found.distilled, found.data, found.recorded)
    if found.curves:
        tables["snr.csv"] = as_csv(curves_table(found.curves))
    if found.heard:
        tables["beats.csv"] = as_csv(heard_table(found.heard_at))
    return tables


def figures_of(found: Material) -> Iterator[tuple[str, Figure]]:
    """Every figure of the page and a name for its file."""
    for number, strip in enumerate(found.strips, 1):
        yield f"strip_{number}", strip_figure(strip)
    if found.spectra:
        yield "spectra", spectra_figure(found.spectra)
    yield "segments", segments_figure(found.shown.groups, found.shown.name)
    if found.curves:
        yield "snr", curves_figure(found.curves)
    if found.heard:
        yield "beats", beats_figure(found.heard_at, found.heard_clean)
    for staged in found.staged:
        yield f"staging_{staged.file}", staging_figure(staged)
    if found.phases:
        yield "learning", phases_figure(found.phases)


def _write(path: Path, content: bytes) -> Path:
    """Write aside and rename, so that a file that exists is whole."""
    aside = path.with_name(f".{path.name}")
    aside.write_bytes(content)
    aside.replace(path)
    return path
