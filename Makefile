# Set-up, tests and the demonstration. Needs Debian's python3.11 (with venv), gcc and make; no GPU.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Every command and hundreds of short processes of the tests would compile all that they import.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo test check docs clean wheel flink spark prism flink-cluster test-runners
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

# What other runners need. Flink: Java 17 and Maven. Prism: Go.
JARS := .cache/jars
flink: $(JARS)/flink-job-server.jar
$(JARS)/flink-job-server.jar: deploy/flink/pom.xml
	mvn --batch-mode --quiet --file deploy/flink/pom.xml package -DoutputDirectory=$(CURDIR)/build/flink
	mkdir -p $(JARS) && mv build/flink/flink-job-server.jar $@

spark: $(JARS)/spark-job-server.jar
$(JARS)/spark-job-server.jar: deploy/spark/pom.xml
	mvn --batch-mode --quiet --file deploy/spark/pom.xml package -DoutputDirectory=$(CURDIR)/build/spark
	mkdir -p $(JARS) && mv build/spark/spark-job-server.jar $@

prism: .cache/bin/prism
.cache/bin/prism:
	GOBIN=$(CURDIR)/.cache/bin go install github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0

# Flink's own distribution, without bin/: the tests start its processes themselves.
flink-cluster: .cache/flink/pyflink/lib
.cache/flink/pyflink/lib: | setup
	$(BIN)/python -m pip install --quiet --no-deps --target .cache/flink apache-flink-libraries==1.19.3
	touch $@

test-runners: setup flink flink-cluster prism
	$(BIN)/pytest -m slow tests/runners

wheel: setup
	$(BIN)/uv build --quiet --wheel --out-dir dist

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) runs site
