"""What is inside the trained network: every number against torch, every claim of the text."""

import itertools
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
from lab.topics.cnn.display import Display
from lab.topics.cnn.images import images_of
from lab.topics.cnn.inside import inside, moment_of, picture_of
from lab.topics.cnn.inside_stage import inside_stage, place_on_sheet
from lab.topics.cnn.settings import Settings
from lab.topics.cnn.train import network_of, train
from lab.ui.cnn_inside import equations


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
        assert all(len(panel.alt) > 40 for panel in stage.panels)


def test_a_click_finds_the_value_under_it():
    shape = (16, 11, 11)
    for number, row, column in itertools.product(range(16), (0, 10), (0, 5)):
        x, y = 12 * (number % 4) + column, 12 * (number // 4) + row
        assert place_on_sheet(x + 0.4, y - 0.4, shape) == (number + 1, row + 1, column + 1)
    assert place_on_sheet(11, 0, shape) is None
    assert place_on_sheet(-5, 0, shape) is None
    assert place_on_sheet(0, 60, shape) is None


def test_text_fields_and_products(plain):
    narrow = ConvArchitecture(28, (8, 16))
    assert receptive_field(narrow, "conv1", 0, 0).size == 3
    assert receptive_field(narrow, "pool2", 0, 0).size == 10
    settings, result = plain
    seen = inside(settings, Display(in_layer="conv2"), Context(), result)
    assert seen.terms.kernel is not None
    assert seen.terms.kernel.size == 72
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
