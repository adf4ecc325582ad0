# `make help` lists what there is. Everything works in a fresh clone with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
# Tests wait for servers now and then: one more at a time than there are cores.
PROCESSES = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# The tests start many processes: each is a second quicker with what is compiled already.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-all screenshots lighthouse bench messages check lock clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# A laptop's own settings; whatever the environment already says wins.
run: export QDN_STAGE ?= development
run: export DJANGO_SECRET_KEY ?= $(shell mkdir -p var && (cat var/secret-key 2>/dev/null || (umask 077; $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))' | tee var/secret-key)))
run: $(VENV)/.run ## Serve on http://127.0.0.1:8000 (PORT=) with a believable day of jobs
	@$(BIN)/python manage.py serve --port $(PORT)

# `make check` has the rules of the house.
test: $(VENV)/.dev ## The test suite
	$(BIN)/pytest -n $(PROCESSES) -m "not long" --ignore tests/test_architecture.py --ignore tests/test_translations.py

test-all: $(VENV)/.dev $(VENV)/npm ## The long ones: browser, races, faults, fuzz
	$(BIN)/pytest -n $(PROCESSES) --dist worksteal -m long

screenshots: $(VENV)/.dev ## Every page and state, phone and desktop, light and dark; README's pictures
	$(BIN)/python -m tests.browser.screenshots

lighthouse: $(VENV)/.dev $(VENV)/lighthouse ## Lighthouse's marks for the pages people open first
	$(BIN)/python -m tests.browser.lighthouse $(VENV)/lighthouse/node_modules/.bin/lighthouse

bench: $(VENV)/.dev ## The benchmarks: ratios within one run, each with its goal
	$(BIN)/python -m bench

# Debian: apt-get install gettext. Nothing else needs it: what it compiles is committed.
messages: $(VENV)/.dev ## Catalogues: collect what is to be translated, compile what has been
	$(BIN)/python manage.py makemessages --settings tests.settings --locale es --extension html,txt,py \
	  --add-location file --no-obsolete --no-wrap --ignore tests --ignore bench --ignore '.venv'
	$(BIN)/python manage.py compilemessages --settings tests.settings --locale es --ignore '.venv'

check: $(VENV)/.dev ## ruff, mypy, Django's checks, hadolint, the architecture rules, the translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/python -W error manage.py check --settings tests.settings
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; else echo "hadolint: not on this platform, skipped"; fi
	$(BIN)/pytest tests/test_architecture.py tests/test_translations.py

lock: $(VENV)/.dev ## Pin the dependencies of pyproject.toml anew
	$(BIN)/uv pip compile -q pyproject.toml --universal --generate-hashes --no-emit-index-url \
	  --custom-compile-command "make lock" -o requirements.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra dev --universal --generate-hashes --no-emit-index-url \
	  -c requirements.txt --custom-compile-command "make lock" -o requirements-dev.txt

clean: ## Remove the environment and what was built; var/ with its data stays
	rm -rf $(VENV) staticfiles .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.run

# A strict DynamoDB for the tests. Without npm, or out of its reach, they do with moto's.
$(VENV)/npm: | $(VENV)/.dev
	@if command -v npm >/dev/null; then \
	  npm install --prefix $@ --no-save --no-audit --no-fund --ignore-scripts --omit=optional \
	    --loglevel=error dynalite@3.2.2 || { rm -rf $@; [ "$$CI" != true ]; }; \
	else echo "npm: not here, the roster is tried on one kind of DynamoDB less"; fi

$(VENV)/lighthouse: | $(VENV)/.dev
	npm install --prefix $@ --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
	  lighthouse@12.8.2 || { rm -rf $@; exit 1; }
