"""Every control refuses what it does not allow, in one sentence, and its URL form gives the value back."""

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.core.controls import Choice, Count, Hidden, Layers, Seed, Several, Slider, Switch
from lab.core.errors import SettingError

RATE = Slider("Learning rate", 0.001, 10, log=True, zero=True, unit="per step")
BATCH = Count("Batch size", 1, 1000, log=True)
DATA = Choice("Data set", {"circle": "Circle", "xor": "Exclusive or"})
FEATURES = Several("Features", {"x1": "x1", "x2": "x2", "x1x2": "x1x2"})
LAYERS = Layers("Hidden layers", 6, 16)
EDITS = Hidden("Edits", r"\d{1,3}", "up to three digits")


@pytest.mark.parametrize(
    ("control", "value", "sentence"),
    [
        (RATE, 11, "Learning rate: expected 0 or a number from 0.001 to 10 per step, got 11"),
        (RATE, 0.0001, "Learning rate: expected 0 or a number from 0.001 to 10 per step, got 0.0001"),
        (RATE, math.nan, "Learning rate: expected 0 or a number from 0.001 to 10 per step, got nan"),
        (RATE, math.inf, "Learning rate: expected 0 or a number from 0.001 to 10 per step, got inf"),
        (RATE, "1", "Learning rate: expected 0 or a number from 0.001 to 10 per step, got '1'"),
        (RATE, True, "Learning rate: expected 0 or a number from 0.001 to 10 per step, got True"),
        (BATCH, 0, "Batch size: expected a whole number from 1 to 1,000, got 0"),
        (BATCH, 2.5, "Batch size: expected a whole number from 1 to 1,000, got 2.5"),
        (BATCH, False, "Batch size: expected a whole number from 1 to 1,000, got False"),
        (Seed("Seed"), -1, "Seed: expected a whole number from 0 to 2,147,483,647, got -1"),
        (DATA, "cicle", "Data set: expected one of circle, xor, got 'cicle'"),
        (DATA, None, "Data set: expected one of circle, xor, got None"),
        (FEATURES, (), "Features: expected one or more of x1, x2, x1x2, got ()"),
        (FEATURES, ("x9",), "Features: expected one or more of x1, x2, x1x2, got ('x9',)"),
        (Switch("Shuffle"), "yes", "Shuffle: expected on or off, got 'yes'"),
        (LAYERS, (17,), "Hidden layers: expected at most 6 layers of 1 to 16 neurons, such as 4-2, got "
         "(17,)"),
        (LAYERS, (1,) * 7, "Hidden layers: expected at most 6 layers of 1 to 16 neurons, such as 4-2, got "
         "(1, 1, 1, 1, 1, 1, 1)"),
        (LAYERS, 4, "Hidden layers: expected at most 6 layers of 1 to 16 neurons, such as 4-2, got 4"),
        (EDITS, "1; drop", "Edits: expected up to three digits, got '1; drop'"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_in_one_sentence(control, value, sentence):
    with pytest.raises(SettingError) as fault:
        control.checked(value)
    assert str(fault.value) == sentence


@pytest.mark.parametrize(
    ("control", "text"),
    [
        (RATE, "1e999"), (RATE, "nan"), (RATE, ""), (RATE, "1" * 10_000), (RATE, "0x10"), (RATE, "١"),
        (BATCH, "1.5"), (BATCH, "1e2"), (BATCH, "-" * 40), (BATCH, "9" * 5000),
        (DATA, "<script>"), (FEATURES, ""), (FEATURES, "x1,,x2"), (Switch("Shuffle"), "True"),
        (LAYERS, "4-"), (LAYERS, "-4"), (LAYERS, "4-2-"), (LAYERS, "9" * 400), (LAYERS, "４"),
        (EDITS, "\n1"), (EDITS, "1" * 5000),
    ],
)  # fmt: skip
def test_hostile_url_text_is_refused_and_cut_short(control, text):
    with pytest.raises(SettingError) as fault:
        control.read(text)
    assert len(str(fault.value)) < 250
    assert "\n" not in str(fault.value)


CONTROLS = [
    (RATE, st.just(0.0) | st.floats(0.001, 10)),
    (BATCH, st.integers(1, 1000)),
    (DATA, st.sampled_from(list(DATA.options))),
    (FEATURES, st.sets(st.sampled_from(list(FEATURES.options)), min_size=1)),
    (Switch("Shuffle"), st.booleans()),
    (LAYERS, st.lists(st.integers(1, 16), max_size=6).map(tuple)),
    (EDITS, st.integers(0, 999).map(str) | st.just("")),
]


@given(st.data())
def test_the_url_form_gives_the_very_value_back(data):
    control, values = data.draw(st.sampled_from(CONTROLS))
    value = control.checked(data.draw(values))
    if control is EDITS and not value:
        return  # an empty text is the default and is not written
    assert control.read(control.written(value)) == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for control, _values in CONTROLS:
        with suppress(SettingError):
            control.read(text)


def test_all_stops_are_allowed_values():
    for control in (RATE, BATCH, Slider("Noise", 0, 0.5, 0.05), Count("Shown", 1, 32)):
        for stop in control.stops():
            assert control.checked(stop) == stop
        assert control.low in control.stops()
        assert control.high in control.stops()


def test_several_keeps_the_order_of_its_options():
    assert FEATURES.read("x1x2,x1") == ("x1", "x1x2")
