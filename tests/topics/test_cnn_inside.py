"""What is inside the trained network: every number against torch, every claim of the text."""

import itertools
import re
from typing import Any

import numpy as np
import pytest
import torch

from lab.core.errors import DataError
from lab.core.events import Done
from lab.core.lesson import Context
from lab.data.photos import photo, written_picture
from lab.data.tables import table_key
from lab.models.convnet import ConvArchitecture
from lab.models.receptive import receptive_field
from lab.topics.cnn.display import MAPS, Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.inside import inside, moment_of, picture_of, stop_of, stops
from lab.topics.cnn.inside_equations import equations
from lab.topics.cnn.inside_stage import inside_stage, place_on_sheet
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.strip import image_on_strip, strip_panel
from lab.topics.cnn.train import network_of, train


def trained(**chosen: Any) -> tuple[Settings, Any]:
    settings = Settings(**chosen)
    *_events, done = train(settings, Context())
    assert isinstance(done, Done)
    return settings, done.result


@pytest.fixture(scope="module")
def plain():
    return trained(epochs=2, twin=False)


@pytest.fixture(scope="module")
def normed():
    return trained(
        images="digits8", blocks=2, padding="same", batch_norm=True, pool="average", epochs=1, twin=False
    )


def test_maps_are_those_of_the_network(plain):
    settings, result = plain
    seen = inside(settings, Display(view="inside", in_image=7), Context(), result)
    images, network = images_of(settings, Context()), network_of(result)
    values = images.test[6:7]
    with torch.no_grad():
        blocks: Any = network.blocks
        for number, block in enumerate(blocks, start=1):
            values = torch.nn.functional.conv2d(values, block.conv.weight, block.conv.bias)
            np.testing.assert_allclose(seen.maps[f"conv{number}"], values[0], atol=1e-5)
            values = values.relu()
            np.testing.assert_allclose(seen.maps[f"act{number}"], values[0], atol=1e-5)
            values = torch.nn.functional.max_pool2d(values, 2)
            np.testing.assert_allclose(seen.maps[f"pool{number}"], values[0], atol=1e-5)
        shares = network(images.test[6:7]).softmax(dim=1)[0]
    np.testing.assert_allclose(seen.probabilities, shares, atol=1e-6)
    assert seen.truth == int(images.test_labels[6])


@pytest.mark.parametrize("layer", ["conv1", "act1", "pool1", "conv2", "act2", "pool2"])
def test_the_terms_give_the_value(plain, normed, layer):
    for settings, result in (plain, normed):
        for place in itertools.product((1, 5), (1, 4), (2,)):
            values = dict(zip(("in_channel", "in_row", "in_column"), place, strict=True))
            seen = inside(settings, Display(in_layer=layer, **values), Context(), result)
            terms, patch = seen.terms, seen.terms.patch
            match seen.spot.kind:
                case "conv":
                    told = terms.sums.sum() + terms.bias
                case "act":
                    told = max(patch.item(), 0)
                case _:
                    told = patch.mean() if settings.pool == "average" else patch.max()
            assert told == pytest.approx(terms.value, abs=1e-5)
            spot = seen.spot
            assert terms.value == pytest.approx(seen.maps[layer][spot.channel, spot.row, spot.column])
            assert f"= {terms.value:.4f}" in equations(seen, Display())[-1]


def test_normalisation_reads_its_own_value(normed):
    settings, result = normed
    seen = inside(settings, Display(in_layer="norm1", in_row=3, in_column=2), Context(), result)
    first: Any = network_of(result).blocks[0]
    norm = first.norm
    with torch.no_grad():
        expected = norm(torch.from_numpy(seen.maps["conv1"])[None])[0, 0, 2, 1]
    assert seen.terms.patch.item() == pytest.approx(float(seen.maps["conv1"][0, 2, 1]))
    assert seen.terms.value == pytest.approx(expected.item(), abs=1e-5)
    (written,) = equations(seen, Display())
    numbers = [float(one) for one in re.findall(r"-?\d+\.\d+", written)]
    scale, value, mean, variance, shift, told = numbers
    assert written.count("10^{-5}") == 1
    assert (mean, variance) == pytest.approx(
        (norm.running_mean[0].item(), norm.running_var[0].item()), abs=1e-4
    )
    assert (scale, shift) == pytest.approx((norm.weight[0].item(), norm.bias[0].item()), abs=1e-4)
    assert value == pytest.approx(seen.terms.patch.item(), abs=1e-4)
    assert scale * (value - mean) / (variance + 1e-5) ** 0.5 + shift == pytest.approx(told, abs=2e-3)
    assert told == pytest.approx(expected.item(), abs=1e-4)


@pytest.mark.parametrize("layer", ["dense", "act_dense", "scores"])
def test_neurons_after_the_blocks_are_torchs_and_their_sums_written_out(plain, normed, layer):
    for settings, result in (plain, normed):
        seen = inside(settings, Display(in_layer=layer, in_channel=8), Context(), result)
        network, images = network_of(result), images_of(settings, Context())
        with torch.no_grad():
            made = dict(network.stages(images.test[:1]))[layer][0]
        np.testing.assert_allclose(seen.maps[layer][:, 0, 0], made, atol=1e-5)
        assert seen.terms.value == pytest.approx(made[7].item(), abs=1e-5)
        assert seen.field.inside(settings.side) == (range(settings.side), range(settings.side))
        written = equations(seen, Display(in_source=2))
        if layer == "act_dense":
            before = seen.maps["dense"][7, 0, 0]
            assert written == [f"f({before:.4f}) = {max(before, 0):.4f}"]
            continue
        assert seen.terms.sums.sum() + seen.terms.bias == pytest.approx(made[7].item(), abs=1e-5)
        first, last = written
        if layer == "dense":
            flat = seen.maps["pool2"].reshape(16, -1)
            dense: Any = network.dense
            weights = dense.weight[7].detach().reshape(flat.shape).numpy()
            assert first.startswith(r"\begin{aligned}s_{2} =")
            assert float(re.findall(r"= (-?\d+\.\d+)", first)[0]) == pytest.approx(
                (weights * flat)[1].sum(), abs=1e-4
            )
            assert r"\underset" not in last
        *parts, bias = [float(one) for one in re.findall(r"\((-?\d+\.\d+)\)", last)]
        value = float(re.findall(r"= (-?\d+\.\d+)", last)[0])
        assert len(parts) == 16
        assert sum(parts) + bias == pytest.approx(value, abs=2e-3)


def test_of_many_inputs_the_largest_products_are_named_and_the_others_summed(plain):
    settings, result = plain
    seen = inside(settings, Display(in_layer="scores", in_channel=3), Context(), result)
    weights: Any = network_of(result).output.weight[2].detach().numpy()
    products = weights * seen.maps["act_dense"][:, 0, 0]
    named = np.sort(np.argsort(-np.abs(products))[:15])
    written = equations(seen, Display())[-1]
    found = re.findall(r"\\underset\{(\d+)\}\{\((-?\d+\.\d+)\)\}", written)
    assert [int(number) - 1 for number, _product in found] == named.tolist()
    np.testing.assert_allclose([float(product) for _number, product in found], products[named], atol=1e-4)
    rest = np.delete(products, named).sum()
    (told,) = re.findall(r"\\text\{113 others\}\}\{\((-?\d+\.\d+)\)\}", written)
    assert float(told) == pytest.approx(rest, abs=2e-4)


def test_a_layer_or_place_that_is_not_there_becomes_the_nearest(plain):
    settings, result = plain
    seen = inside(settings, Display(in_layer="norm3", in_channel=64, in_row=28), Context(), result)
    assert (seen.spot.layer, seen.spot.channel, seen.spot.row) == ("conv1", 7, 25)


def test_moments_are_those_with_all_weights(plain):
    settings, result = plain
    assert moment_of(Display(), result) == result.full_moments[-1]
    assert moment_of(Display(in_moment=1), result) == 0
    first = inside(settings, Display(in_moment=1), Context(), result)
    network = network_of(result, 0)
    with torch.no_grad():
        first_block: Any = network.blocks[0]
        expected = first_block.conv(images_of(settings, Context()).test[:1])[0]
    np.testing.assert_allclose(first.maps["conv1"], expected, atol=1e-5)


def test_pictures_of_every_kind_reach_the_network(plain):
    settings, _result = plain
    images = images_of(settings, Context())
    for kind in ("drawn", "china", "flower"):
        image, truth = picture_of(settings, Display(in_picture=kind), Context())
        assert image.shape == (1, 28, 28)
        assert truth == -1
        assert images.black - 1e-5 <= image.min()
        assert image.max() <= images.white + 1e-5
    raw = written_picture(photo("china"))
    context = Context(files={table_key(raw): raw})
    mine, _truth = picture_of(settings, Display(in_picture="upload", in_file=table_key(raw)), context)
    theirs, _truth = picture_of(settings, Display(in_picture="china"), Context())
    torch.testing.assert_close(mine, theirs)
    with pytest.raises(DataError, match="a picture uploaded on this page"):
        picture_of(settings, Display(in_picture="upload"), Context())


def test_the_stage_shows_every_layer(plain, normed):
    for settings, result in (plain, normed):
        stage = inside_stage(settings, Display(view="inside"), Context(), result)
        maps = [panel.id for panel in stage.panels if panel.id.startswith("in_maps_")]
        rows = [row.name for row in settings.architecture().table() if len(row.shape) == 3]
        assert maps == [f"in_maps_{name}" for name in rows]
        flat = [panel.id for panel in stage.panels if panel.id.startswith("in_values_")]
        assert flat == ["in_values_dense", "in_values_act_dense", "in_values_scores"]
        assert all(len(panel.alt) > 40 for panel in stage.panels)


def test_a_click_finds_the_value_under_it():
    shape = (16, 11, 11)
    for number, row, column in itertools.product(range(16), (0, 10), (0, 5)):
        x, y = 12 * (number % 4) + column, 12 * (number // 4) + row
        assert place_on_sheet(x + 0.4, y - 0.4, shape) == (number + 1, row + 1, column + 1)
    assert place_on_sheet(11, 0, shape) is None
    assert place_on_sheet(-5, 0, shape) is None
    assert place_on_sheet(0, 60, shape) is None


@pytest.fixture(scope="module")
def wide():
    return trained(images="digits8", padding="same", channels1=20, channels2=64, epochs=1, twin=False)


@pytest.mark.parametrize("layer", ["conv1", "pool2", "act_dense"])
def test_every_map_of_a_wide_network_can_be_seen_and_clicked(wide, layer):
    settings, result = wide
    seen = inside(settings, Display(), Context(), result)
    maps, found = seen.maps[layer], {}
    for choice in MAPS:
        stage = inside_stage(settings, Display(in_maps=choice), Context(), result)
        (panel,) = [one for one in stage.panels if one.id in (f"in_maps_{layer}", f"in_values_{layer}")]
        sheet = np.asarray(panel.figure.data[0].z)
        for y, x in np.argwhere(np.isfinite(sheet)):
            place = place_on_sheet(float(x), float(y), maps.shape, choice)
            assert place is not None
            found[place] = sheet[y, x]
    assert len(found) == maps.size
    for (channel, row, column), value in found.items():
        assert value == maps[channel - 1, row - 1, column - 1]


def test_the_frame_stands_on_the_chosen_value(wide):
    settings, result = wide
    display = Display(in_layer="act2", in_maps="33", in_channel=40, in_row=3, in_column=2)
    stage = inside_stage(settings, display, Context(), result)
    (panel,) = [one for one in stage.panels if one.id == "in_maps_act2"]
    (shape,) = panel.figure.layout.shapes
    place = (shape.x0 + shape.x1) / 2, (shape.y0 + shape.y1) / 2
    assert place_on_sheet(*place, (64, 4, 4), "33") == (40, 3, 2)
    other = inside_stage(settings, display.changed(in_maps="1"), Context(), result)
    (panel,) = [one for one in other.panels if one.id == "in_maps_act2"]
    assert not panel.figure.layout.shapes


@pytest.mark.parametrize("chosen", [1, 30, 350, 1000])
def test_the_strip_shows_test_images_and_a_click_finds_each(normed, chosen):
    settings, _result = normed
    test, number = images_of(settings, Context()).test, (chosen - 1) % 360 + 1
    panel = strip_panel(settings, Context(), chosen)
    sheet = np.asarray(panel.figure.data[0].z)
    (frame,) = panel.figure.layout.shapes
    middle = (frame.x0 + frame.x1) / 2, (frame.y0 + frame.y1) / 2
    assert image_on_strip(*middle, settings, chosen) == number
    seen = set()
    for y, x in itertools.product(range(0, sheet.shape[0], 9), range(0, sheet.shape[1], 9)):
        found = image_on_strip(x + 3.4, y + 2.6, settings, chosen)
        if found is not None:
            np.testing.assert_array_equal(sheet[y : y + 8, x : x + 8], test[found - 1, 0])
            seen.add(found)
    assert number in seen
    assert len(seen) == 24
    assert image_on_strip(8, 3, settings, chosen) is None
    assert image_on_strip(0, 900, settings, chosen) is None


def test_the_slider_stops_at_moments_whose_weights_are_known(plain):
    settings, result = plain
    known = stops(result)
    assert tuple(known.values()) == result.full_moments
    assert len(known) == len(result.moments)
    for number, moment in known.items():
        display = Display(in_moment=number)
        assert stop_of(display, result) == number
        seen = inside(settings, display, Context(), result)
        assert seen.moment == moment
        filters = torch.from_numpy(result.filters[0][moment])
        with torch.no_grad():
            bias = network_of(result, moment).state_dict()["blocks.0.conv.bias"]
            made = torch.nn.functional.conv2d(images_of(settings, Context()).test[:1], filters, bias)
        np.testing.assert_allclose(seen.maps["conv1"], made[0], atol=1e-5)
    assert stop_of(Display(in_moment=29), result) == list(known)[-2]


def test_text_fields_and_products(plain):
    narrow = ConvArchitecture(28, (8, 16))
    assert receptive_field(narrow, "conv1", 0, 0).size == 3
    assert receptive_field(narrow, "pool2", 0, 0).size == 10
    settings, result = plain
    seen = inside(settings, Display(in_layer="conv2"), Context(), result)
    assert seen.terms.kernel is not None
    assert seen.terms.kernel.size == 72
    neuron = inside(settings, Display(in_layer="dense"), Context(), result).terms.kernel
    assert neuron is not None
    assert neuron.size == 400
    assert seen.maps["pool2"].shape == (16, 5, 5)


def test_text_the_untrained_network_guesses_and_filters_change_little(plain):
    settings, result = plain
    guesses = [
        inside(settings, Display(in_moment=1, in_image=number), Context(), result) for number in range(1, 41)
    ]
    right = np.mean([seen.probabilities.argmax() == seen.truth for seen in guesses])
    assert right < 0.35
    first, last = result.filters[1][0], result.filters[1][-1]
    assert np.linalg.norm(last - first) < np.linalg.norm(first)
    photos = [inside(settings, Display(in_picture=kind), Context(), result) for kind in ("china", "flower")]
    assert max(seen.probabilities.max() for seen in photos) > 0.5
