# make demo | test | test-slow | bench | test-comfyui | clean. Everything is installed into VENV; the system stays as it is.
PYTHON ?= python3
VENV ?= .venv
PHOTO ?= workflows/media/rocket.jpg
# What the regions of the shipped photograph sound like; another PHOTO is guessed unless you give its PROMPTS too.
ROCKET = tower hum\nrocket engine\nwind\ntower hum\nwind\ncrickets
PROMPTS ?= $(if $(filter %/rocket.jpg,$(PHOTO)),$(ROCKET))
OUT ?= out
BIN = $(VENV)/bin

.PHONY: demo test test-slow bench test-comfyui clean

demo: $(VENV)/.standalone
	$(BIN)/s2s render $(PHOTO) -o $(OUT) --prompts "$(PROMPTS)"

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest -m "not comfyui and not slow"

# Networks of full size, with weights made up on the spot: 3 minutes and 6 GB of memory.
test-slow: $(VENV)/.test
	$(BIN)/python -m pytest -m slow

bench: $(VENV)/.test
	$(BIN)/python tests/bench/run.py -o $(OUT)/bench.jsonl

# Makes its own ComfyUI, or takes the checkout that COMFYUI_PATH names; says so where none can be had (exit code 3).
test-comfyui: $(VENV)/.comfyui
	@$(BIN)/python tests/comfyui/host.py prepare || test $$? -eq 3
	$(BIN)/python -m pytest -m comfyui

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info

# One pip call for each, so that torch and torchvision are resolved together. A mark is only made after they import.
$(VENV)/.standalone: EXTRAS = standalone
$(VENV)/.test: EXTRAS = standalone,test
$(VENV)/.comfyui: EXTRAS = standalone,test,comfyui
$(VENV)/.standalone $(VENV)/.test $(VENV)/.comfyui: pyproject.toml
	@$(PYTHON) .ci/check_machine.py "$(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$(EXTRAS)]"
	@$(BIN)/python -c "import torch, torchvision; print('torch', torch.__version__, 'torchvision', torchvision.__version__)"
	@touch $@
