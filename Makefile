# The lab's commands. `make run` and `make test` set up what they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501

.PHONY: run test check audit format bench load chaos hostile browser clean

run: .venv/lab  ## serve the lab at http://localhost:8501
	$(BIN)/streamlit run app.py --server.port $(PORT)

BESIDE := --numprocesses 2 --dist loadfile
AGAIN := --last-failed --last-failed-no-failures none

# What waits or measures time may be held up by a neighbour on the machine: it is tried once more, and a fault fails twice.
test: .venv/dev browser  ## the whole test suite: first what computes, then what waits for browsers and servers, then what measures
	$(BIN)/pytest $(BESIDE) -m "not browser and not waiting and not alone"
	$(BIN)/pytest $(BESIDE) -m "(browser or waiting) and not alone" || $(BIN)/pytest $(AGAIN)
	$(BIN)/pytest -m alone || $(BIN)/pytest $(AGAIN)

check: .venv/dev  ## format, lint, imports, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

audit: .venv/dev  ## known vulnerabilities of the installed packages; fails where they cannot be looked up
	.ci/audit

format: .venv/dev  ## mend what a tool can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/dev  ## speed, as ratios in one run
	$(BIN)/python -m tests.benchmarks

load: .venv/dev  ## classes of 10, 30, 60 and 100 learners on this machine, a quarter of an hour; writes docs/load.md
	$(BIN)/python -m tests.load --write

chaos: .venv/dev  ## workers killed, sockets cut, the server restarted, while ten learners work
	$(BIN)/python -m tests.chaos

SEED ?= $(shell date +%s)
hostile: .venv/dev  ## thousands of cases of hostile input, others each time; `make hostile SEED=7` brings those of a seed again
	LAB_HOSTILE_CASES=2000 LAB_HOSTILE_SEED=$(SEED) $(BIN)/pytest --hypothesis-seed=$(SEED) --timeout=0 -v tests/hostile

browser: .venv/dev  # a Chromium of Playwright's own where the machine has none; without one those tests are skipped
	@command -v chromium chromium-browser google-chrome >/dev/null || $(BIN)/playwright install chromium || true

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The lab needs Python 3.11 or newer.")'
	$(PYTHON) -m venv .venv

# torch comes first and exactly: an open range would bring several gigabytes of GPU libraries.
.venv/lab: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/dev: pyproject.toml | .venv/lab
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@

clean:  ## take everything away that the commands made
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
