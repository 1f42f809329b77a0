# `make demo` opens the assistant, `make test` runs the suite; each sets everything up itself. `make help` lists the rest.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
UV := UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv
# Python starts twice as fast where what it compiled once is kept.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test check chaos chaos-platforms docs lock clean bench-retrieval bench-peers bench-answers bench-team bench-planted bench-slack bench-discord bench-night bench-frame bench-burst bench-sync bench-start bench-local-model fit-answerability bench-refusals bench-small bench-scale year bench-near-duplicates bench-ranking bench-digest-cost

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

demo: .venv/.ready ## Set up, then open the assistant on real text in the browser
	@$(BIN)/footnote up --demo --open

test: .venv/.ready-dev ## Set up, then run the whole test suite
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.ready-dev ## Lint, types, the one-way rule between rooms, the Dockerfile
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/hadolint Dockerfile

chaos: .venv/.ready-dev ## Kill the assistant 200 times on a seeded schedule and look for what was lost or doubled
	@FOOTNOTE_KILLS=200 $(BIN)/python -m pytest tests/chaos/test_kill.py --timeout=3600 -s $(ARGS)

chaos-platforms: .venv/.ready-dev ## The same through Slack and Discord: about 1,000 mentions and 200 presses each; an hour
	@FOOTNOTE_CHAOS_RESULTS=$(CURDIR)/benchmarks/results FOOTNOTE_KILLS=50 $(BIN)/python -m pytest tests/chaos/test_slack.py --timeout=7200 -s $(ARGS)
	@FOOTNOTE_CHAOS_RESULTS=$(CURDIR)/benchmarks/results FOOTNOTE_KILLS=75 $(BIN)/python -m pytest tests/chaos/test_discord.py --timeout=7200 -s $(ARGS)

bench-retrieval: .venv/.ready-dev ## CORPUS=… QUESTIONS=…: recall and nDCG of full text, vectors and the product's way
	@$(BIN)/python -m benchmarks.retrieval --corpus $(CORPUS) --questions $(QUESTIONS) $(ARGS)

bench-peers: .venv/.ready-dev ## CORPUS=… QUESTIONS=…: the same passages, questions and embedder through LlamaIndex and Haystack
	@$(UV) run --locked --inexact --all-extras --with llama-index-core==0.14.25 --with haystack-ai==3.4.1 \
		python -m benchmarks.peers --corpus $(CORPUS) --questions $(QUESTIONS) $(ARGS)

bench-answers: .venv/.ready-dev ## DATA=…: what is quoted, what is refused, rightly or not
	@$(BIN)/python -m benchmarks.answers --data $(DATA) $(ARGS)

fit-answerability: .venv/.ready-dev ## DATA=…: fit when the assistant says that it does not know
	@$(BIN)/python -m benchmarks.fit_answerability --data $(DATA) $(ARGS)

bench-refusals: .venv/.ready-dev ## DATA=…: what is refused, rightly and wrongly, as the threshold goes from never to always
	@$(BIN)/python -m benchmarks.refusals --data $(DATA) $(ARGS)

bench-team: .venv/.ready-dev ## A team's handbook and questions worded unlike it: found, quoted, refused
	@$(BIN)/python -m benchmarks.team $(ARGS)

bench-planted: .venv/.ready-dev ## DATA=…: regressions planted in the nightly eval, and alarms where nothing changed
	@$(BIN)/python -m benchmarks.planted --data $(DATA) $(ARGS)

bench-small: .venv/.ready-dev ## A folder of a few notes, as a new user has one: found, quoted, refused
	@$(BIN)/python -m benchmarks.small_folders $(ARGS)

bench-scale: .venv/.ready-dev ## Many passages in one store: build, memory, disk, speed, recall against exact search
	@$(BIN)/python -m benchmarks.scale $(ARGS)

bench-slack: .venv/.ready-dev ## Acknowledging a burst of Slack's events beside plain Bolt; messages per streamed answer
	@$(BIN)/python -m benchmarks.slack_ack $(ARGS) && $(BIN)/python -m benchmarks.slack_streams $(ARGS)

bench-discord: .venv/.ready-dev ## Requests per answer while 50 stream at once on Discord
	@$(BIN)/python -m benchmarks.discord_streams $(ARGS)

bench-night: .venv/.ready-dev ## Answering people while the nightly eval runs beside, and what the night weighs
	@$(BIN)/python -m benchmarks.night $(ARGS)

bench-frame: .venv/.ready-dev ## What the frame costs a mention, beside a bare LangGraph graph
	@$(BIN)/python -m benchmarks.frame $(ARGS)

bench-burst: .venv/.ready-dev ## 1,000 mentions at once from 100 places
	@$(BIN)/python -m benchmarks.burst $(ARGS)

bench-sync: .venv/.ready-dev ## Sync, beside a plain loop of the same parsers and embedder
	@$(BIN)/python -m benchmarks.sync $(ARGS)

bench-start: .venv/.ready-dev ## How long `footnote --help` and a cold start take
	@$(BIN)/python -m benchmarks.start $(ARGS)

bench-local-model: .venv/.ready-dev ## DATA=… GGUF=…: the same with a real local model that writes and decides
	@$(BIN)/python -m benchmarks.answers --data $(DATA) --model gguf:$(GGUF) --questions 10 --out benchmarks/results/local_model.json $(ARGS)

year: .venv/.ready-dev ## A year of digests: 200 subscriptions, three replicas, kills, clocks that jump, daylight saving both ways
	@$(BIN)/python -m benchmarks.year $(ARGS)

bench-near-duplicates: .venv/.ready-dev ## DATA=…/multihop: one story in other words, or another story of the same entity
	@$(BIN)/python -m benchmarks.near_duplicates --data $(DATA) $(ARGS)

bench-ranking: .venv/.ready-dev ## DATA=…/multihop: simulated readers mark ten days of digests; nDCG@5 of what comes after, with and without
	@$(BIN)/python -m benchmarks.ranking_learns --data $(DATA) $(ARGS)

bench-digest-cost: .venv/.ready-dev ## Tokens, embedded texts and fetches of a morning, as subscriptions to the same topics grow
	@$(BIN)/python -m benchmarks.digest_cost $(ARGS)

docs: .venv/.ready-dev ## Write the reference pages anew from the code, and what passes on which platform from a run
	@$(BIN)/python -m bot.reference docs
	@$(BIN)/python -m benchmarks.page docs
	@$(BIN)/python -m pytest tests/contract/test_chat.py tests/contract/test_conversation.py --platforms-table docs/platforms.md

lock: .venv/bin/uv ## Resolve the dependencies again
	@$(UV) lock

clean: ## Remove the virtual environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Footnote needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Setting up .venv with $(PYTHON) (once; about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet 'uv>=0.9'

.venv/.ready: .venv/bin/uv pyproject.toml uv.lock
	@$(UV) sync --locked --inexact --no-dev
	@touch $@

.venv/.ready-dev: .venv/bin/uv pyproject.toml uv.lock
	@$(UV) sync --locked --inexact --all-extras
	@touch $@ .venv/.ready
