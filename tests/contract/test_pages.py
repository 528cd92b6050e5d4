"""Every page opens, through the lab's own menu, at every end of every control."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from lab.core.controls import Hidden, Slider
from lab.core.settings import controls_of
from lab.curriculum import lessons
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import SHELL, faults, page_at

pytestmark = pytest.mark.usefixtures("_in_place")
ROOT = Path(__file__).parents[2]
QUICK = {"epochs": "2", "networks": "2"}
TEXT_PROGRAMS = ("noise", "square", "softmax", "tumour", "convolution", "dense")
QUICK |= {f"{one}_{budget}": "1" for one in TEXT_PROGRAMS for budget in ("epochs", "networks")}

LESSONS = list(lessons())
EACH = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)


def opened(lesson, query):
    return page_at(lesson.slug, query)


def models(lesson):
    """Return the settings models whose controls stand on the page."""
    for one in lesson.experiments:
        yield one.settings
        yield one.display


@EACH
def test_it_opens_at_its_defaults(lesson):
    page = opened(lesson, {})
    assert not faults(page)
    assert lesson.title in [title.value for title in page.title]


@EACH
def test_it_opens_at_every_end_of_every_control(lesson):
    fields = {name: one for model in models(lesson) for name, one in controls_of(model).items()}
    quick = {name: value for name, value in QUICK.items() if name in fields}
    page = opened(lesson, quick)
    for name, control in fields.items():
        if isinstance(control, Hidden) or name.endswith("epochs"):
            continue
        for value in extremes_of(control):
            page.query_params.clear()
            page.query_params.update(quick | {name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)


@EACH
def test_a_url_sets_the_controls_and_says_what_it_cannot_use(lesson):
    one = lesson.experiments[0]
    page = opened(lesson, {"epochs": "3", "seed": "77"} if lesson.slug == "playground" else {})
    kept = [page.session_state[key] for key in page.session_state if str(key).startswith("kept:")]
    chosen = next(settings for settings in kept if type(settings) is one.settings)
    if lesson.slug == "playground":
        assert (chosen.epochs, chosen.seed) == (3, 77)
    numbers = (one for one in controls_of(one.settings).items() if isinstance(one[1], Slider))
    name, control = next(numbers)
    page = opened(lesson, {name: "1e30"})
    assert not page.exception
    (said,) = [warning.value for warning in page.warning]
    assert control.label in said
    assert isinstance(control, Slider)
    assert f"{control.high:g}" in said


@EACH
def test_prose_and_picture_are_there(lesson):
    text = ROOT / "lab" / "text"
    prose = (text / "en" / f"{lesson.slug}.md").read_text(encoding="utf-8")
    assert prose.count("<!-- stage -->") == 1
    assert "<svg" in (text / "pictures" / f"{lesson.slug}.svg").read_text(encoding="utf-8")
    assert lesson.summary.endswith(".")
    assert lesson.sources


def test_the_start_page_runs_nothing_and_names_every_lesson():
    page = AppTest.from_file(SHELL, default_timeout=60).run()
    assert not faults(page)
    from lab.ui.desk import desk  # noqa: PLC0415

    assert desk.cache_info().currsize == 0
    words = " ".join(text.value for text in page.markdown)
    for lesson in LESSONS:
        assert lesson.summary in words


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.stem)
def test_a_page_is_short_and_knows_its_topic_and_the_ui_only(page):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    allowed = ("import streamlit", f"from lab.topics.{page.stem} ", "from lab.ui")
    assert all(line.startswith(allowed) for line in imports), imports
    assert page.stem in {lesson.slug for lesson in LESSONS}
