"""The browser's English words and those that catalogues translate are the same."""

import re
from pathlib import Path

import lab.ui.stage_words
from lab.ui.stage_words import STAGE_WORDS, translated


def test_every_word_of_the_stage_can_be_translated():
    script = Path(lab.ui.stage_words.__file__).with_name("assets") / "words.js"
    block = script.read_text(encoding="utf-8").partition("const ENGLISH = {")[2].partition("};")[0]
    assert dict(re.findall(r'(\w+): "([^"]*)"', block)) == STAGE_WORDS


def test_english_needs_nothing_sent():
    assert translated() == {}
