"""What a learner types or uploads is read, or refused in a sentence; nothing else happens."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image

from lab.core.errors import LabError
from lab.data.drawings import drawn_picture
from lab.data.photos import photo, read_picture, written_picture
from lab.data.series_files import read_series
from lab.data.tables import read_table
from lab.data.texts import lab_text, read_text
from lab.models.expression import graph_of
from lab.models.surfaces import OWN, surface
from lab.topics.cnn.operation_settings import OperationSettings
from lab.ui.playground_address import settings_in
from tests.hostile.garbage import hostile, mutated, mutated_text, quick, texts

PIECES = [
    "x",
    "y",
    "+",
    "-",
    "*",
    "/",
    "**",
    "(",
    ")",
    "sin",
    "exp(",
    "log(",
    "1e308",
    "1e-320",
    "0",
    ",",
    ".",
    "_",
]
expressions = st.one_of(
    texts,
    st.lists(st.sampled_from(PIECES), max_size=60).map("".join),
    mutated_text("tanh(y*x + 2)**2 / (1 + exp(-x)) - log(sigmoid(x))"),
)


def sentence(fault: LabError) -> None:
    """A fault is one line that a learner can read."""
    assert 0 < len(str(fault)) < 500


def table(rows: int = 20) -> bytes:
    lines = ["height,weight,group", *(f"{150 + n},{45.5 + n * n},{'ab'[n % 2]}" for n in range(rows))]
    return "\n".join(lines).encode()


def series(rows: int = 40) -> bytes:
    return "\n".join(["month,value", *(f"{1990 + n}-02,{n * n}" for n in range(rows))]).encode()


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo("china")).save(file, kind)
    return file.getvalue()


@quick
@given(expressions)
def test_an_expression_is_read_or_refused(text: str) -> None:
    try:
        graph = graph_of(text)
    except LabError as fault:
        sentence(fault)
    else:
        assert 0 < len(graph.nodes) <= 80


@quick
@given(expressions)
def test_a_surface_is_computed_or_refused(text: str) -> None:
    assume(text)
    try:
        ground = surface(OWN, formula=text)
    except LabError as fault:
        sentence(fault)
    else:
        place = torch.linspace(-2, 2, 5, dtype=torch.float64)
        assert ground.value(place, place).shape == (5,)


READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "table": (lambda raw: read_table(raw, "a.csv"), table()),
    "series": (lambda raw: read_series(raw, "a.csv"), series()),
    "text": (read_text, lab_text().encode()[:3000]),
    "png": (lambda raw: read_picture(raw, "a.png"), written_picture(photo("flower"))),
    "jpeg": (lambda raw: read_picture(raw, "a.jpg"), picture("JPEG")),
}


@pytest.mark.parametrize("name", READERS)
def test_a_file_is_read_or_refused(name: str) -> None:
    read, valid = READERS[name]
    read(valid)

    @hostile
    @given(
        st.one_of(
            mutated(valid), st.binary(max_size=300), texts.map(lambda text: text.encode("utf-8", "replace"))
        )
    )
    def check(raw: bytes) -> None:
        try:
            read(raw)
        except LabError as fault:
            sentence(fault)

    check()


@quick
@given(st.one_of(texts, mutated_text("0,1,0,1,-4,1,0,1,0")))
def test_a_kernel_is_of_numbers_or_refused(text: str) -> None:
    settings, faults = OperationSettings.from_query({"conv_kernel": "own", "conv_cells": text})
    assert settings.conv_kernel == "own"
    assert faults or np.isfinite(settings.kernel()).all()


@quick
@given(st.one_of(texts, mutated_text("A" * 262)))
def test_a_drawing_is_a_picture_or_refused(text: str) -> None:
    settings, faults = OperationSettings.from_query({"conv_picture": "drawn", "conv_drawing": text})
    assert settings.conv_picture == "drawn"
    assert faults or not text or drawn_picture(settings.conv_drawing).shape == (28, 28)


@quick
@given(st.one_of(texts, mutated_text("http://lab/playground?data=spiral&hidden=8-8&learning_rate=0.1")))
def test_an_address_of_the_playground_is_read_or_refused(text: str) -> None:
    try:
        settings_in(text)
    except LabError as fault:
        sentence(fault)
