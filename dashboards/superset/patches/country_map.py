"""The map of Kazakhstan inside an installed Superset: today's 20 regions, a click filters.

Why: Superset 6.1 ships the regions of before 2018 and a map that cannot be clicked. The borders are
replaced by ours, and the map gets what later versions have together with names in two languages, a
legend, a colour of its own for what has no figure, the districts whose borders the operator
supplies (`borders`), and the way in which all other charts ask for their data. A plugin of one's
own would need a build of Superset's whole frontend.
Upstream: apache/superset#35859 (a click on the map).
Test: tests/unit/dashboards/superset/patches/test_country_map.py.
To drop: passage by passage, when Superset has what it adds; the borders when it ships them.

It changes the installed files once (`python -m dashboards.superset.patches.country_map`). Files
that are not those of the lock are refused, never half changed.
"""

from __future__ import annotations

import json
import sys
import sysconfig
from pathlib import Path
from typing import Any

from dashboards.compile.map_names import DISTRICTS, DISTRICTS_ADDRESS, NO_DATA
from dashboards.names import LANGUAGES, territories
from dashboards.superset.patches import PatchError, require

MADE_FOR = {"apache-superset": "6.1.0"}
BORDERS = Path(__file__).resolve().parents[2] / "maps" / "regions.geojson"

_MARK = "mvdMap"
_ENTRY = (
    (
        "linearColorScheme:n,numberFormat:l,colorScheme:s,sliceId:c}}",
        "linearColorScheme:n,numberFormat:l,colorScheme:s,sliceId:c,mvdMap:{"
        "columns:a.filterColumns||[],title:a.filterTitle,noData:a.noDataText,send:e.hooks&&e.hooks.setDataMask,"
        "chosen:e.filterState&&e.filterState.value,on:e.emitCrossFilters}}}",
    ),
    # Asked as every other chart is, not by the old way of asking.
    (
        "{width:t,height:r,data:o[0].data,country:",
        "{width:t,height:r,data:o[0].data.map(e=>({country_id:e[a.entity],"
        "metric:e[a.metric.label||a.metric]})),country:",
    ),
    ("thumbnail:en,thumbnailDark:el,useLegacyApi:!0});", "thumbnail:en,thumbnailDark:el});"),
    (
        'name:(0,O.t)("Country Map"),tags:',
        'name:(0,O.t)("Country Map"),behaviors:["INTERACTIVE_CHART"],tags:',
    ),
)
# A shape has the names under which the filters' columns know it. In Superset's code: `O` colours by
# code of those that have a row, `k` the scale of colours over `$`, `v` the format of numbers, `l`
# the height.
_OURS = (
    "let mvd=t.mvdMap||{columns:[]},"
    f'mvdDistricts=a==="{DISTRICTS}",'
    "mvdName=e=>mvd.columns.map(t=>e.properties[t]).join(', ')||e.properties.NAME_1,"
    "mvdIsAsked=e=>e.properties.ISO in O,"
    "mvdOpacity=e=>mvdDistricts&&!mvdIsAsked(e)?.3:"
    "(mvd.chosen||[]).length&&mvd.chosen[0]!==e.properties.ISO?.35:1;"
    # Room for the legend below the map.
    "if(mvd.noData)l-=28;"
    # Whoever chose a region, or may see but one, sees the districts of that region.
    "function mvdFit(e){let t=e.features.filter(mvdIsAsked);"
    "return mvdDistricts&&t.length?{...e,features:t}:e}"
    "function mvdClick(e){let t=e.properties,r=(mvd.chosen||[])[0]===t.ISO;"
    'mvd.send({extraFormData:{filters:r?[]:mvd.columns.map(e=>({col:e,op:"IN",val:[t[e]]}))},'
    "filterState:{label:r?null:mvdName(e),customColumnLabel:mvd.title,"
    "value:r?null:[t.ISO],selectedValues:r?null:[t.ISO]}})}"
    'function mvdLegend(){let e=A.append("div").attr("class","mvd-legend");'
    'if(b[0]!=null){e.append("span").text(v(b[0]));e.append("i").style("background",'
    '"linear-gradient(90deg,"+[0,.25,.5,.75,1].map(e=>k($[0]+e*($[1]-$[0])))+")");'
    'e.append("span").text(v(b[1]))}'
    f'e.append("i").attr("class","mvd-none").style("background","{NO_DATA}");'
    'e.append("span").text(mvd.noData)}'
)
_CHUNK = (
    (
        "function I(e){let{features:t}=e,r=",
        f"{_OURS}function I(e){{let{{features:t}}=e;e=mvdFit(e);let r=",
    ),
    (
        '.on("mouseout",R).on("click",E)',
        '.style("opacity",mvdOpacity).on("mouseout",R)'
        '.on("click",mvd.on&&mvd.send&&mvd.columns.length?mvdClick:E),mvd.noData&&mvdLegend()',
    ),
    (
        '(t=e)&&t.properties?t.properties.ID_2?t.properties.NAME_2||"":t.properties.NAME_1||"":""',
        '(t=e)&&t.properties?mvdName(t):""',
    ),
    ('n.length>0?v(n[0].metric):""', 'n.length>0&&n[0].metric!=null?v(n[0].metric):mvd.noData||""'),
    (
        "O[e.country_id]=g?C(e.country_id,m)",
        'O[e.country_id]=e.metric==null?""',
    ),
    ('O[e.properties.ISO]||"none"', f'O[e.properties.ISO]||"{NO_DATA}"'),
    # The borders that the operator supplied are no file of the package.
    ("let t=u.Ay[a];", f'let t=mvdDistricts?"{DISTRICTS_ADDRESS}":u.Ay[a];'),
)


def install(site_packages: Path) -> None:
    """Put our map into the Superset of an environment; a second run changes nothing."""
    assets = site_packages / "superset" / "static" / "assets"
    entry = _the_one(assets, "*.entry.js", "select_country", "azakhstan:r.p+")
    chunk = _the_one(assets, "*.chunk.js", "superset-legacy-chart-country-map")
    replace(_borders_file(assets, entry), json.dumps(borders(), ensure_ascii=False))
    for file, changes in ((entry, _ENTRY), (chunk, _CHUNK)):
        text = file.read_text(encoding="utf-8")
        if (fresh := changed(text, changes)) != text:
            replace(file, fresh)


def borders() -> dict[str, Any]:
    """The regions with the names and codes of the contracts, as the map reads them."""
    collection: dict[str, Any] = json.loads(BORDERS.read_text(encoding="utf-8"))
    for feature in collection["features"]:
        row = territories()[feature["properties"]["kato"]]
        names = {f"region_{language}": row[f"name_{language}"] for language in LANGUAGES}
        code = {"ISO": row["iso_3166_2"], "NAME_1": row["name_ru"]}
        feature["properties"] = {**code, **names}
    return collection


def changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    """The text with every passage replaced; itself when that was done before.

    Raises PatchError unless each passage stands there once.
    """
    if all(after in text for _, after in changes):
        return text
    if _MARK in text:
        raise PatchError("this Superset has a map of another version of the project")
    for before, after in changes:
        if text.count(before) != 1:
            raise PatchError(f"this Superset has another map: {text.count(before)} x {before}")
        text = text.replace(before, after)
    return text


def _the_one(assets: Path, pattern: str, *passages: str) -> Path:
    found = [
        file
        for file in sorted(assets.glob(pattern))
        if all(passage in file.read_text(encoding="utf-8") for passage in passages)
    ]
    if len(found) != 1:
        raise PatchError(f"{len(found)} files {pattern} hold the map")
    return found[0]


def _borders_file(assets: Path, entry: Path) -> Path:
    text = entry.read_text(encoding="utf-8")
    start = text.index('azakhstan:r.p+"') + len('azakhstan:r.p+"')
    return assets / text[start : text.index('"', start)]


def replace(file: Path, content: str) -> None:
    """A new file in place of the old one, which may be shared with other environments."""
    fresh = file.with_suffix(f"{file.suffix}.new")
    fresh.write_text(content, encoding="utf-8")
    fresh.replace(file)


def main() -> int:
    """Change the Superset of the environment that runs this."""
    require("country_map", MADE_FOR)
    install(Path(sysconfig.get_paths()["purelib"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
