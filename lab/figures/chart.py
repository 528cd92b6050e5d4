"""Figures while they are built: Plotly's traces and layouts as plain dictionaries.

`plotly.graph_objects` checks and copies every property when it is set, which took four fifths of the time
of a message to the browser. Here nothing is checked until somebody reads `data` or `layout`: these are
Plotly's own objects, checked by its validators, as the tests read them for every figure of every lesson.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    import plotly.graph_objects as go

TEMPLATE = {"data": {"scatter": [{"type": "scatter"}]}}  # Plotly's own template "none"
PACKED = {f"{kind}{8 * size}": f"{kind[0]}{size}" for kind in ("int", "uint") for size in (1, 2, 4)}
PACKED |= {"float32": "f4", "float64": "f8"}
"""What the browser's arrays can hold, by numpy's name."""


class Trace:
    """One set of marks.

    Attributes:
        properties: as Plotly names them; those that are given as None are left out.
    """

    kind = ""

    def __init__(self, **properties: Any) -> None:
        self.properties = _merged({"type": self.kind}, properties)

    def update(self, **properties: Any) -> Self:
        """Set properties; of nested ones only what is given."""
        self.properties = _merged(self.properties, properties)
        return self


class Scatter(Trace):
    """Points, lines or areas."""

    kind = "scatter"


class Scatter3d(Trace):
    """Points or lines in space."""

    kind = "scatter3d"


class Bar(Trace):
    """Bars."""

    kind = "bar"


class Heatmap(Trace):
    """Cells coloured by their number."""

    kind = "heatmap"


class Histogram2d(Trace):
    """Cells coloured by the sum of what falls into them."""

    kind = "histogram2d"


class Contour(Trace):
    """Lines of equal height."""

    kind = "contour"


class Surface(Trace):
    """A landscape in space."""

    kind = "surface"


class Figure:
    """Traces and a layout, with those verbs of `plotly.graph_objects.Figure` that the lab uses.

    Attributes:
        traces: in the order of the legend.

    Args:
        layout: properties of Plotly's layout.
    """

    def __init__(self, layout: Mapping[str, Any] | None = None) -> None:
        self.traces: list[Trace] = []
        self._layout: dict[str, Any] = _merged({"template": TEMPLATE}, layout or {})

    @property
    def data(self) -> Any:
        """Return the traces as Plotly's objects."""
        return self.checked().data

    @property
    def layout(self) -> Any:
        """Return the layout as Plotly's object."""
        return self.checked().layout

    def checked(self) -> "go.Figure":
        """Return the figure as Plotly's.

        Raises:
            ValueError: Plotly does not know a property, or not this value of it.
        """
        import plotly.graph_objects as go  # noqa: PLC0415  takes long, and most servers never need it

        return go.Figure({"data": [trace.properties for trace in self.traces], "layout": self._layout})

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as plain JSON, with arrays packed for the journey."""
        return {"data": [_plain(trace.properties) for trace in self.traces], "layout": _plain(self._layout)}

    def add_trace(self, trace: Trace) -> Self:
        """Add a trace above the others."""
        self.traces.append(trace)
        return self

    def update_traces(self, **properties: Any) -> Self:
        """Set properties of all traces; of nested ones only what is given."""
        for trace in self.traces:
            trace.update(**properties)
        return self

    def update_layout(self, **properties: Any) -> Self:
        """Set properties of the layout; of nested ones only what is given."""
        self._layout = _merged(self._layout, properties)
        return self

    def update_xaxes(self, given: Mapping[str, Any] | None = None, **properties: Any) -> Self:
        """Set properties of the x axis."""
        return self.update_layout(xaxis={**(given or {}), **properties})

    def update_yaxes(self, given: Mapping[str, Any] | None = None, **properties: Any) -> Self:
        """Set properties of the y axis."""
        return self.update_layout(yaxis={**(given or {}), **properties})

    def add_shape(self, **properties: Any) -> Self:
        """Add a shape above the others."""
        return self.update_layout(shapes=[*self._layout.get("shapes", ()), properties])

    def add_annotation(self, **properties: Any) -> Self:
        """Add a text."""
        return self.update_layout(annotations=[*self._layout.get("annotations", ()), properties])

    def add_vline(self, x: float, **properties: Any) -> Self:
        """Add a line from bottom to top."""
        ends = {"x0": x, "x1": x, "xref": "x", "y0": 0, "y1": 1, "yref": "y domain"}
        return self.add_shape(type="line", **ends, **properties)

    def add_hline(self, y: float, **properties: Any) -> Self:
        """Add a line from left to right."""
        ends = {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
        return self.add_shape(type="line", **ends, **properties)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return `old` with the properties of `new`; neither is changed, for figures share parts."""
    both = dict(old)
    for name, value in new.items():
        if isinstance(value, Mapping) and name != "meta":
            both[name] = _merged(both.get(name) or {}, value)
        elif value is not None:
            both[name] = value
    return both


def _plain(value: Any, name: str = "") -> Any:
    """Return a property as JSON; `name` is its own."""
    if isinstance(value, dict):
        return {key: _plain(part, key) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist() if name == "range" else _packed(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _packed(array: np.ndarray) -> Any:
    """Return an array as base64 for plotly.js, or as a list if it is empty or of another type."""
    if array.dtype == np.int64 and array.size:
        array = array.astype(np.min_scalar_type(min(array.min(), -array.max() - 1)))
    kind = PACKED.get(array.dtype.name)
    if kind is None or not array.size:
        return array.tolist()
    little = array.astype(array.dtype.newbyteorder("<")).tobytes()
    packed = {"dtype": kind, "bdata": base64.b64encode(little).decode("ascii")}
    return packed | ({"shape": ", ".join(map(str, array.shape))} if array.ndim > 1 else {})
