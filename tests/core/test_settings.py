"""Settings are frozen, closed, and survive URL and JSON to the last digit."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lab.core.controls import Choice, Layers, Slider, Switch
from lab.core.errors import SettingError
from lab.core.settings import LessonSettings, controls_of


class Small(LessonSettings):
    rate: Annotated[float, Slider("Learning rate", 0.001, 10, log=True)] = 0.03
    hidden: Annotated[tuple[int, ...], Layers("Hidden layers", 6, 16)] = (4, 2)
    kind: Annotated[str, Choice("Kind", {"a": "A", "b": "B"})] = "a"
    on: Annotated[bool, Switch("On")] = True


SMALL = st.builds(
    Small,
    rate=st.floats(0.001, 10),
    hidden=st.lists(st.integers(1, 16), max_size=6).map(tuple),
    kind=st.sampled_from("ab"),
    on=st.booleans(),
)


@given(SMALL)
def test_url_and_json_give_the_settings_back(settings):
    again, faults = Small.from_query(settings.to_query())
    assert again == settings
    assert not faults
    assert Small.model_validate_json(settings.key()) == settings


@given(SMALL, SMALL)
def test_keys_are_equal_just_for_equal_settings(one, other):
    assert (one.key() == other.key()) == (one == other)


def test_defaults_leave_the_url_empty():
    assert Small().to_query() == {}


def test_a_bad_parameter_falls_back_alone_and_is_named():
    settings, faults = Small.from_query({"rate": "100", "kind": "b", "embed": "true"})
    assert settings == Small(kind="b")
    assert [str(fault) for fault in faults] == [
        "Learning rate: expected a number from 0.001 to 10, got 100.0"
    ]


def test_settings_cannot_be_changed_or_extended():
    with pytest.raises(ValidationError):
        Small().rate = 1.0  # type: ignore[misc]
    with pytest.raises(SettingError, match="momentum: expected a setting of this page"):
        Small.checked({"momentum": 0.9})


def test_changed_validates_again():
    with pytest.raises(SettingError, match=r"Learning rate: expected a number from 0\.001 to 10, got 99"):
        Small().changed(rate=99)


def test_every_field_has_its_control():
    assert list(controls_of(Small)) == ["rate", "hidden", "kind", "on"]
