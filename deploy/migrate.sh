#!/bin/sh
# Brings the databases up to the code of this image, and makes what must be there: pools, an account.
set -eu
airflow db migrate
python - <<'PY' > /tmp/pools.json
import json

from mvd.stack.parts import POOLS

pools = {name: {"slots": slots, "description": "", "include_deferred": False} for name, slots in POOLS.items()}
print(json.dumps(pools))
PY
airflow pools import /tmp/pools.json
# Asked for twice; does nothing when the account is there.
password=$(cat /run/secrets/airflow_password)
printf '%s\n%s\n' "$password" "$password" | airflow users create \
    --username engineer --role Admin --firstname Data --lastname Engineer --email engineer@localhost
python - <<'PY'
from warehouse.ledger import Ledger
from warehouse.core.settings import load_settings

Ledger(load_settings().ledger).close()
PY
