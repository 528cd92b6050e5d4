"""The part on the page: at every end of its controls, and with the Playground's network."""

import pytest

from lab.core.settings import controls_of
from lab.topics.gradient_descent.network_settings import NetworkDisplay, NetworkSettings
from tests.contract.controls_as_strategies import extremes_of
from tests.pages import page_at

pytestmark = pytest.mark.usefixtures("_in_place")
QUICK = {"part": "network", "net_steps": "10", "net_grid": "11", "net_hidden": "3"}


@pytest.fixture
def page():
    return page_at("gradient_descent", QUICK)


def test_it_opens_at_every_end_of_every_control(page):
    fields = {**controls_of(NetworkSettings), **controls_of(NetworkDisplay)}
    for name, control in fields.items():
        for value in extremes_of(control):
            page.query_params.clear()
            page.query_params.update(QUICK | {name: control.written(value)})
            page.run()
            assert not page.exception, (name, value)
            assert page.dataframe


def take_over(page, address):
    page.text_input(key="network:address").set_value(address)
    next(button for button in page.button if button.label == "Take it over").click().run()


def test_the_playgrounds_network_is_taken_over(page):
    take_over(page, "http://localhost:8501/playground?data=xor&hidden=5&epochs=2&l1=0.01&seed=3")
    assert page.query_params["net_data"] == "xor"
    assert page.query_params["net_hidden"] == "5"
    assert page.query_params["net_batch"] == "10"
    (told,) = [one.value for one in page.success]
    assert told.endswith("its first weights; not taken over: L1 rate.")
    assert not page.exception


def test_garbage_changes_nothing_and_is_answered_in_a_sentence(page):
    before = dict(page.query_params)
    take_over(page, "what is this?")
    (told,) = [one.value for one in page.error]
    assert told.startswith("Address: expected the Playground's address")
    assert dict(page.query_params) == before
