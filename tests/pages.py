"""Pages without a browser, opened through the lab's own menu."""

from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]
SHELL = str(ROOT / "lab" / "ui" / "shell.py")


def page_at(slug: str, query: Mapping[str, str], timeout: float = 60) -> AppTest:
    """Return the page of a lesson, opened at this address; its script may run for `timeout` seconds."""
    page = AppTest.from_file(SHELL, default_timeout=timeout)
    page.query_params.update(query)
    page.switch_page(str(ROOT / "pages" / f"{slug}.py"))
    return page.run()


def faults(page: AppTest) -> list[str]:
    """Return all that the page says of errors, warnings among them."""
    return [one.value for one in (*page.exception, *page.error, *page.warning)]
