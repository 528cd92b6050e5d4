"""Words of languages: the package's lists, split, with none in two languages."""

import numpy as np
import pytest
from mnemonic import Mnemonic

from lab.data.languages import LANGUAGES, PAD, normal, word_list, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lists_are_the_packages(language):
    theirs = [normal(word) for word in Mnemonic(language).wordlist]
    assert list(word_list(language)) == theirs
    assert len(set(theirs)) == 2048


def test_words_are_split_and_stand_in_one_language_only():
    data = words(LANGUAGES, 3)
    rows = [data.spelled(row) for row in np.concatenate([data.train, data.test])]
    labels = np.concatenate([data.train_labels, data.test_labels])
    assert len(set(rows)) == len(rows)
    for word, label in list(zip(rows, labels, strict=True))[::97]:
        holding = [language for language in LANGUAGES if word in word_list(language)]
        assert holding == [LANGUAGES[label]]
    assert len(data.test) == pytest.approx(0.2 * len(rows), abs=1)


def test_the_split_follows_the_seed():
    one, same, other = (words(("english", "czech"), seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.train, same.train)
    assert not np.array_equal(one.train, other.train)


def test_words_are_coded_and_spelled():
    data = words(("french", "spanish"), 1)
    assert data.spelled(data.coded("  Ni\u006e\u0303O ")) == "niño"
    assert data.coded("漢字").size == 0
    for row in data.train[:50]:
        filled = (row != PAD).sum()
        assert (row[:filled] != PAD).all()
        assert (row[filled:] == PAD).all()
