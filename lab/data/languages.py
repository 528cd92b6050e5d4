"""Words of several languages, written in small letters; which language is each of?"""

import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Int64

from lab.data.packaged import packaged

LANGUAGES = ("english", "french", "spanish", "italian", "portuguese", "czech", "turkish")
PAD = 0


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words as rows of numbers, split in two.

    Attributes:
        languages: the classes.
        alphabet: letters by number; number 0 stands behind the end of a word.
        train: letters of each word, filled up with 0.
        train_labels: its language.
        test: words held back.
        test_labels: their languages.
    """

    languages: tuple[str, ...]
    alphabet: tuple[str, ...]
    train: Int64[np.ndarray, "train letter"]
    train_labels: Int64[np.ndarray, " train"]
    test: Int64[np.ndarray, "test letter"]
    test_labels: Int64[np.ndarray, " test"]

    def coded(self, word: str) -> Int64[np.ndarray, " letter"]:
        """Return the letters of a word as numbers; what the alphabet lacks is left out."""
        known = {letter: number for number, letter in enumerate(self.alphabet)}
        return np.array([known[one] for one in normal(word) if one in known], np.int64)

    def spelled(self, codes: Int64[np.ndarray, " letter"]) -> str:
        """Return the word that a row of numbers stands for."""
        return "".join(self.alphabet[code] for code in codes if code != PAD)


def normal(word: str) -> str:
    r"""Return a word in small letters, each accent and its letter as one character.

    Example:
        >>> normal("E\u0301te\u0301") == "\xe9t\xe9"
        True
    """
    return unicodedata.normalize("NFC", word.strip().lower())


@cache
def word_list(language: str) -> tuple[str, ...]:
    """Return 2,048 common words of a language.

    Source: the lists of BIP-39, chosen so that four letters tell each word from the others; mnemonic's copy.

    Example:
        >>> len(word_list("czech"))
        2048
    """
    text = packaged("mnemonic", "wordlist", f"{language}.txt").read_text(encoding="utf-8")
    return tuple(normal(line) for line in text.splitlines() if line.strip())


@cache
def words(languages: tuple[str, ...], seed: int, train_share: float = 0.8) -> Words:
    """Return the words of some languages, shuffled and split; words of two languages are left out.

    Args:
        languages: at least two of `LANGUAGES`.
        seed: of the shuffle.
        train_share: share of the words that is learned from.
    """
    lists = [word_list(language) for language in languages]
    times = Counter(word for one in lists for word in one)
    pairs = [(word, label) for label, one in enumerate(lists) for word in one if times[word] == 1]
    alphabet = ("", *sorted({letter for word, _label in pairs for letter in word}))
    place = {letter: number for number, letter in enumerate(alphabet)}
    rows = np.zeros((len(pairs), max(len(word) for word, _label in pairs)), np.int64)
    for row, (word, _label) in zip(rows, pairs, strict=True):
        row[: len(word)] = [place[letter] for letter in word]
    labels = np.array([label for _word, label in pairs])
    order = np.random.default_rng(seed).permutation(len(pairs))
    cut = int(len(pairs) * train_share)
    train, test = order[:cut], order[cut:]
    return Words(languages, alphabet, rows[train], labels[train], rows[test], labels[test])
