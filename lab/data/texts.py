"""Texts to be learned letter by letter: the lab's own, or one that the learner brings."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int64

from lab.core.errors import DataError

OWN_WORDS = Path(__file__).parents[1] / "text" / "en" / "letters.txt"
MOST_BYTES = 100_000
FEWEST_LETTERS = 500
MOST_KINDS = 200
TEST_SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Letters:
    """A text as numbers.

    Attributes:
        alphabet: every character that occurs, in the order of Unicode.
        train: the text's first nine tenths, each letter as its place in the alphabet.
        test: the rest.
    """

    alphabet: tuple[str, ...]
    train: Int64[np.ndarray, " letter"]
    test: Int64[np.ndarray, " letter"]


@cache
def lab_text() -> str:
    """Return prose of the lab's pages without formulas and marks, one paragraph a line.

    It was written down once and stays as it is: a page that changes must not change what a network learns.

    Example:
        >>> "gradient" in lab_text()
        True
    """
    return OWN_WORDS.read_text(encoding="utf-8")


def read_text(raw: bytes) -> str:
    """Return a learner's text; runs of blanks are one.

    Raises:
        DataError: it is no UTF-8 text, too long, too short, or has too many different characters.

    Example:
        >>> read_text(b"to be or not to be " * 40)[:12]
        'to be or not'
    """
    if len(raw) > MOST_BYTES:
        raise DataError("Your text", f"at most {MOST_BYTES:,} bytes", f"{len(raw):,}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("Your text", "text in UTF-8", f"byte {error.start + 1} that is none") from None
    text = "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()
    odd = next((letter for letter in text if not letter.isprintable() and letter != "\n"), None)
    if odd is not None:
        raise DataError("Your text", "letters that can be shown", f"U+{ord(odd):04X}")
    if len(text) < FEWEST_LETTERS:
        raise DataError("Your text", f"at least {FEWEST_LETTERS} letters", len(text))
    kinds = len(set(text))
    if kinds > MOST_KINDS or kinds < 2:
        raise DataError("Your text", f"2 to {MOST_KINDS} different letters", kinds)
    return text


def letters(text: str) -> Letters:
    """Return a text of at least ten letters as numbers; the alphabet is that of the whole text."""
    alphabet = tuple(sorted(set(text)))
    place = {letter: number for number, letter in enumerate(alphabet)}
    codes = np.array([place[letter] for letter in text], np.int64)
    cut = len(codes) - int(len(codes) * TEST_SHARE)
    return Letters(alphabet, codes[:cut], codes[cut:])


@dataclass(frozen=True, slots=True)
class Baselines:
    """What guessing by counts costs on the test part, in nats per letter.

    Attributes:
        uniform: all letters alike.
        single: letters as frequent as in the training part.
        pair: letters as frequent as they followed the letter before.
    """

    uniform: float
    single: float
    pair: float


def baselines(text: Letters) -> Baselines:
    """Return the costs; each count is raised by one, so that nothing is thought impossible."""
    size = len(text.alphabet)
    single = np.bincount(text.train, minlength=size) + 1.0
    pairs = np.bincount(size * text.train[:-1] + text.train[1:], minlength=size**2).reshape(size, size) + 1.0
    following: Float64[np.ndarray, "before after"] = pairs / pairs.sum(axis=1, keepdims=True)
    return Baselines(
        uniform=float(np.log(size)),
        single=float(-np.log(single / single.sum())[text.test[1:]].mean()),
        pair=float(-np.log(following)[text.test[:-1], text.test[1:]].mean()),
    )
