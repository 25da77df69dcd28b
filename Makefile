# Set-up, tests and the demonstration. Needs Debian's python3.11 (with venv), gcc and make; no GPU.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check docs clean
setup: $(STAMP)

# uv installs 3 GB of torch from its cache by hard links, in seconds; pip takes minutes each time.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '.[dev]'
	touch $@

CORPUS := .cache/libreoffice-help-ko
demo: setup
	@if sh recipes/demo-corpus.sh $(CORPUS); \
	then $(BIN)/malmoi demo --corpus $(CORPUS) --out runs/demo; \
	else $(BIN)/malmoi demo --out runs/demo; fi

test: setup
	$(BIN)/pytest -n 2 --dist worksteal

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) runs site
