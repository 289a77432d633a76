"""CTEs of the models are named for their rows, not for what was done to them."""

import re

from warehouse.build.transform import PROJECT

_CTE = re.compile(r"^(?:with )?(\w+) as \($", re.MULTILINE)
_IRREGULAR = {"told", "begun", "held", "sent", "shown", "known", "running", "written"}
_DASHBOARDS = "rpt_dashboard_"


def test_no_cte_is_named_by_a_participle() -> None:
    named = {
        f"{path.stem}: {name}"
        for path in sorted((PROJECT / "models").rglob("*.sql"))
        if not path.stem.startswith(_DASHBOARDS)
        for name in _CTE.findall(path.read_text(encoding="utf-8"))
        if name in _IRREGULAR or re.fullmatch(r"[a-z]+ed", name)
    }
    assert named == set()
