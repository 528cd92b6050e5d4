"""The controls a setting can have: each knows its values, its URL form and how to say what is wrong.

Declared once, on a field of a lesson's settings, a control gives the widget, the URL parameter, the
validation, the error sentence and the property tests:

    learning_rate: Annotated[float, Slider("Learning rate", 0.00001, 10, log=True)] = 0.03
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from lab.core.errors import SettingError
from lab.core.ladder import ladder


class Control(Protocol):
    """What all controls share; `label` also names the field in error sentences."""

    @property
    def label(self) -> str:
        """The visible name."""
        ...

    def checked(self, value: object) -> Any:
        """Return the value in its plain form, or raise `SettingError`."""
        ...

    def read(self, text: str) -> Any:
        """Return the value written in a URL, or raise `SettingError`."""
        ...

    def written(self, value: Any) -> str:
        """Return the value as it stands in a URL; `read` gives it back exactly."""
        ...


@dataclass(frozen=True, slots=True)
class Slider:
    """A real number between two ends, on a linear or a logarithmic track.

    Attributes:
        label: visible name.
        low: least value; `high` is the largest.
        step: distance of the stops of a linear track.
        log: whether the stops are 1, 2, 3, 5 in each power of ten.
        zero: whether 0 is allowed too, below `low` ("off").
        unit: what one of it is, such as "epochs".
        help: one sentence, shown on demand.
        group: the heading under which the control stands.
    """

    label: str
    low: float
    high: float
    step: float = 0.1
    log: bool = False
    zero: bool = False
    unit: str = ""
    help: str = ""
    group: str = ""

    def checked(self, value: object) -> float:
        """Return a finite number within the ends."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise SettingError(self.label, self.expected(), value)
        if not (self.low <= value <= self.high or (self.zero and value == 0)):
            raise SettingError(self.label, self.expected(), value)
        return float(value)

    def expected(self) -> str:
        """Return the allowed values in words."""
        return _range(self, f"a number from {self.low:g} to {self.high:g}")

    def read(self, text: str) -> float:
        """Return the number in `text`."""
        return self.checked(_number(self, text, float))

    def written(self, value: float) -> str:
        """Return the shortest text that gives the same number back."""
        return repr(float(value))

    def stops(self) -> tuple[float, ...]:
        """Return the values at which the track stops.

        Example:
            >>> Slider("Rate", 0.01, 0.3, log=True, zero=True).stops()
            (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3)
        """
        if self.log:
            return ((0.0,) if self.zero else ()) + tuple(ladder(self.low, self.high))
        count = round((self.high - self.low) / self.step)
        return tuple(round(self.low + i * self.step, 10) for i in range(count + 1))


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number between two ends; `stops` on the track, `more` among them, any between by URL."""

    label: str
    low: int
    high: int
    log: bool = False
    zero: bool = False
    unit: str = ""
    help: str = ""
    group: str = ""
    hidden: bool = False
    more: tuple[int, ...] = ()

    def checked(self, value: object) -> int:
        """Return a whole number within the ends."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingError(self.label, self.expected(), value)
        if not (self.low <= value <= self.high or (self.zero and value == 0)):
            raise SettingError(self.label, self.expected(), value)
        return value

    def expected(self) -> str:
        """Return the allowed values in words."""
        return _range(self, f"a whole number from {self.low:,} to {self.high:,}")

    def read(self, text: str) -> int:
        """Return the number in `text`."""
        return self.checked(_number(self, text, int))

    def written(self, value: int) -> str:
        """Return the number in digits."""
        return str(value)

    def stops(self) -> tuple[int, ...]:
        """Return the values at which the track stops.

        Example:
            >>> Count("Batch size", 1, 50, log=True, more=(32,)).stops()
            (1, 2, 3, 5, 10, 20, 30, 32, 50)
        """
        if not self.log:
            return tuple(range(self.low, self.high + 1))
        rungs = {*map(round, ladder(self.low, self.high)), *self.more}
        return ((0,) if self.zero else ()) + tuple(sorted(rungs))


@dataclass(frozen=True, slots=True)
class Seed(Count):
    """The number from which all chance in a run follows."""

    low: int = 0
    high: int = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; `options` maps each value to its visible name."""

    label: str
    options: Mapping[str, str] = field(hash=False)
    help: str = ""
    group: str = ""

    def checked(self, value: object) -> str:
        """Return one of the options."""
        if not isinstance(value, str) or value not in self.options:
            raise SettingError(self.label, f"one of {', '.join(self.options)}", value)
        return value

    def read(self, text: str) -> str:
        """Return the option named by `text`."""
        return self.checked(text)

    def written(self, value: str) -> str:
        """Return the option."""
        return value


@dataclass(frozen=True, slots=True)
class Several:
    """One or more of several values, kept in the order of `options`."""

    label: str
    options: Mapping[str, str] = field(hash=False)
    help: str = ""
    group: str = ""

    def checked(self, value: object) -> tuple[str, ...]:
        """Return the chosen options, each once, in their order."""
        chosen = value if isinstance(value, (tuple, list, set, frozenset)) else (value,)
        if not chosen or not all(isinstance(one, str) and one in self.options for one in chosen):
            raise SettingError(self.label, f"one or more of {', '.join(self.options)}", value)
        return tuple(option for option in self.options if option in chosen)

    def read(self, text: str) -> tuple[str, ...]:
        """Return the options named in `text`, separated by commas."""
        return self.checked(tuple(text.split(",")))

    def written(self, value: tuple[str, ...]) -> str:
        """Return the options, separated by commas."""
        return ",".join(value)


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    label: str
    help: str = ""
    group: str = ""

    def checked(self, value: object) -> bool:
        """Return True or False."""
        if not isinstance(value, bool):
            raise SettingError(self.label, "on or off", value)
        return value

    def read(self, text: str) -> bool:
        """Return what `on` or `off` says."""
        return self.checked({"on": True, "off": False}.get(text, text))

    def written(self, value: bool) -> str:
        """Return `on` or `off`."""
        return "on" if value else "off"


@dataclass(frozen=True, slots=True)
class Layers:
    """The numbers of neurons of the hidden layers, from the input side."""

    label: str
    most_layers: int
    most_neurons: int
    help: str = ""
    group: str = ""

    def checked(self, value: object) -> tuple[int, ...]:
        """Return at most `most_layers` numbers of neurons."""
        sizes = tuple(value) if isinstance(value, (tuple, list)) else None
        fits = sizes is not None and len(sizes) <= self.most_layers and all(map(self._fits, sizes))
        if sizes is None or not fits:
            raise SettingError(self.label, self.expected(), value)
        return sizes

    def _fits(self, size: object) -> bool:
        return isinstance(size, int) and not isinstance(size, bool) and 1 <= size <= self.most_neurons

    def expected(self) -> str:
        """Return the allowed values in words."""
        return f"at most {self.most_layers} layers of 1 to {self.most_neurons} neurons, such as 4-2"

    def read(self, text: str) -> tuple[int, ...]:
        """Return the sizes in `text`, such as `4-2`; `none` is no hidden layer."""
        if not re.fullmatch(r"none|\d{1,4}(-\d{1,4}){0,99}", text, re.ASCII):
            raise SettingError(self.label, self.expected(), text)
        return self.checked(() if text == "none" else tuple(map(int, text.split("-"))))

    def written(self, value: tuple[int, ...]) -> str:
        """Return the sizes joined by hyphens."""
        return "-".join(map(str, value)) or "none"


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text with a strict form, set by the page itself (a weight edited by hand); it has no widget."""

    label: str
    pattern: str
    form: str
    longest: int = 4000

    def checked(self, value: object) -> str:
        """Return a text of the right form, or the empty text."""
        if not isinstance(value, str) or len(value) > self.longest:
            raise SettingError(self.label, self.form, value)
        if value and not re.fullmatch(self.pattern, value, re.ASCII):
            raise SettingError(self.label, self.form, value)
        return value

    def read(self, text: str) -> str:
        """Return `text` if it has the right form."""
        return self.checked(text)

    def written(self, value: str) -> str:
        """Return the text."""
        return value


def _range(control: "Slider | Count", ends: str) -> str:
    unit = f" {control.unit}" if control.unit else ""
    return ("0 or " if control.zero else "") + ends + unit


def _number(control: Slider | Count, text: str, kind: type) -> Any:
    """Return the number in `text`; at most 40 characters, plain ASCII digits."""
    if len(text) > 40 or not re.fullmatch(r"[-+.\deE]+", text, re.ASCII):
        raise SettingError(control.label, control.expected(), text)
    try:
        return kind(text)
    except ValueError:
        raise SettingError(control.label, control.expected(), text) from None
