"""The lab's log: a line per event, as JSON or as text, and nothing that tells of a learner."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

FIELDS = ("run", "experiment", "outcome", "seconds")


class Lines(logging.Formatter):
    """Writes a record as one line.

    Of a fault it tells the kind and the places in the code. Its message is left out: it may quote what a
    learner has typed.

    Args:
        as_json: whether a line is a JSON object, else plain text.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "source": record.name,
            "event": record.getMessage(),
        }
        said |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            said["fault"] = record.exc_info[0].__name__
            said["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])
            ]
        return json.dumps(said) if self._as_json else _as_text(said)


def _as_text(said: dict[str, object]) -> str:
    words = [str(said.pop(name)) for name in ("time", "level", "source", "event")]
    more = (" ".join(part.split()) for part in (f"{name}={value}" for name, value in said.items()))
    return " ".join([*(" ".join(word.split()) for word in words), *more])


def start_logging(kind: str) -> None:
    """Send the log of this process to standard error, from now on.

    Args:
        kind: `json` or `text`; empty changes nothing, so that warnings alone are seen.
    """
    if not kind:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(as_json=kind == "json"))
    logging.getLogger().handlers[:] = [handler]
    logging.getLogger("lab").setLevel(logging.INFO)
