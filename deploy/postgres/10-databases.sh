#!/bin/sh
# A role and a database for each program; none may connect to that of another.
# Runs once, when the volume is empty.
set -eu
for name in airflow celery ledger superset; do
    export name
    psql --set ON_ERROR_STOP=1 --set name="$name" --dbname postgres <<'SQL'
\set password `cat "/run/secrets/${name}_database_password"`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
