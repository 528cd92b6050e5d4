"""A word's language from its letters: against plain loops and scikit-learn, and every claim of the text."""

import numpy as np
import pytest
import torch
from sklearn.naive_bayes import MultinomialNB
from torch import nn
from torch.nn.functional import cross_entropy, one_hot
from torch.nn.utils.rnn import pack_padded_sequence

from lab.core.errors import SettingError
from lab.core.events import Done, Evaluated
from lab.core.lesson import Context
from lab.data.languages import words
from lab.topics.rnn import language
from lab.topics.rnn.language_stage import stage
from lab.topics.rnn.text_settings import LanguageDisplay, LanguageSettings


@pytest.fixture(scope="module")
def reader():
    *_events, done = language.train(LanguageSettings(), Context())
    assert isinstance(done, Done)
    return done.result


def test_words_of_different_lengths_are_read_as_if_alone(reader):
    settings = LanguageSettings()
    data = language.words_of(settings)
    network = language.trained_network(settings, data, reader)
    rows = torch.from_numpy(data.test[:60])
    together = language.scores_of(network, rows).detach()
    for row, scores in zip(data.test[:60], together, strict=True):
        word = data.spelled(row)
        alone = language.reading(network, data.coded(word))
        np.testing.assert_allclose(alone[-1], scores.softmax(dim=0), atol=1e-6)
    assert reader.accuracy[-1] == pytest.approx((reader.answers == reader.labels).mean())


@pytest.mark.parametrize(("cell", "layers", "clip"), [("lstm", 1, 1.0), ("gru", 2, 0.1), ("rnn", 1, 0.0)])
def test_learning_is_that_of_torchs_packed_sequences(cell, layers, clip):
    settings = LanguageSettings(
        language_several=("english", "czech"),
        language_cell=cell,
        language_layers=layers,
        language_clip=clip,
        language_hidden=10,
        language_batch=500,
        language_epochs=1,
    )
    *_events, done = language.train(settings, Context())
    assert isinstance(done, Done)
    data = language.words_of(settings)
    first = language.network_for(settings, data)
    module = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell](len(data.alphabet), 10, layers)
    plain = nn.ModuleDict({"cell": module, "output": nn.Linear(10, 2)})
    plain.load_state_dict(first.state_dict())
    optimizer = torch.optim.Adam(plain.parameters(), lr=settings.language_rate)
    order = torch.Generator().manual_seed(settings.language_seed)
    for batch in torch.randperm(len(data.train), generator=order).split(500):
        rows = torch.from_numpy(data.train)[batch]
        hot, long = one_hot(rows.T, len(data.alphabet)).float(), (rows != 0).sum(dim=1)
        _outputs, last = plain["cell"](pack_padded_sequence(hot, long, enforce_sorted=False))
        hidden = (last[0] if cell == "lstm" else last)[-1]
        loss = cross_entropy(plain["output"](hidden), torch.from_numpy(data.train_labels)[batch])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), clip or np.inf)
        optimizer.step()
    for name, values in plain.state_dict().items():
        np.testing.assert_allclose(done.result.weights[name], values.numpy(), atol=1e-4, err_msg=name)


def test_counting_letters_is_scikit_learns_naive_bayes():
    data = words(("english", "french", "czech"), 4)
    bags = [
        (rows[..., None] == np.arange(1, len(data.alphabet))).sum(axis=1) for rows in (data.train, data.test)
    ]
    theirs = MultinomialNB().fit(bags[0], data.train_labels).score(bags[1], data.test_labels)
    assert language.counting_accuracy(data) == pytest.approx(theirs)


def test_one_language_alone_is_refused():
    with pytest.raises(SettingError, match="Languages: expected at least two"):
        LanguageSettings.checked({"language_several": ("czech",)})


def test_text_eight_in_ten_words(reader):
    assert reader.accuracy[-1] == pytest.approx(0.8, abs=0.04)
    assert reader.counting == pytest.approx(0.55, abs=0.04)
    settings = LanguageSettings()
    data = language.words_of(settings)
    network = language.trained_network(settings, data, reader)
    rows, labels = data.test[:300], data.test_labels[:300]
    told = [language.reading(network, data.coded(data.spelled(row))).argmax(axis=1) for row in rows]
    first, last = (np.mean([one[place] for one in told] == labels) for place in (0, -1))
    assert first < 0.5
    assert last > 0.7


def test_the_stage_is_whole(reader):
    now = {name: np.array([0.5]) for name in ("test_loss", "train_accuracy", "test_accuracy")}
    shown = stage(LanguageSettings(), LanguageDisplay(), Context(), [Evaluated(0.0, now)], reader)
    assert [panel.id for panel in shown.panels] == ["language_word", "language_accuracy", "language_mistakes"]


def test_it_is_measured_at_least_after_every_epoch_and_more_often_in_long_ones():
    short = LanguageSettings(language_epochs=2, language_hidden=10, language_batch=500)
    long = short.changed(language_cell="gru", language_epochs=1, language_batch=30)
    for settings, least in ((short, 1), (long, 3)):
        *events, _done = language.train(settings, Context())
        epochs = [event.epoch for event in events if isinstance(event, Evaluated)]
        assert epochs[0] == 0
        assert set(range(settings.language_epochs + 1)) <= set(epochs)
        assert len(epochs) - 1 >= least * settings.language_epochs
