"""Which engine a server has, as its operator says."""

import importlib.util
import os
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, urlsplit

from lab.core.errors import LabError, SettingError
from lab.runs.engine import EXPERIMENTS, Engine, Limits
from lab.runs.machine import MOST_WORKERS
from lab.runs.options import Options

_EXPECTED = "local:, local:?workers=4 or dask:tls://host:8786?cert=folder"


class EngineError(LabError):
    """`LAB_ENGINE` is right as it is written, but cannot be done; the text says what to do."""


def open_engine(url: str | None = None, *, find: str = EXPERIMENTS) -> Engine:
    """Return the engine of an address; it starts at once, and runs wait until it is ready.

    Args:
        url: `local:`, perhaps with `?workers=`, for processes of this machine, or for a cluster
            `dask:tls://host:port?cert=folder` with ca.pem, cert.pem and key.pem in the folder, which
            `LAB_ENGINE_CERT` may name instead; by default the variable `LAB_ENGINE`, else `local:`.
        find: the finder of experiments as `module:function`.

    Raises:
        SettingError: the address is none of these.
        EngineError: a package or certificate is missing, or the connection would not be encrypted.
    """
    url = url or os.environ.get("LAB_ENGINE") or "local:"
    options = Options()
    kind, _, rest = url.partition(":")
    if kind == "local" and (not rest or rest.startswith("?")):
        from lab.runs.local import LocalEngine  # noqa: PLC0415  only a server starts processes

        return LocalEngine(_workers(url, rest, options.workers), find=find, limits=options.limits)
    if kind != "dask":
        raise SettingError("LAB_ENGINE", _EXPECTED, url)
    return _cluster(url, rest, find, options.limits)


def _workers(url: str, rest: str, default: int) -> int:
    given = parse_qs(rest.removeprefix("?"), keep_blank_values=True)
    text = given.pop("workers", [str(default)])[-1]
    if given or not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_WORKERS:
        raise SettingError("LAB_ENGINE", _EXPECTED, url)
    return int(text)


def _cluster(url: str, rest: str, find: str, limits: Limits) -> Engine:
    try:
        parts = urlsplit(rest)
        is_address = parts.scheme in ("tls", "tcp") and parts.hostname and parts.port and not parts.path
    except ValueError:  # a port that is no number
        raise SettingError("LAB_ENGINE", _EXPECTED, url) from None
    if not is_address:
        raise SettingError("LAB_ENGINE", _EXPECTED, url)
    if parts.scheme == "tcp" and os.environ.get("LAB_ENGINE_INSECURE") != "1":
        raise EngineError(
            "LAB_ENGINE: over tcp anybody in the network can run code on the cluster; use dask:tls://, "
            "or set LAB_ENGINE_INSECURE=1 if the network is yours alone."
        )
    certificates = _certificates(parts) if parts.scheme == "tls" else None
    if importlib.util.find_spec("distributed") is None:
        raise EngineError(
            "LAB_ENGINE: a cluster needs the package distributed; run pip install '.[cluster]'."
        )
    from lab.runs.cluster import ClusterEngine  # noqa: PLC0415  needs Dask, which is optional

    return ClusterEngine(f"{parts.scheme}://{parts.netloc}", certificates, find=find, limits=limits)


def _certificates(parts: SplitResult) -> dict[str, str]:
    given = parse_qs(parts.query).get("cert", [os.environ.get("LAB_ENGINE_CERT", "")])[-1]
    if not given:
        raise EngineError(
            "LAB_ENGINE: tls needs certificates; add ?cert=folder or set LAB_ENGINE_CERT "
            "to the folder with ca.pem, cert.pem and key.pem."
        )
    paths = {name: Path(given) / f"{name}.pem" for name in ("ca", "cert", "key")}
    for path in paths.values():
        if not path.is_file():
            raise EngineError(f"LAB_ENGINE: there is no file {path}; put ca.pem, cert.pem and key.pem there.")
    return {name: str(path) for name, path in paths.items()}
