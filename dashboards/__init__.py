"""Superset on the published releases, in an environment of its own (`make setup-superset`).

`python -m dashboards` is its command line. Modules that import `superset` or `flask` run in
`dashboards/.venv` alone; `place`, `scope`, `statements` and `database` need no more than Python.
"""
