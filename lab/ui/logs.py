"""The server's log in one format, Streamlit's lines included."""

import logging

from streamlit import logger as streamlit_logger

from lab.serving import logs

TELL_ADDRESSES = ("uvicorn", "websockets")  # of visitors, in their lines below a warning


def start_logging(kind: str) -> None:
    """Send all lines to the lab's handler, those of Streamlit and its web server too.

    Args:
        kind: `json` or `text`; empty leaves everything as Streamlit has it.
    """
    if not kind:
        return
    logs.start_logging(kind)
    streamlit_logger.setup_formatter = _hand_over  # for loggers that Streamlit makes later
    for logger in streamlit_logger._loggers.values():
        _hand_over(logger)


def _hand_over(logger: logging.Logger) -> None:
    """Let a logger of Streamlit's write through the root logger's handler instead of one of its own."""
    logger.handlers.clear()
    logger.propagate = True
    if logger.name.startswith(TELL_ADDRESSES):
        logger.setLevel(logging.WARNING)
