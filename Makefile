# make demo, make test, make test-all, make parity, make parity-js, make bench, make lint; each makes .venv first if it is not there.

PYTHON ?= python3
JOBS ?= 2

VENV := .venv
PYTHON38 ?= python3.8
MAGENTA := .magenta
MAGENTA_JS := .magenta_js
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: demo test test-all parity parity-js bench lint format clean vendor

demo: $(READY)
	$(BIN)/python demo/run.py

test: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow"

test-all: $(READY)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

# The real Magenta, asked afresh: needs a Python 3.8 and the headers of ALSA and JACK
# (Debian: libasound2-dev libjack-dev), which its python-rtmidi is built with.
parity: $(READY) $(MAGENTA)/ready
	$(BIN)/python -m tests.fresh_golden --magenta=$(MAGENTA)/bin/python --out=$(MAGENTA)/golden
	$(BIN)/python -m tests.magenta_parity --golden=$(MAGENTA)/golden
	$(BIN)/python -m tests.magenta_round_trip --magenta=$(MAGENTA)/bin/python --golden=$(MAGENTA)/golden

$(MAGENTA)/ready: | $(READY)
	@$(PYTHON38) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 8))' 2>/dev/null || { \
	  echo "make parity needs Python 3.8: make parity PYTHON38=/path/to/python3.8"; exit 1; }
	$(BIN)/pip install -q uv
	$(BIN)/uv venv -q --clear --python "$$($(PYTHON38) -c 'import sys; print(sys.executable)')" $(MAGENTA)
	$(BIN)/uv pip install -q --python $(MAGENTA)/bin/python magenta==2.1.4 'protobuf<3.20'
	@touch $@

# The real magenta.js, asked afresh about our exports: needs node (20) and npm.
parity-js: $(READY) $(MAGENTA_JS)/ready
	$(BIN)/python -m tests.magenta_js_parity --modules=$(MAGENTA_JS)

$(MAGENTA_JS)/ready: tests/magenta_js/package.json
	@command -v node >/dev/null && command -v npm >/dev/null || { \
	  echo "make parity-js needs node and npm"; exit 1; }
	mkdir -p $(MAGENTA_JS)
	cp tests/magenta_js/package.json $(MAGENTA_JS)
	cd $(MAGENTA_JS) && npm install --silent --no-audit --no-fund --ignore-scripts
	@touch $@

# The page's synthesiser, bundled anew from npm: needs node and npm.
vendor:
	lofi_tf/studio/page/vendor/spessasynth/build.sh

# What needs no rival; benchmarks/RESULTS.md has the commands beside Magenta and PyTorch.
bench: $(READY)
	$(BIN)/python -m benchmarks.training_step groovae_4bar
	$(BIN)/python -m benchmarks.training_step cat-drums_2bar_small
	$(BIN)/python -m benchmarks.generation groovae_4bar
	$(BIN)/python -m benchmarks.input groovae_4bar cat-drums_2bar_small cat-mel_2bar_small
	$(BIN)/python -m benchmarks.whole_commands convert --input_dir=demo/grooves
	$(BIN)/python -m benchmarks.rendering

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info

# The pins are those of Python 3.11; other versions take the newest that setup.py allows.
$(READY): setup.py constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "lofi_tf needs Python 3.10 to 3.13: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install -q -e '.[dev]' \
	  $$($(BIN)/python -c 'import sys; print("-c constraints.txt" * (sys.version_info[:2] == (3, 11)))')
	@touch $@
