"""Looks labels up in the catalogue of the visitor's language, at the moment they are drawn."""

import gettext
from functools import cache
from pathlib import Path

TEXT = Path(__file__).parents[1] / "text"


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("messages", TEXT, [language], fallback=True)


def words(message: str, language: str = "en") -> str:
    """Return a label in `language`; without a catalogue, the label as it is declared."""
    return _catalogue(language).gettext(message) if message else ""


@cache
def prose(slug: str, language: str = "en") -> tuple[str, str]:
    """Return a lesson's text above and below its stage; the file parts them by a line of `<!-- stage -->`."""
    path = TEXT / language / f"{slug}.md"
    above, _mark, below = path.read_text(encoding="utf-8").partition("<!-- stage -->")
    return above.strip(), below.strip()
