"""What belongs to one visit: who asks, on which device, with which uploaded files, at which URL."""

import secrets
from collections.abc import Collection

import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.scriptrunner import RerunData, get_script_run_ctx

from lab.core.settings import LessonSettings
from lab.data.tables import table_key
from lab.training.devices import usable
from lab.ui.desk import desk
from lab.ui.words import words

FILES = "visit:files"
DEVICE = "visit:device"
SEEN = "visit:seen"
INCOMING = "visit:incoming"
URL = "visit:url"
BROUGHT, AGAIN = "visit:widgets", "visit:again"


@st.cache_resource(scope="session", show_spinner=False, on_release=lambda visitor: desk().leave(visitor))
def visitor() -> str:
    """Return a name for this visit; when the session ends, its runs are left."""
    return secrets.token_urlsafe(12)


def device_picker() -> None:
    """Draw the choice of device, the same on all pages."""
    names = {"cpu": words("CPU"), "mps": words("Apple GPU"), "cuda": words("GPU")}
    present = list(desk().devices())
    st.sidebar.selectbox(
        words("Device"),
        present,
        key=DEVICE,
        format_func=lambda name: names.get(str(name), str(name).upper()),
        help=words("Where the networks are trained. Small ones are fastest on the CPU."),
        disabled=len(present) == 1,
        persist_state="session",
    )


def device(*, float64: bool = False) -> tuple[str, str]:
    """Return the device to compute on, and a note if it is not the one that was picked.

    Args:
        float64: whether the work needs double precision.
    """
    return usable(st.session_state.get(DEVICE) or "cpu", desk().devices(), float64=float64)


def keep_file(raw: bytes) -> str:
    """Keep an uploaded file for this visit and return the SHA-256 that settings name it by.

    Beyond `LAB_VISITOR_FILES_MB` the files that were uploaded first are forgotten; a page that still
    needs one asks for it again.
    """
    digest = table_key(raw)
    kept = st.session_state.setdefault(FILES, {})
    kept.pop(digest, None)
    kept[digest] = raw
    most = desk().options.visitor_files_mb * 2**20
    while len(kept) > 1 and sum(map(len, kept.values())) > most:
        del kept[next(iter(kept))]
    return digest


def files(settings: LessonSettings | None = None) -> dict[str, bytes]:
    """Return this visit's files by their SHA-256: all, or those that `settings` name."""
    kept = st.session_state.get(FILES, {})
    if settings is None:
        return kept
    named = settings.key()
    return {digest: raw for digest, raw in kept.items() if digest in named}


def read_url(slug: str) -> None:
    """Decide whether the page's URL was brought by the visitor: then the controls follow it, once.

    A later rerun can carry a URL that is older than the widgets: one that the page itself wrote a moment
    ago, or the visitor's own as long as the page has not replaced it. Both are remembered and not taken
    for new.
    """
    query = tuple(sorted(st.query_params.to_dict().items()))
    st.session_state[BROUGHT] = None if SEEN in st.session_state else _widgets()
    seen = st.session_state.setdefault(SEEN, {}).setdefault(slug, set())
    st.session_state[INCOMING] = dict(query) if query and query not in seen else None
    st.session_state[URL] = {}
    seen.add(query)


def _widgets() -> WidgetStates:
    """Return the values of widgets as the browser has sent them."""
    context = get_script_run_ctx()
    return WidgetStates(widgets=context.session_state.get_widget_states() if context else [])


def catch_up() -> None:
    """Run a visit's first page again if its browser had changed widgets before; at the end of a page.

    After a restart of the server, a browser goes on with its page and sends all widgets with the learner's
    next change, but not yet the URL of that change. The first run has set every control by the URL; the
    second one takes what the widgets said, and `is_catching_up` while it does.
    """
    brought, context = st.session_state[BROUGHT], get_script_run_ctx()
    st.session_state[AGAIN] = bool(brought and brought.widgets)
    if st.session_state[AGAIN] and context is not None and context.script_requests is not None:
        again = RerunData(
            query_string=context.query_string,
            widget_states=brought,
            page_script_hash=context.page_script_hash,
            cached_message_hashes=context.cached_message_hashes,
            context_info=context.context_info,
        )
        context.script_requests.request_rerun(again)


def is_catching_up() -> bool:
    """Return whether this run follows a browser that was here before: controls must tell it their values."""
    return bool(st.session_state.get(AGAIN))


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
