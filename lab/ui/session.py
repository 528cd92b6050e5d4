"""What belongs to one visit: who asks, on which device, with which uploaded files, at which URL."""

import secrets
from collections.abc import Collection

import streamlit as st

from lab.core.settings import LessonSettings
from lab.data.tables import table_key
from lab.training.devices import devices, usable
from lab.ui.desk import desk
from lab.ui.words import words

FILES = "visit:files"
DEVICE = "visit:device"
SEEN = "visit:seen"
INCOMING = "visit:incoming"
URL = "visit:url"


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda visitor: desk().leave(visitor))
def visitor() -> str:
    """Return a name for this visit; when the session ends, its runs are left."""
    return secrets.token_urlsafe(12)


def device_picker() -> None:
    """Draw the choice of device, the same on all pages."""
    names = {"cpu": words("CPU"), "mps": words("Apple GPU")}
    st.sidebar.selectbox(
        words("Device"),
        list(devices()),
        key=DEVICE,
        format_func=lambda name: names.get(str(name), str(name).upper()),
        help=words("Where the networks are trained. Small ones are fastest on the CPU."),
        disabled=len(devices()) == 1,
        persist_state="session",
    )


def device(*, float64: bool = False) -> tuple[str, str]:
    """Return the device to compute on, and a note if it is not the one that was picked.

    Args:
        float64: whether the work needs double precision.
    """
    return usable(st.session_state.get(DEVICE) or "cpu", float64=float64)


def keep_file(raw: bytes) -> str:
    """Keep an uploaded file for this visit and return the SHA-256 that settings name it by."""
    digest = table_key(raw)
    st.session_state.setdefault(FILES, {})[digest] = raw
    return digest


def files() -> dict[str, bytes]:
    """Return this visit's files by their SHA-256."""
    return st.session_state.get(FILES, {})


def read_url(slug: str) -> None:
    """Decide whether the page's URL was brought by the visitor: then the controls follow it, once.

    A later rerun can carry a URL that is older than the widgets: one that the page itself wrote a moment
    ago, or the visitor's own as long as the page has not replaced it. Both are remembered and not taken
    for new.
    """
    query = tuple(sorted(st.query_params.to_dict().items()))
    seen = st.session_state.setdefault(SEEN, {}).setdefault(slug, set())
    st.session_state[INCOMING] = dict(query) if query and query not in seen else None
    st.session_state[URL] = {}
    seen.add(query)


def incoming() -> dict[str, str] | None:
    """Return the URL parameters that the visitor brought, if this run is the first to see them."""
    return st.session_state[INCOMING]


def put_in_url(settings: LessonSettings, names: Collection[str]) -> None:
    """Say what the page's URL is to hold of the fields `names` of `settings`; `write_url` sends it."""
    others = {name: text for name, text in st.session_state[URL].items() if name not in names}
    mine = {name: text for name, text in settings.to_query().items() if name in names}
    st.session_state[URL] = others | mine


def write_url(slug: str) -> None:
    """Put the page's settings in its URL."""
    wanted = {**st.session_state[URL]}
    st.session_state[SEEN][slug].add(tuple(sorted(wanted.items())))
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
