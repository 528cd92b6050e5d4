"""The browser of the browser tests, for those of the proxy."""

from tests.browser.conftest import browser

__all__ = ["browser"]
