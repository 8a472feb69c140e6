"""What a person asks of the page beside a file: which channel, which rate, which lights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from orchestration.staging.stager import POLARITIES
from orchestration.staging.web.uploads import Refusal

OUTPUTS_S = (30, 20, 10, 5, 1)
UNITS = ("", "V", "mV", "uV")
LONGEST_WORD = 80


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Options of one staging; those of Stager.stage."""

    channel: str = ""
    hz: float | None = None
    unit: str = ""
    output_s: int = 30
    lights_off: str | None = None
    lights_on: str | None = None
    polarity: str = "auto"
    force: bool = False

    def __post_init__(self) -> None:
        _allowed(self.output_s in OUTPUTS_S, "seconds a label", self.output_s, OUTPUTS_S)
        _allowed(self.unit in UNITS, "unit", self.unit, UNITS)
        _allowed(self.polarity in POLARITIES, "polarity", self.polarity, POLARITIES)
        rate = self.hz
        _allowed(rate is None or 0 < rate < 1e6, "samples a second", rate, "a number above 0")


def asked(values: Mapping[str, Any]) -> Asked:
    """The options that the page sent, all of them words as they were typed; empty: left out."""
    unknown = set(values) - set(READERS)
    _allowed(not unknown, "options", sorted(unknown), sorted(READERS))
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return Asked(**{name: _read(name, value) for name, value in given.items()})


def _word(value: Any) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_WORD or not value.isprintable():
        raise ValueError
    return value.strip()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


READERS: dict[str, Callable[[Any], Any]] = {
    "channel": _word,
    "hz": lambda value: float(_word(value).replace(",", ".")),
    "unit": _word,
    "output_s": lambda value: int(_word(value)),
    "lights_off": _word,
    "lights_on": _word,
    "polarity": _word,
    "force": _flag,
}
LABELS = {
    "channel": f"channel: a label of at most {LONGEST_WORD} letters",
    "hz": "samples a second: a number, such as 256",
    "output_s": f"seconds a label: one of {OUTPUTS_S}",
}


def _read(name: str, value: Any) -> Any:
    try:
        return READERS[name](value)
    except ValueError:
        said = f"{value!r:.40} is not allowed for {LABELS.get(name, name)}. Correct it."
        raise Refusal(HTTPStatus.BAD_REQUEST, said) from None


def _allowed(right: bool, what: str, found: object, allowed: object) -> None:
    if not right:
        said = f"{what}: found {found!r}; allowed: {allowed}. Correct it."
        raise Refusal(HTTPStatus.BAD_REQUEST, said)
