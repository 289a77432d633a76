"""A program: dbt on Spark. Started by `warehouse.build.transform`, never imported.

Opens the session that dbt-spark finds in its process. Left to itself dbt-spark would open one with
a Hive metastore: a database of its own in the working directory, for tables that one build needs.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dbt.cli.main import cli
from pyspark import SparkContext
from pyspark.sql import SparkSession


@contextmanager
def session(settings: dict[str, str]) -> Iterator[None]:
    """A session with `settings`; its Java process has ended afterwards, not only been told to."""
    builder = SparkSession.builder.appName("mvd")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    try:
        yield
    finally:
        java = SparkContext._gateway.proc
        spark.stop()
        java.stdin.close()
        java.wait()


if __name__ == "__main__":
    with session(json.loads(os.environ["MVD_DBT_SPARK"])):
        cli()
