"""Airflow reads its settings when it is imported: give it an empty home of its own before that."""

import os
import tempfile

_HOME = tempfile.mkdtemp(prefix="airflow-of-tests-")
os.environ |= {
    "AIRFLOW_HOME": _HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
}
