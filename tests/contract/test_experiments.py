"""What every experiment of the curriculum promises; a new lesson is tested here without a line of its own."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from lab.core.errors import LabError
from lab.core.events import Done, Evaluated, Event, Finished, Framed, Started
from lab.core.lesson import Context
from lab.core.settings import controls_of
from lab.curriculum import experiment, lessons
from tests.contract.controls_as_strategies import values_of

EXPERIMENTS = [one for lesson in lessons() for one in lesson.experiments]
EACH = pytest.mark.parametrize("one", EXPERIMENTS, ids=lambda one: one.name)
FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # training again and again for a simpler example takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)


def drawn(data, one):
    """Return any valid settings of the experiment."""
    fields = {name: data.draw(values_of(name, c), name) for name, c in controls_of(one.settings).items()}
    try:
        return one.settings.checked(fields)
    except LabError:
        assume(False)
        raise


def split(items):
    *events, done = items
    assert isinstance(done, Done)
    assert all(isinstance(event, Event) for event in events)
    return events, done.result


def assert_equal(one, other):
    """Compare events; where its memory lies may change the last bit of a sum in double precision."""
    assert len(one) == len(other)
    for first, second in zip(one, other, strict=True):
        match first:
            case Evaluated(epoch, scores):
                assert (epoch, scores.keys()) == (second.epoch, second.scores.keys())
                for name, values in scores.items():
                    np.testing.assert_allclose(values, second.scores[name], rtol=1e-13, atol=0)
            case Framed(epoch, parameters):
                assert epoch == second.epoch
                np.testing.assert_array_equal(parameters, second.parameters)
            case _:
                assert first == second


@EACH
@given(data=st.data())
@FEW
def test_any_valid_settings_end_well(one, data):
    events, result = split(list(one.train(drawn(data, one), Context())))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert result is not None


@EACH
@given(data=st.data())
@settings(FEW, max_examples=4)
def test_equal_settings_give_equal_events_whoever_else_trains(one, data):
    mine, other = drawn(data, one), drawn(data, one)
    alone, _result = split(list(one.train(mine, Context())))
    first, second = one.train(mine, Context()), one.train(other, Context())
    together = []
    for event in first:  # the other run advances between any two events of mine
        together.append(event)
        next(second, None)
    assert_equal(alone, split(together)[0])


def assert_readable(figure):
    """Every axis has a title, every trace numbers that can be drawn, and Plotly knows every property."""
    figure = figure.checked()
    for trace in figure.data:
        spatial = trace.type in ("surface", "scatter3d")
        axes = (figure.layout.scene if spatial else figure.layout), "xyz" if spatial else "xy"
        assert all(axes[0][f"{letter}axis"].title.text for letter in axes[1])
        if trace.type in ("heatmap", "contour", "surface"):
            assert np.shape(trace.z) == (len(trace.y), len(trace.x))
            assert not np.isinf(np.asarray(trace.z, dtype=float)).any()
            continue
        assert len(trace.x) == len(trace.y)
        heights = np.asarray(trace.z if spatial else trace.y)
        if heights.dtype.kind not in "UO":  # letters stand on an axis of names
            assert not np.isinf(heights.astype(float)).any()


@EACH
@given(data=st.data())
@settings(FEW, max_examples=6)
def test_the_stage_is_complete_and_changes_nothing(one, data):
    chosen = drawn(data, one)
    events, result = split(list(one.train(chosen, Context())))
    before = list(events)
    display = one.display()
    stage = one.stage(chosen, display, Context(), events, result)
    assert_equal(events, before)
    assert stage.panels
    for panel in stage.panels:
        assert panel.title
        assert len(panel.alt) > 40
        assert_readable(panel.figure)
    if stage.drawing is not None:
        assert stage.drawing.parameters.shape[0] == len(stage.drawing.epochs)


@EACH
def test_the_stage_can_be_drawn_before_the_first_event(one):
    stage = one.stage(one.settings(), one.display(), Context(), [])
    assert not stage.panels


@EACH
def test_it_is_found_by_its_name(one):
    assert experiment(one.name) is one
    slug = one.name.partition("/")[0]
    assert slug in {lesson.slug for lesson in lessons()}
    with pytest.raises(KeyError):
        experiment("os/system")


@EACH
@given(data=st.data())
@settings(FEW, max_examples=50)
def test_estimates_are_positive(one, data):
    assert 0 <= one.seconds(drawn(data, one)) < 3600


@pytest.mark.parametrize("lesson", list(lessons()), ids=lambda lesson: lesson.slug)
def test_challenges_name_an_experiment_of_their_lesson(lesson):
    names = {one.name for one in lesson.experiments}
    assert all(challenge.experiment in names and challenge.text for challenge in lesson.challenges)
    ids = [challenge.id for challenge in lesson.challenges]
    assert len(ids) == len(set(ids))
