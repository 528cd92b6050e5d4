"""What the host has set by environment variables; on a laptop, nothing."""

import logging
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from lab.core.errors import LabError

SHORTEST_CODE = 6  # letters and digits; the guesses that the door allows then take years
_SOURCES = re.compile(r"[A-Za-z0-9.:/*' -]+")

_log = logging.getLogger(__name__)


class HostingError(LabError):
    """An environment variable holds what the lab cannot work with."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """The host's choices.

    Attributes:
        class_code: what a visitor must know to enter (`LAB_CLASS_CODE`); empty if everyone may.
        secret: signs the visitors' cookies (`LAB_SECRET`); servers behind one proxy share it.
        login: `oidc` if visitors log in through Streamlit (`LAB_LOGIN`), else empty.
        metrics_token: opens health and metrics from elsewhere (`LAB_METRICS_TOKEN`); empty: only from this
            machine.
        frame_ancestors: sites that may show the lab in a frame (`LAB_FRAME_ANCESTORS`), as in a CSP.
        log: `json` or `text` for a line per run (`LAB_LOG`); empty for warnings only.
    """

    class_code: str = field(default="", repr=False)
    secret: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    login: str = ""
    metrics_token: str = field(default="", repr=False)
    frame_ancestors: str = "'self'"
    log: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work, in one sentence."""
        if self.class_code and len(self.class_code.strip()) < SHORTEST_CODE:
            raise HostingError(f"LAB_CLASS_CODE: expected at least {SHORTEST_CODE} characters")
        if self.login not in ("", "oidc"):
            raise HostingError(f"LAB_LOGIN: expected oidc or nothing, got {self.login!r}")
        if self.log not in ("", "json", "text"):
            raise HostingError(f"LAB_LOG: expected json, text or nothing, got {self.log!r}")
        if not _SOURCES.fullmatch(self.frame_ancestors):
            raise HostingError(
                "LAB_FRAME_ANCESTORS: expected addresses with blanks between, such as "
                f"'self' https://school.example, got {self.frame_ancestors!r}"
            )


def hosting_of(environment: Mapping[str, str]) -> Hosting:
    """Return what these environment variables ask for.

    Raises:
        HostingError: one of them holds what the lab cannot work with.
    """
    names = ("class_code", "secret", "login", "metrics_token", "frame_ancestors", "log")
    given = {name: environment.get(f"LAB_{name.upper()}", "").strip() for name in names}
    return Hosting(**{name: value for name, value in given.items() if value})


@cache
def hosting() -> Hosting:
    """Return what the host of this server process has set."""
    return hosting_of(os.environ)


def tell(chosen: Hosting) -> None:
    """Say in the log what a host may want to know about the choices, and no secret."""
    if chosen.class_code and not os.environ.get("LAB_SECRET", "").strip():
        _log.warning(
            "LAB_SECRET is not set: visitors enter the class code again after a restart, and on each server"
        )
