# gemma_compat alone: no torch, no compiler, no root. It judges what is mounted at /work:
#   docker build --tag gemma-compat .
#   docker run --rm --volume "$PWD:/work:ro" gemma-compat
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY requirements/image.txt requirements/image.txt
COPY gemma_compat gemma_compat
RUN python -m pip wheel --no-cache-dir --disable-pip-version-check --wheel-dir /wheels \
        --constraint requirements/image.txt ".[advise]"

FROM python:3.12-slim
COPY --from=build /wheels /wheels
RUN python -m pip install --no-cache-dir --disable-pip-version-check --no-index /wheels/*.whl \
    && rm -r /wheels \
    && useradd --uid 10001 --no-create-home gemma
USER 10001
WORKDIR /work
ENTRYPOINT ["gemma-compat"]
CMD ["report"]
