#!/bin/sh
# Makes the secrets that docker-compose.yml reads, each in a file of its own; keeps those there are.
# The folder is closed to others; the files are not, because each program reads its own under a user
# of its own.
set -eu
folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
chmod 0700 "$folder"
cd "$folder"

keep() { # keep NAME: writes what it reads, unless the file is there
    if [ ! -s "$1" ]; then
        cat > "$1.new"
        chmod 0444 "$1.new"
        mv "$1.new" "$1"
        echo "made $1"
    fi
}
random() { openssl rand -hex 32; }

for name in postgres_password airflow_database_password celery_database_password \
    ledger_database_password superset_database_password airflow_password airflow_api_key \
    airflow_jwt_key metrics_token redis_password; do
    random | tr -d '\n' | keep "$name"
done
openssl rand -base64 32 | tr '+/' '-_' | tr -d '\n' | keep airflow_fernet_key

url() { printf '%s://%s:%s@postgres/%s' "$1" "$2" "$(cat "$2_database_password")" "$2"; }
url postgresql+psycopg2 airflow | keep airflow_database_url
url db+postgresql+psycopg2 celery | keep celery_result_url
url postgresql+psycopg ledger | keep mvd_ledger_url
url postgresql+psycopg2 superset | keep superset_database_url
printf 'redis://:%s@redis:6379/0' "$(cat redis_password)" | keep celery_broker_url
printf 'requirepass %s\nprotected-mode yes\ndir /data\nappendonly yes\nmaxmemory-policy noeviction\n' \
    "$(cat redis_password)" | keep redis_conf

# Stands in until the real certificate is put in its place; browsers warn of it.
if [ ! -s tls_certificate ] || [ ! -s tls_key ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 \
        -subj "/CN=mvd" -keyout tls_key -out tls_certificate 2>/dev/null
    chmod 0444 tls_key tls_certificate
    echo "made tls_certificate and tls_key: signed by themselves, for trying out only"
fi
