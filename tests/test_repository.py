"""The repository keeps its own rules: the README's map, short files, pinned packages, labels to translate."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest
from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parents[1]
MOST_LINES, MOST_PAGE_LINES, MOST_FUNCTION_LINES = 300, 80, 40


def tracked():
    """Return every file that git tracks, or would on the next commit, and that is there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout of git")
    return [PurePosixPath(name) for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def code():
    """Return the lab's own Python files."""
    return [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "lab").rglob("*.py"))]


EACH_FILE = pytest.mark.parametrize("path", code(), ids=lambda path: path.relative_to(ROOT).as_posix())


def file_map():
    """Return the paths of the README's map; indentation is nesting."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```text\n(app\.py.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    paths, folders = [], []
    for line in block.splitlines():
        name = line.split()[0]
        depth = (len(line) - len(line.lstrip())) // 2
        folders = [*folders[:depth], name]
        paths.append("".join(folders))
        assert len(line.split()) > 1, f"{name} has no description"
    return paths


def test_every_path_of_the_map_exists():
    for path in file_map():
        here = ROOT / path
        assert here.is_dir() if path.endswith("/") else here.is_file(), path


def test_the_map_names_every_package_and_every_top_level_file():
    named = set(file_map())
    assert len(named) == len(file_map())
    for path in tracked():
        first, *rest = path.as_posix().split("/")
        assert (first + "/" if rest else first) in named, path
        if first == "lab" and path.name != "__init__.py":
            assert {f"lab/{rest[0]}", f"lab/{rest[0]}/"} & named, path


def test_the_map_names_the_folders_of_tests_that_are_not_named_after_a_package():
    named = set(file_map())
    places = [path.as_posix().split("/") for path in tracked()]
    folders = {place[1] for place in places if place[0] == "tests" and len(place) > 2}
    packages = {folder.name for folder in (ROOT / "lab").iterdir() if folder.is_dir()}
    assert {"contract", "core"} <= folders
    for folder in folders - packages:
        assert f"tests/{folder}/" in named


@EACH_FILE
def test_files_are_short(path):
    most = MOST_PAGE_LINES if path.parent.name == "pages" else MOST_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= most


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function, without its docstring."""
    lines = range(function.lineno, (function.end_lineno or 0) + 1)
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return len(lines)
    return len(lines) - len(range(first.lineno, (first.end_lineno or 0) + 1))


@EACH_FILE
def test_functions_are_short(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {function.name: length(function) for function in functions}
    assert not {name for name, lines in long.items() if lines > MOST_FUNCTION_LINES}


@EACH_FILE
def test_nothing_sets_a_seed_for_the_whole_process(path):
    banned = {"torch.manual_seed", "np.random.seed", "numpy.random.seed", "random.seed"}
    called = {
        ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
    }
    assert not called & banned


def test_direct_dependencies_are_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(one for extra in project["project"]["optional-dependencies"].values() for one in extra),
    ]
    assert len(needed) > 15
    for one in needed:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][A-Za-z0-9.+]*( ?;.*)?", one), one


def test_every_import_is_a_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    pinned = {re.split(r"[\[=]", one)[0] for one in needed}
    with_streamlit = {"starlette", "uvicorn"}  # which it pins itself
    names = {"sklearn": "scikit-learn", "PIL": "pillow"}
    for path in code():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [str(node.module)] if isinstance(node, ast.ImportFrom) and not node.level else []
            for module in {module.partition(".")[0] for module in modules}:
                own = module == "lab" or module in sys.stdlib_module_names
                package = names.get(module, module.replace("_", "-"))
                assert own or package in pinned | with_streamlit, (path.name, module)


def label_calls(path, names):
    """Return the calls of `_` or `words` in a file: those that mark a label for translators."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


@EACH_FILE
def test_labels_can_be_found_by_translators(path):
    for call in label_calls(path, {"_"}):
        (text,) = call.args
        assert isinstance(text, ast.Constant), f"line {call.lineno}: not a plain text"
        assert isinstance(text.value, str)
    for call in label_calls(path, {"words"}):
        built = (ast.JoinedStr, ast.BinOp)
        assert not isinstance(call.args[0], built), f"line {call.lineno}: translators see no such text"


def test_the_extractor_finds_the_labels():
    found = extract_from_dir(
        ROOT / "lab", method_map=[("**.py", "python")], keywords={"_": None, "words": None}
    )
    messages = {message for _file, _line, message, _comments, _context in found}
    assert len(messages) > 100
    assert {"Learning rate", "Deep Learning Lab", "Median test loss {loss}."} <= messages
    assert all(isinstance(message, str) and message.strip() for message in messages)
