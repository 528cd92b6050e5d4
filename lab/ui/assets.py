"""The stage's files for the browser: our modules, the style and Plotly, served compressed and for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import plotly

TYPES = {".js": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent: gzipped bytes and their media type."""

    body: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """Return every file by name."""
    ours = (path for path in Path(__file__).with_name("assets").iterdir() if path.suffix in TYPES)
    library = Path(plotly.__file__).with_name("package_data") / "plotly.min.js"
    return {
        path.name: Asset(gzip.compress(path.read_bytes(), 6, mtime=0), TYPES[path.suffix])
        for path in sorted([*ours, library])
    }


@cache
def version() -> str:
    """Return a name that changes whenever a file does, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for name, asset in assets().items():
        digest.update(name.encode() + asset.body)
    return digest.hexdigest()[:12]
