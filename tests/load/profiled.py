"""`streamlit run app.py` with counters: which part of a change costs how much CPU in the server process.

`python -m tests.load.profiled run app.py ...` takes the arguments of `streamlit`. A handful of functions are
wrapped; each call adds the CPU time of its own thread (`time.thread_time`), without the wrapped calls inside
it. On SIGUSR1 the counters are written as JSON to the file that `LAB_PROFILE` names.
"""

import gc
import importlib
import json
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PARTS = {
    "lab.ui.message:message": "figures and message",
    "lab.ui.stage:message": "figures and message",
    "lab.ui.routes:message": "figures and message",
    "lab.runs.desk:compute": "training in place",
    "lab.runs.local:unpacked": "results from workers",
    "streamlit.runtime.scriptrunner.script_runner:ScriptRunner._run_script": "rerun (script)",
    "streamlit.web.server.starlette.starlette_websocket:serialize_forward_msg": "serialisation",
}
"""What is wrapped, and the part to which it counts; without one of these names the server does not start."""
JSON = ("lab.ui.routes:orjson", "streamlit.components.v2.bidi_component.main:json")


class Meter:
    """Exclusive CPU seconds by part."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.calls: defaultdict[str, int] = defaultdict(int)
        self._inner = threading.local()

    def measured(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return `function`, which then adds to `part` what it costs."""

        @wraps(function)
        def counted(*arguments: Any, **keywords: Any) -> Any:
            outer = getattr(self._inner, "seconds", 0.0)
            self._inner.seconds = 0.0
            began = time.thread_time()
            try:
                return function(*arguments, **keywords)
            finally:
                whole = time.thread_time() - began
                self.seconds[part] += whole - self._inner.seconds
                self.calls[part] += 1
                self._inner.seconds = outer + whole

        return counted

    def collecting(self, phase: str, _info: dict[str, int]) -> None:
        """Count a collection of garbage as its own part (a callback of `gc`)."""
        if phase == "start":
            self._inner.gc = time.thread_time()
        else:
            spent = time.thread_time() - getattr(self._inner, "gc", time.thread_time())
            self.seconds["garbage collection"] += spent
            self._inner.seconds = getattr(self._inner, "seconds", 0.0) + spent

    def write(self, path: Path) -> None:
        """Write the counters, all at once."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps({"seconds": self.seconds, "calls": self.calls}))
        draft.replace(path)


def install(meter: Meter) -> None:
    """Wrap what `PARTS` names, and what writes JSON.

    Raises:
        ImportError, AttributeError: a name is not there.
    """
    for name, part in PARTS.items():
        owner, last = _owner(name)
        setattr(owner, last, meter.measured(part, getattr(owner, last)))
    for name in JSON:
        owner, last = _owner(name)
        real = getattr(owner, last)
        dumps = meter.measured("serialisation", real.dumps)
        setattr(owner, last, SimpleNamespace(**{**vars(real), "dumps": dumps}))
    gc.callbacks.append(meter.collecting)


def _owner(name: str) -> tuple[Any, str]:
    """Return the module or class that has what `module:path` names, and its name there."""
    module, _, path = name.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, last = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, last


def main() -> None:
    """Run Streamlit's own command; install the counters when app.py has imported all and makes its app."""
    import streamlit as st  # noqa: PLC0415  worker processes import this module too
    from streamlit.web.cli import main as streamlit  # noqa: PLC0415

    meter, path = Meter(), Path(os.environ["LAB_PROFILE"])
    signal.signal(signal.SIGUSR1, lambda *_: meter.write(path))
    make = st.App.__init__

    @wraps(make)
    def made(*arguments: Any, **keywords: Any) -> None:
        install(meter)
        make(*arguments, **keywords)

    st.App.__init__ = made
    streamlit(prog_name="streamlit")


if __name__ == "__main__":
    main()
