"""A learner opens the trained network by a click, and plants a shortcut; numbers are the lesson's."""

import numpy as np
import pytest

from lab.core.events import Done
from lab.core.lesson import Context
from lab.topics.cnn.display import Display
from lab.topics.cnn.inside import inside
from lab.topics.cnn.looks import shortcut
from lab.topics.cnn.quality import answers_of
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import train
from tests.browser.lab_page import LabPage

pytestmark = pytest.mark.browser

SETTINGS = Settings(images="digits8", padding="same", epochs=1)
QUERY = "images=digits8&padding=same&epochs=1"


def trained(settings: Settings):
    *_events, done = train(settings, Context())
    assert isinstance(done, Done)
    return done.result


def test_a_click_on_a_map_shows_the_sum_behind_the_value(lab: LabPage) -> None:
    lab.go(f"/cnn?part=inside&{QUERY}")
    lab.complete()
    plot = lab.page.locator("[data-figure=in_maps_conv2] .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    heading = lab.page.get_by_text("Convolution 2, map")
    for share in (0.18, 0.12, 0.22):  # between the maps there is nothing to choose
        lab.page.mouse.click(box["x"] + share * box["width"], box["y"] + share * box["height"])
        lab.page.wait_for_timeout(1500)
        if heading.count():
            break
    heading.first.wait_for()
    asked = lab.page.evaluate("() => Object.fromEntries(new URLSearchParams(location.search))")
    display, _faults = Display.from_query({name: text for name, text in asked.items() if name[:3] == "in_"})
    assert display.in_layer == "conv2"
    seen = inside(SETTINGS, display.changed(view="inside"), Context(), trained(SETTINGS))
    value = seen.maps["conv2"][display.in_channel - 1, display.in_row - 1, display.in_column - 1]
    assert seen.terms.value == pytest.approx(float(value), abs=1e-5)
    told = lab.page.locator(".katex annotation").all_text_contents()
    assert any(f"= {seen.terms.value:.4f}" in one for one in told)
    assert lab.complaints == []


def click_tile(lab: LabPage, figure: str, column: float, row: float) -> None:
    """Click a place of a figure of tiles, in its own pixels from 0."""
    area = lab.page.locator(f"[data-figure={figure}] .nsewdrag").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    layout = f"document.querySelector('[data-figure={figure}] .stage-plot')._fullLayout"
    x, y = (
        lab.page.evaluate(f"at => {layout}.{axis}axis.d2p(at)", at)
        for axis, at in (("x", column), ("y", row))
    )
    lab.page.mouse.click(box["x"] + x, box["y"] + y)


def test_a_click_on_a_mistake_opens_that_image_and_one_on_the_strip_its_neighbour(lab: LabPage) -> None:
    lab.go(f"/cnn?part=quality&{QUERY}")
    lab.complete()
    place = int(answers_of(trained(SETTINGS)).worst()[5])
    click_tile(lab, "worst", 9 + 4, 9 + 3)  # the sixth: the second one of the second row
    lab.page.wait_for_url(f"**in_image={place + 1}*")
    lab.complete()
    seen = inside(SETTINGS, Display(in_image=place + 1), Context(), trained(SETTINGS))
    assert seen.probabilities.argmax() != seen.truth
    lab.page.get_by_text(f"the network says {seen.probabilities.argmax()}, with").wait_for()
    click_tile(lab, "in_strip", 9 * (place % 24 % 6) + 4, 9 * ((place % 24 // 6 + 1) % 4) + 4)
    other = place // 24 * 24 + (place % 24 + 6) % 24 + 1
    lab.page.wait_for_url(f"**in_image={other}*")
    lab.complete()
    assert lab.complaints == []


def test_a_planted_shortcut_is_found(lab: LabPage) -> None:
    lab.go(f"/cnn?part=looks&{QUERY}")
    lab.complete()
    lab.button("Next image").click()
    lab.page.wait_for_url("**look_image=2**")
    lab.complete()
    lab.seconds(lambda: lab.button("Plant a shortcut and train again").click())
    planted = SETTINGS.changed(shortcut=True)
    told = shortcut(planted, Context(), trained(planted))
    lab.page.get_by_text(f"{told.fooled:.0%}", exact=True).first.wait_for()
    assert lab.page.get_by_text(f"{told.found:.0%}", exact=True).count() >= 1
    assert np.isfinite([told.found, told.fooled]).all()
    lab.button("Take the shortcut away").wait_for()
    assert lab.complaints == []
