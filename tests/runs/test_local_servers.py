"""A server's own processes: each script runs once, and a killed server leaves nobody behind."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from lab.runs.machine import cores

HERE = Path(__file__).parent
FOREVER = 10_000_000

MAIN = """
import sys, time, types
from pathlib import Path
with open({note!r}, "a") as note:
    note.write("executed\\n")
sys.path.insert(0, {here!r})
import toys
from lab.runs.engine import Job
from lab.runs.local import LocalEngine
page = types.ModuleType("__main__")
page.__file__ = {note!r} + ".py"
Path(page.__file__).write_text("open({note!r}, 'a').write('page executed\\\\n')")
if {as_page}:
    sys.modules["__main__"] = page  # as Streamlit does, on each rerun
engine = LocalEngine({workers}, find="toys:experiment")
runs = [engine.submit(Job("toy/" + {toy!r}, toys.Settings(steps={steps}, seed=n))) for n in range({workers})]
while not all(run.events for run in runs):
    time.sleep(0.01)
print("ready", flush=True)
for run in runs:
    assert run.wait(30) and run.state == "done", run.message
"""


def script(tmp_path: Path, **values: object) -> list[str]:
    path = tmp_path / "main.py"
    path.write_text(MAIN.format(note=str(tmp_path / "note"), here=str(HERE), **values))
    return [sys.executable, str(path)]


def test_workers_do_not_execute_the_page_again(tmp_path: Path) -> None:
    command = script(tmp_path, as_page=True, toy="walk", steps=5, workers=2)
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "ready\n", "")
    assert (tmp_path / "note").read_text() == "executed\n"


def test_a_killed_server_leaves_no_orphans_and_its_script_ran_once(tmp_path: Path) -> None:
    more_than_cores = cores() + 1  # so that one is paused, and cannot end itself
    command = script(tmp_path, as_page=False, toy="loop", steps=FOREVER, workers=more_than_cores)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"
        children = psutil.Process(server.pid).children(recursive=True)
        if sys.platform == "linux":
            until(lambda: psutil.STATUS_STOPPED in [child.status() for child in children])
        server.kill()
    assert len(children) >= 3
    assert (tmp_path / "note").read_text() == "executed\n"
    until(lambda: not any(map(is_alive, children)))  # the server they were forked from tidies up first


def until(met: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE  # a container may have nobody who buries the dead
    except psutil.NoSuchProcess:
        return False
