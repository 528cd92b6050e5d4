"""Whatever stands in an address, the settings are valid, and what is wrong is said in short sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.core.settings import LessonSettings, controls_of
from lab.curriculum import lessons
from tests.hostile.garbage import hostile, mutated_text, texts

EXPERIMENTS = [experiment for lesson in lessons() for experiment in lesson.experiments]
MODELS = list(dict.fromkeys(model for one in EXPERIMENTS for model in (one.settings, one.display)))
LONGEST_SENTENCE = 1000


def queries(model: type[LessonSettings]) -> st.SearchStrategy[dict[str, str]]:
    """Return addresses: garbage for some of the fields, defaults a bit changed for others."""
    fields = {
        name: st.one_of(texts, mutated_text(control.written(getattr(model(), name))))
        for name, control in controls_of(model).items()
    }
    return st.fixed_dictionaries({}, optional={**fields, "unknown": texts, "__class__": texts})


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_settings_from_any_address_are_valid(model: type[LessonSettings]) -> None:
    @hostile
    @given(queries(model))
    def check(query: dict[str, str]) -> None:
        found, faults = model.from_query(query)
        assert model.from_query(found.to_query()) == (found, [])
        assert len(faults) <= len(query) + 1
        for fault in faults:
            assert 0 < len(str(fault)) < LONGEST_SENTENCE
            assert str(fault).isprintable()

    check()


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda one: one.name)
def test_every_address_has_an_estimate_of_its_run(experiment) -> None:
    @hostile
    @given(queries(experiment.settings))
    def check(query: dict[str, str]) -> None:
        found, _faults = experiment.settings.from_query(query)
        assert experiment.seconds(found) >= 0

    check()
