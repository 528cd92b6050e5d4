"""Texts as numbers, the learner's text, and what counting letters costs."""

import hashlib
import math
from collections import Counter
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.core.errors import DataError
from lab.data.texts import MOST_BYTES, baselines, lab_text, letters, read_text

GOOD = "to be or not to be, that is the question. " * 20


def test_the_labs_text_is_prose():
    text = lab_text()
    assert 30_000 < len(text) < 300_000
    assert not set("$*`_<>#|") & set(text)
    assert "  " not in text


def test_the_labs_text_is_the_one_that_the_pages_claims_were_measured_on():
    found = hashlib.sha256(lab_text().encode()).hexdigest()
    assert found == "36add4e39fcab38dba127341d0d083cd1372a7ac3366b97e5c69d35a6a3602b8"


def test_letters_give_the_text_back():
    known = letters(GOOD)
    codes = np.concatenate([known.train, known.test])
    assert "".join(known.alphabet[code] for code in codes) == GOOD
    assert len(known.test) == len(GOOD) // 10
    assert list(known.alphabet) == sorted(set(GOOD))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"x" * (MOST_BYTES + 1), "Your text: expected at most 100,000 bytes, got '100,001'"),
        (b"abc\xff" * 300, "Your text: expected text in UTF-8, got 'byte 4 that is none'"),
        (b"too short", "Your text: expected at least 500 letters, got 9"),
        (b"a" * 600, "Your text: expected 2 to 200 different letters, got 1"),
        (("abcd" * 200 + "\x07").encode(), "Your text: expected letters that can be shown, got 'U+0007'"),
        (
            ("".join(map(chr, range(0x4E00, 0x4F00))) * 3).encode(),
            "expected 2 to 200 different letters, got 256",
        ),
        (b" \n " * 700, "Your text: expected at least 500 letters, got 0"),
    ],
)
def test_texts_that_cannot_be_used_get_one_sentence(raw, sentence):
    with pytest.raises(DataError) as fault:
        read_text(raw)
    assert sentence in str(fault.value)


@given(st.binary(max_size=3000))
def test_any_bytes_are_a_text_or_a_sentence(raw):
    with suppress(DataError):
        assert len(read_text(raw)) >= 500


def test_blanks_are_joined_and_any_script_is_welcome():
    text = read_text(("白日依山尽  黄河入海流\r\n欲穷千里目\t更上一层楼\n" * 30).encode("utf-8-sig"))
    assert text.startswith("白日依山尽 黄河入海流\n欲穷千里目 更上一层楼\n")


def test_baselines_are_counted_right():
    known = letters(GOOD)
    told = baselines(known)
    size, test = len(known.alphabet), known.test.tolist()
    single, pairs = (
        Counter(known.train.tolist()),
        Counter(zip(known.train[:-1], known.train[1:], strict=True)),
    )
    assert told.uniform == pytest.approx(math.log(size))
    costs = [-math.log((single[code] + 1) / (len(known.train) + size)) for code in test[1:]]
    assert told.single == pytest.approx(np.mean(costs))
    before = Counter(known.train[:-1].tolist())
    costs = [-math.log((pairs[pair] + 1) / (before[pair[0]] + size)) for pair in pairwise(test)]
    assert told.pair == pytest.approx(np.mean(costs))
