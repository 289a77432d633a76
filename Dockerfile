# One file, four images: portal (also the command line), airflow, superset, proxy.
# Each base image may be pinned: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG POSTGRES_IMAGE=postgres:17-bookworm
ARG DEBIAN_IMAGE=debian:bookworm-slim

# pg_dump refuses a server that is newer than itself, so it comes from the server's own image.
FROM ${POSTGRES_IMAGE} AS postgres-client
WORKDIR /client
RUN mkdir bin lib \
    && cd "/usr/lib/postgresql/${PG_MAJOR}/bin" \
    && cp pg_dump pg_restore psql /client/bin/ \
    && cp -L "$(ldd psql | awk '/libpq\.so/ {print $3}')" /client/lib/

FROM ${PYTHON_IMAGE} AS uv
ENV UV_CACHE_DIR=/var/cache/uv \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=/usr/local/bin/python3.11 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
WORKDIR /opt/mvd

FROM uv AS portal-packages
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --frozen --no-install-project --no-default-groups

FROM uv AS airflow-packages
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --frozen --no-install-project --no-default-groups --group airflow --group production

FROM uv AS superset-packages
COPY dashboards/pyproject.toml dashboards/uv.lock ./
RUN --mount=type=cache,target=/var/cache/uv \
    uv sync --frozen --no-install-project

# Our own code, and the few files by which Python knows the package and its version.
FROM uv AS code
ARG REVISION=
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY dbt_project dbt_project
COPY deploy deploy
COPY expectations expectations
COPY ingestion ingestion
COPY mvd mvd
COPY portal portal
COPY warehouse warehouse
COPY dags dags
RUN --mount=type=cache,target=/var/cache/uv \
    printf '%s' "${REVISION}" > REVISION \
    && python -m compileall -q . \
    && uv pip install --no-deps --editable . --target /opt/package \
    && rm -rf /opt/package/bin

FROM ${PYTHON_IMAGE} AS runtime
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        libedit2 libgssapi-krb5-2 libldap-2.5-0 liblz4-1 libzstd1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 mvd \
    && useradd --uid 10001 --gid mvd --no-create-home --home-dir /tmp --shell /usr/sbin/nologin mvd \
    && install --directory --owner mvd --group mvd --mode 0750 \
        /data /data/inbox /data/superset /var/log/airflow
COPY --from=postgres-client /client/bin/ /usr/local/bin/
COPY --from=postgres-client /client/lib/ /usr/local/lib/
RUN ldconfig && pg_dump --version && psql --version
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/mvd \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONHASHSEED=0 \
    HOME=/tmp \
    MVD_HOME=/data
WORKDIR /opt/mvd

FROM runtime AS portal
COPY --from=portal-packages /opt/venv /opt/venv
COPY --from=code /opt/package /opt/venv/lib/python3.11/site-packages
COPY --from=code /opt/mvd /opt/mvd
USER mvd
ENTRYPOINT ["python", "-m", "mvd"]
CMD ["portal"]

FROM runtime AS airflow
COPY --from=airflow-packages /opt/venv /opt/venv
COPY --from=code /opt/package /opt/venv/lib/python3.11/site-packages
COPY --from=code /opt/mvd /opt/mvd
USER mvd
# Not the script `airflow`: processes that a task starts would run it again, and it asks for the
# database that a task may not see.
ENTRYPOINT ["python", "-m", "airflow"]
CMD ["version"]

FROM runtime AS superset
# Letters as PDF are printed by a browser.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium chromium-driver fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
COPY --from=superset-packages /opt/venv /opt/venv
COPY --from=code /opt/mvd/contracts /opt/mvd/contracts
COPY --from=code /opt/mvd/deploy /opt/mvd/deploy
COPY dbt_project/models/marts /opt/mvd/dbt_project/models/marts
COPY dashboards /opt/mvd/dashboards
RUN cd /opt/mvd && python -m dashboards.superset.patches.country_map
USER mvd
ENTRYPOINT ["python", "-m", "dashboards"]
CMD ["serve"]

FROM ${DEBIAN_IMAGE} AS proxy
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl gettext-base nginx-light \
    && rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled/*
COPY deploy/proxy/ /etc/mvd/
USER www-data
EXPOSE 8080 8443
CMD ["/bin/sh", "/etc/mvd/start.sh"]
