"""Great Expectations, loaded once and without what it would load beside it.

It imports Spark wherever Spark is installed: more than a second, and a Spark that lacks a part of
its own ends the whole process. Nothing here asks it for Spark.
"""

import os
import sys
from importlib import import_module
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
_hides_spark = "pyspark" not in sys.modules
if _hides_spark:
    sys.modules["pyspark"] = None  # type: ignore[assignment] # importing it fails from here on
try:
    gx: Any = import_module("great_expectations")
    gxe: Any = import_module("great_expectations.expectations")
finally:
    if _hides_spark:
        del sys.modules["pyspark"]
