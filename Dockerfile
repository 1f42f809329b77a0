# Footnote from its lock: docker build -t footnote . && docker run -p 127.0.0.1:8765:8765 -v footnote:/data footnote
FROM python:3.12-slim-bookworm AS build
WORKDIR /app
ENV UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir "uv>=0.9,<1"
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --locked --no-dev --no-install-project --extra cohere --extra postgres --extra weaviate
COPY bot bot
COPY agent agent
COPY evals evals
COPY retrieval retrieval
RUN uv sync --locked --no-dev --no-editable --extra cohere --extra postgres --extra weaviate

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 1000 footnote && install -d -o footnote -g footnote /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH FOOTNOTE_HOME=/data FOOTNOTE_HOST=0.0.0.0
USER 1000
VOLUME /data
EXPOSE 8765
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8765/healthz', timeout=5)"]
CMD ["footnote", "up"]
