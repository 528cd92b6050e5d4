"""What a learner does on the page is done, refused in a sentence, or left alone and logged."""

import pytest

from lab.core.errors import SettingError
from lab.ui import acts


@pytest.fixture
def toasts(monkeypatch):
    said = []
    monkeypatch.setattr(acts.st, "toast", lambda text, **_options: said.append(text))
    return said


def test_what_can_be_done_is_done_without_a_word(toasts, caplog):
    done = []
    acts.acted(lambda: done.append(1), "playground/train", "edit")
    assert (done, toasts, caplog.messages) == ([1], [], [])


def test_a_mistake_of_the_learner_is_said_and_not_logged(toasts, caplog):
    def refused():
        raise SettingError("Seed", "at least 0", -1)

    acts.acted(refused, "playground/train", "edit")
    assert toasts == [str(SettingError("Seed", "at least 0", -1))]
    assert caplog.messages == []


def test_a_mistake_of_ours_is_said_and_logged_in_one_line_without_the_learners_data(toasts, caplog):
    acts.acted(lambda: float("my secret"), "playground/train", "edit")
    (told,) = toasts
    assert "try again" in told
    (line,) = caplog.messages
    assert line.startswith("playground/train: 'edit' was left alone, ValueError at test_acts.py:")
    assert "secret" not in caplog.text


def test_a_widget_that_was_dropped_in_the_midst_of_a_script_changes_nothing(monkeypatch) -> None:
    monkeypatch.setattr(acts.st, "session_state", {"here": 7})
    took = []
    acts.taken("here", took.append)()
    acts.taken("gone", took.append)()
    assert took == [7]
