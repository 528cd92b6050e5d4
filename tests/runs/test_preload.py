"""Workers are forked from a process that has read the digits."""

import subprocess
import sys
from multiprocessing import forkserver
from typing import Any

from lab.runs import preload
from lab.runs.process import context


def test_the_server_of_forks_reads_all_digits_once():
    context("toys:experiment")
    server: Any = forkserver._forkserver
    assert preload.__name__ in server._preload_modules
    code = f"import {preload.__name__}, lab.data.digits as data; print(data._all.cache_info().currsize)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["2"]
