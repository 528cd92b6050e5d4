"""The learner's own picture: read and shrunk at once, and only the small one kept, for this visit."""

import streamlit as st

from lab.core.errors import LabError
from lab.data.photos import MOST_BYTES, read_picture, written_picture
from lab.ui.session import files, keep_file
from lab.ui.words import words

READ = "visit:picture"


def uploaded_picture(current: str, key: str) -> str | None:
    """Draw the upload of a picture.

    Args:
        current: SHA-256 of the picture in use, or empty.
        key: tells this upload from others on the page.

    Returns:
        The SHA-256 of a picture that can be used, or None as long as there is none.
    """
    most = min(MOST_BYTES // 1_000_000, int(st.get_option("server.maxUploadSize")))
    file = st.file_uploader(
        words("My own picture"),
        type=["png", "jpg", "jpeg"],
        key=key,
        max_upload_size=most,
        help=words(
            "PNG or JPEG, at most {most} MB. It is shrunk to 64 pixels at once; only the small one stays, in "
            "this visit, and is never stored."
        ).format(most=most),
    )
    if file is not None:
        return _kept(file)
    if current in files():
        return current
    if current:
        st.warning(
            words("This link uses a picture that was uploaded in another visit. Please upload it here too.")
        )
    return None


def _kept(file: object) -> str | None:
    """Return the SHA-256 of the shrunk picture; a file is read once, not at each rerun."""
    read: tuple[str, str | None, str] | None = st.session_state.get(READ)
    name = str(file.file_id)  # type: ignore[attr-defined]
    if read is None or read[0] != name:
        read = (name, *_digest_or_fault(file))
        st.session_state[READ] = read
    _name, digest, fault = read
    if fault:
        st.error(fault, icon=":material/error:")
    return digest


def _digest_or_fault(file: object) -> tuple[str | None, str]:
    try:
        small = read_picture(file.getvalue(), file.name)  # type: ignore[attr-defined]
    except LabError as error:
        return None, str(error)
    return keep_file(written_picture(small)), ""
