"""The served lab in a real browser: what a learner does, and that what is shown is what was computed."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from lab.data.points import FEATURES
from lab.topics.playground.settings import Display, Settings
from tests.browser.lab_page import STAGES, LabPage, trained_alone

pytestmark = pytest.mark.browser

MANY = Settings(
    data="spiral",
    noise=0.1,
    hidden=(8, 8, 8),
    features=tuple(map(str, FEATURES)),
    optimizer="adam",
    learning_rate=0.01,
    l2=0.001,
    dropout=0.1,
    networks=5,
    seed=7,
    epochs=100,
)
RANGE = "() => document.querySelector('[data-figure=loss] .stage-plot')._fullLayout.xaxis.range"
SPACE = "document.querySelector('.stage-map [data-figure=\"3d\"] .stage-plot')"
EYE = f"() => {SPACE}._fullLayout.scene._scene.getCamera().eye"


def in_url(lab: LabPage) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(lab.page.url).query).items()}


def test_the_start_page_lists_the_lessons_and_runs_nothing(lab: LabPage) -> None:
    lab.go()
    link = lab.page.get_by_test_id("stMain").get_by_role("link", name="Playground")
    expect(link).to_be_visible()
    assert not any("/lab/" in url for url in lab.requests)
    link.click()
    lab.page.wait_for_url("**/playground")
    lab.complete()
    assert any("/lab/" in url for url in lab.requests)


def test_a_slider_moved_by_keys_retrains(lab: LabPage) -> None:
    lab.open()
    for words in ("The network's output for", "Loss over epochs", "Accuracy over epochs"):
        expect(lab.page.get_by_role("img", name=words).first).to_be_visible()
    expect(lab.page.locator(".stage-neuron")).to_have_count(9)
    before, run = lab.curve("test, median"), lab.run()
    fresh = lab.seconds(lambda: lab.slider("Learning rate").press("ArrowRight"))
    assert in_url(lab)["learning_rate"] == "0.05"
    faster = lab.curve("test, median")
    assert faster != before
    again = lab.seconds(lambda: lab.slider("Learning rate").press("ArrowLeft"))
    assert lab.run() == run
    assert lab.curve("test, median") == before
    print(f"from the key to all drawn: {fresh:.2f} s trained anew, {again:.2f} s known already")
    assert fresh < 3
    assert again < 1.5


def test_zoom_and_camera_survive_another_run(lab: LabPage) -> None:
    lab.open(Display(surface="3d"))
    if not lab.page.evaluate("() => Boolean(document.createElement('canvas').getContext('webgl'))"):
        pytest.skip("this Chromium has no WebGL")
    whole, first = lab.page.evaluate(RANGE), lab.page.evaluate(EYE)
    lab.drag("[data-figure=loss] .nsewdrag")
    lab.drag(".stage-map .stage-plot")
    lab.page.wait_for_timeout(200)
    zoomed, turned = lab.page.evaluate(RANGE), lab.page.evaluate(EYE)
    assert zoomed[1] - zoomed[0] < 0.6 * (whole[1] - whole[0])
    assert turned != pytest.approx(first, abs=0.1)
    height = f"() => {SPACE}._fullData[0].z[50][50]"
    before = lab.page.evaluate(height)
    lab.seconds(lambda: lab.enter("Seed", 2))
    assert lab.page.evaluate(height) != before
    assert lab.page.evaluate(RANGE) == zoomed
    assert lab.page.evaluate(EYE) == pytest.approx(turned)


def test_going_on_ends_where_one_long_run_ends(lab: LabPage, visit: Callable[[], LabPage]) -> None:
    lab.open(Settings(epochs=100, seed=11))
    lab.seconds(lab.button("+100 epochs").click)
    expect(lab.page.locator(".stage-epoch")).to_have_text("epoch 200 of 200")
    assert in_url(lab) == {"seed": "11"}
    lab.seconds(lab.button("+1 epoch").first.click)
    expect(lab.page.locator(".stage-epoch")).to_have_text("epoch 201 of 201")
    lab.seconds(lab.button("+1 batch").click)
    expect(lab.page.locator(".stage-epoch")).to_have_text(re.compile(r"^epoch 201\.04 of 201\.04$"))
    assert in_url(lab) == {"seed": "11", "epochs": "201", "batches": "1"}
    at_once, losses = trained_alone(Settings(seed=11, epochs=201, batches=1))
    np.testing.assert_array_equal(lab.parameters()[-1], at_once[-1])
    np.testing.assert_allclose(lab.curve("test, network 1")[-1], losses[-1], rtol=1e-6)
    other = visit()
    other.open(Settings(seed=11, epochs=201, batches=1))
    assert other.numbers() == lab.numbers()


def test_a_url_gives_the_same_numbers_to_everyone(visit: Callable[[], LabPage]) -> None:
    pages = [visit(), visit()]
    for one in pages:
        one.open(MANY, Display(shown=3, show_test=True))
    first, second = (one.numbers() for one in pages)
    assert first == second
    parameters, losses = trained_alone(MANY, network=2)
    np.testing.assert_array_equal(pages[0].parameters(), parameters)
    np.testing.assert_allclose(pages[0].curve("test, network 3"), losses, rtol=1e-6)
    assert in_url(pages[0]) == MANY.to_query() | {"shown": "3", "show_test": "on"}


def test_a_weight_set_by_hand(lab: LabPage) -> None:
    lab.open(Settings(seed=3))
    first = lab.numbers()
    z = "() => document.querySelector('.stage-map .stage-plot').data[0].z[10][10]"
    before = lab.page.evaluate(z)
    field = lab.page.get_by_label("x₂", exact=True)
    field.fill("3.5")
    lab.page.wait_for_function(f"before => ({z})() !== before", arg=before)
    assert "edits" not in lab.page.url  # the map has changed, and the server does not know yet
    lab.seconds(lambda: field.press("Enter"))
    settings = Settings(seed=3, edits="200:0:4=3.5")
    assert in_url(lab)["edits"] == settings.edits
    parameters, losses = trained_alone(settings)
    np.testing.assert_array_equal(lab.parameters()[-1], parameters[-1])
    assert lab.curve("test, network 1")[-1] == pytest.approx(losses[-1], rel=1e-6)
    assert lab.numbers()["figures"] != first["figures"]
    lab.seconds(lab.button("Reset weights").click)
    assert lab.numbers() == first
    lab.seconds(lab.button("Add a hidden layer").click)
    expect(lab.slider("Hidden layers")).to_have_value("3")
    assert in_url(lab)["hidden"] == "4-2-2"


def test_a_sweep_trains_every_value_and_marks_what_diverges(lab: LabPage) -> None:
    lab.open(Settings(data="plane", activation="linear", hidden=(16, 16), epochs=100))
    lab.button("Train all values").click()
    lab.page.wait_for_function(f"() => ({STAGES})[1]?.known.progress?.share > 0")
    lab.page.wait_for_selector("[data-figure=sweep] .js-plotly-plot")
    lab.complete()
    read = """() => document.querySelector("[data-figure=sweep] .stage-plot")._fullData
      .map(trace => [Array.from(trace.x), Array.from(trace.y)])"""
    (values, train), (_values, test), (lost, _top) = lab.page.evaluate(read)
    assert len(values) == len(train) == len(test) == 11
    assert lost == values[-len(lost) :]  # the largest rates
    settings = Settings(data="plane", activation="linear", hidden=(16, 16), epochs=100)
    plain = [trained_alone(settings, network)[1][-1] for network in range(settings.networks)]
    assert test[values.index("0.03")] == pytest.approx(np.median(plain), rel=1e-5)


def table(cell: str) -> dict[str, str | bytes]:
    rows = [f"{150 + k},{50 + k % 7},{'tall' if k % 3 else 'small'}" for k in range(30)]
    rows[4] = f"154,{cell},tall"
    text = "\n".join(["height,weight,group", *rows])
    return {"name": "mine.csv", "mimeType": "text/csv", "buffer": text.encode()}


def test_a_table_of_ones_own(lab: LabPage) -> None:
    lab.go("/playground?data=csv&epochs=20")
    alerts = lab.page.locator("[data-testid=stAlertContentError] p")
    upload = lab.page.locator("input[type=file]")
    upload.set_input_files(table("heavy"))  # type: ignore[arg-type]
    expect(alerts).to_have_text("row 6, column 'weight': expected a finite number, got 'heavy'")
    expect(alerts).to_have_count(1)
    upload.set_input_files(table("54"))  # type: ignore[arg-type]
    lab.complete()
    expect(alerts).to_have_count(0)
    assert re.fullmatch(r"[0-9a-f]{64}", in_url(lab)["file"])
    axes = lab.page.evaluate(f"() => {STAGES}[0].known.network.axes.map(axis => axis.name)")
    assert axes == ["height, standardised", "weight, standardised"]
    before = lab.numbers()
    lab.seconds(lambda: lab.enter("Seed", 5))
    assert lab.numbers()["parameters"] != before["parameters"]


HOSTILE = {
    "learning_rate": "1e30",
    "epochs": "many",
    "seed": "-1",
    "noise": "nan",
    "features": "x1,x9",
    "hidden": "99-99",
    "data": "🌀<script>alert(1)</script>",
    "shuffle": "yes",
    "edits": "200:0:0=__import__('os')",
    "batch_size": "9" * 20_000,
    "shown": "0",
    "surface": "4d",
    "knob": "../../etc/passwd",
}


def test_each_wrong_parameter_of_a_url_gets_a_sentence(lab: LabPage) -> None:
    lab.go("/playground?" + "&".join(f"{name}={text}" for name, text in HOSTILE.items()))
    lab.complete()
    warnings = lab.page.locator("[data-testid=stAlertContentWarning] p")
    expect(warnings).to_have_count(len(HOSTILE))
    for sentence in warnings.all_inner_texts():
        assert re.fullmatch(r"From the link: [^:]+: expected .+, got .+\. The default is used\.", sentence)
        assert len(sentence) < 300
    expect(lab.page.get_by_test_id("stException")).to_have_count(0)
    np.testing.assert_array_equal(lab.parameters(), trained_alone(Settings())[0])
    lab.go("/playground?edits=0:31:9999=1")  # well formed, but of no network
    expect(lab.page.get_by_test_id("stAlertContentError")).to_contain_text("Weights set by hand: expected")
    expect(lab.page.get_by_test_id("stException")).to_have_count(0)
