"""What is sent of a figure is what Plotly itself would send; Plotly checks it when it is read."""

import base64
import json

import numpy as np
import plotly.graph_objects as go
import pytest

from lab.figures.chart import Bar, Contour, Figure, Heatmap, Histogram2d, Scatter, Scatter3d, Surface

LINE = {"color": "#123456", "width": 2}
GRID = np.arange(6.0).reshape(2, 3)


def plotly_figure():
    """Return Plotly's own figure, whose verbs ours are."""
    return go.Figure(layout={"template": "none", "xaxis": {"title": {"text": "x"}}})


def our_figure():
    return Figure(layout={"xaxis": {"title": {"text": "x"}}})


def told(chart, kinds):
    """Use every verb once and return what is sent."""
    scatter, scatter3d, bar, heatmap, histogram, contour, surface = kinds
    chart.add_trace(scatter(x=np.arange(3), y=np.array([1, np.nan, 2], np.float32), line=LINE, text=None))
    chart.add_trace(bar(x=["a", "b"], y=np.array([1, 300]), marker={"color": "red"}))
    chart.add_trace(heatmap(z=GRID, colorscale=[[0, "#000000"], [1, "#ffffff"]]))
    chart.add_trace(histogram(x=[1, 2], y=[1, 2], z=[1.5, 2.5]))
    chart.add_trace(contour(z=GRID.astype(np.uint8)))
    chart.add_trace(surface(z=GRID.T))
    chart.add_trace(scatter3d(x=[1.0], y=[2.0], z=[3.0]))
    chart.update_traces(name="all", meta={"path": "line"})
    chart.update_layout(height=300, legend={"x": 0}, meta={"steps": 3})
    chart.update_layout(legend={"y": 1}, meta={"pick": "start"})
    chart.update_xaxes(range=np.array([0.0, 2.0])).update_xaxes({"type": "log"}, dtick=1)
    chart.update_yaxes(rangemode="tozero")
    chart.add_shape(type="rect", x0=np.float64(0), x1=1, y0=0, y1=1, line=LINE)
    chart.add_vline(1.5, line=LINE)
    chart.add_hline(y=2, line={"dash": "dot"})
    chart.add_annotation(x=1, y=1, text="here")
    return json.loads(json.dumps(chart.to_dict()))


def test_every_verb_does_what_it_does_in_plotly():
    theirs = (go.Scatter, go.Scatter3d, go.Bar, go.Heatmap, go.Histogram2d, go.Contour, go.Surface)
    ours = (Scatter, Scatter3d, Bar, Heatmap, Histogram2d, Contour, Surface)
    assert told(our_figure(), ours) == told(plotly_figure(), theirs)


def test_properties_that_figures_share_are_never_changed():
    line = dict(LINE)
    first, second = Scatter(x=[1], line=line), Scatter(x=[1], line=line)
    first.update(line={"width": 5})
    assert first.properties["line"] == {"color": "#123456", "width": 5}
    assert second.properties["line"] == line == LINE


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([0, 127]), "i1"),
        (np.array([-128, 0]), "i1"),
        (np.array([0, 128]), "i2"),
        (np.array([-40_000, 3]), "i4"),
        (np.array([1, 2], np.uint16), "u2"),
        (np.array([0.5, np.nan]), "f8"),
        (np.array([0.5, 3.0], ">f8"), "f8"),
        (np.array([0.5, np.inf], np.float32)[::-1], "f4"),
    ],
)
def test_arrays_travel_packed_with_their_numbers(array, kind):
    chart = Figure().add_trace(Scatter(y=array))
    packed = chart.to_dict()["data"][0]["y"]
    assert packed["dtype"] == kind
    np.testing.assert_array_equal(np.frombuffer(base64.b64decode(packed["bdata"]), "<" + kind), array)


@pytest.mark.parametrize("array", [np.array([]), np.array([2**40]), np.array([True]), np.array(["a"])])
def test_what_the_browser_cannot_hold_packed_travels_as_a_list(array):
    assert Figure().add_trace(Scatter(y=array)).to_dict()["data"][0]["y"] == array.tolist()


def test_plotly_refuses_what_it_does_not_know_as_soon_as_somebody_reads():
    chart = Figure().add_trace(Scatter(x=[1], y=[1], colour="red"))
    with pytest.raises(ValueError, match="colour"):
        _ = chart.data
    with pytest.raises(ValueError, match="heigth"):
        _ = Figure().update_layout(heigth=3).layout
