"""The cells that builds need, taken from the lake once for each submission.

extracts/<coordinates>/<year>/<sha256 of the file>.parquet

A full 1-М has 217,460 cells, of which the models need a few thousand. Each file holds those of the
submissions that a build met first; its members stand in its metadata. All of it can be made again
from the lake: a file that is damaged or out of date is dropped, and its members are read anew.
"""

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.build.planning import Inputs
from warehouse.core.duck import connect_build
from warehouse.core.durable import commit_file, make_directories, temporary_in
from warehouse.core.hashing import hash_of_file
from warehouse.core.paths import Home
from warehouse.core.settings import Settings
from warehouse.storage import lake

_MEMBERS = "members"
_SOURCES = ("indicator_sources", "offence_measures")
_COORDINATE = ["section", "line", "column_number"]

# In the columns of the lake's files, which call the number of a column `graph`.
# Text and not dictionaries: files of many submissions, each with dictionaries of its own.
_COPY = """
    COPY ({cells}) TO '{target}'
    (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{members: '{members}'}})
"""
# Section by section: what lies in the others is passed over by the statistics of the files, and
# of these only the lines and columns have to be looked up.
_SECTION = """
    SELECT submission_id, territory_kato, section, line, graph, value
    FROM read_parquet(${files})
    SEMI JOIN (
        SELECT line, column_number AS graph FROM coordinates WHERE section = '{section}'
    ) USING (line, graph)
    WHERE section = '{section}'
"""
_NOTHING = "SELECT submission_id, territory_kato, section, line, graph, value FROM no_cells"


def extract(
    home: Home, inputs: Inputs, years: Sequence[int], settings: Settings, *, folder: Path
) -> pa.Table:
    """Make sure that the cells of `years` are in `folder`; gives the table `cell_files` for them.

    Its paths begin at `folder`. Extracts for other coordinates are removed.
    """
    extracts = folder / _digest(_coordinates(inputs))
    make_directories(extracts)
    for other in folder.iterdir():
        if other != extracts:
            shutil.rmtree(other)
    rows: list[dict[str, str]] = []
    for year in years:
        wanted = _wanted(inputs, year)
        place = extracts / str(year)
        covered = _covered(place, {member: sha for member, (_, sha) in wanted.items()})
        missing = {member: wanted[member] for member in wanted if member not in covered}
        if missing:
            made = _extract(home, place, missing, inputs, settings)
            covered |= dict.fromkeys(missing, made)
        rows += [
            {
                "submission_id": member,
                "path": covered[member].relative_to(folder).as_posix(),
                "sha256": sha,
            }
            for member, (_, sha) in wanted.items()
        ]
    return pa.Table.from_pylist(rows, schema=inputs.tables["cell_files"].schema)


def _coordinates(inputs: Inputs) -> pa.Table:
    needed = pa.concat_tables(inputs.tables[name].select(_COORDINATE) for name in _SOURCES)
    return (
        needed.group_by(_COORDINATE).aggregate([]).sort_by([(c, "ascending") for c in _COORDINATE])
    )


def _digest(coordinates: pa.Table) -> str:
    text = json.dumps(coordinates.to_pydict())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _wanted(inputs: Inputs, year: int) -> dict[str, tuple[str, str]]:
    """Path in the lake and hash of the cell file of every submission of a year that counts."""
    files = inputs.tables["cell_files"].filter(pa.array(inputs.years_of["cell_files"] == year))
    return {row["submission_id"]: (row["path"], row["sha256"]) for row in files.to_pylist()}


def _covered(place: Path, hashes: Mapping[str, str]) -> dict[str, Path]:
    """Which submissions are extracted already, and where; drops what cannot be used."""
    covered: dict[str, Path] = {}
    for file in sorted(place.glob("*.parquet")):
        members = _members(file)
        if any(hashes.get(member, sha) != sha for member, sha in members.items()) or not members:
            file.unlink()
        else:
            covered |= dict.fromkeys(members, file)
    return covered


def _members(file: Path) -> dict[str, str]:
    """Submissions in a file with the hashes of their cell files; none when it is damaged."""
    if hash_of_file(file) != file.stem:
        return {}
    metadata: Mapping[bytes, bytes] = pq.read_metadata(file).metadata or {}
    members: dict[str, str] = json.loads(metadata[_MEMBERS.encode()])
    return members


def _extract(
    home: Home,
    place: Path,
    missing: Mapping[str, tuple[str, str]],
    inputs: Inputs,
    settings: Settings,
) -> Path:
    make_directories(place)
    members = json.dumps({member: sha for member, (_, sha) in missing.items()})
    lake.bring(home, missing.values())
    cells, parameters = _needed_cells(home, missing, inputs)
    with temporary_in(place) as temporary, connect_build(None, settings) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET parquet_metadata_cache = true")
        connection.register("coordinates", _coordinates(inputs))
        connection.register("no_cells", inputs.tables["no_cells"])
        target = str(temporary).replace("'", "''")
        connection.execute(_COPY.format(cells=cells, target=target, members=members), parameters)
        made = place / f"{hash_of_file(temporary)}.parquet"
        commit_file(temporary, made)
    return made


def _needed_cells(
    home: Home, missing: Mapping[str, tuple[str, str]], inputs: Inputs
) -> tuple[str, dict[str, list[str]]]:
    """SELECT of the needed cells of the missing submissions, and its parameters."""
    sections = _sections(inputs)
    # A form of which no figure is needed still tells by its rows who reported.
    every = sorted({section for found in sections.values() for section in found})
    parts, parameters = [_NOTHING], {}
    for number, (form, files) in enumerate(_files(home, missing, inputs).items()):
        for section in sections.get(form, every):
            name = f"files_{number}"
            parameters[name] = files
            parts.append(_SECTION.format(files=name, section=section.replace("'", "''")))
    return " UNION ALL ".join(parts), parameters


def _sections(inputs: Inputs) -> dict[str, list[str]]:
    """The sections of each form that hold a needed cell."""
    places = {
        (row["form_code"], row["section"])
        for name in _SOURCES
        for row in inputs.tables[name].select(["form_code", "section"]).to_pylist()
    }
    return {
        form: [section for _, section in found]
        for form, found in groupby(sorted(places), key=itemgetter(0))
    }


def _files(
    home: Home, missing: Mapping[str, tuple[str, str]], inputs: Inputs
) -> dict[str, list[str]]:
    """The cell files of the missing submissions, by form."""
    submissions = inputs.tables["submissions"].select(["submission_id", "form_code"])
    files: dict[str, list[str]] = defaultdict(list)
    for row in submissions.to_pylist():
        if row["submission_id"] in missing:
            path, _ = missing[row["submission_id"]]
            files[row["form_code"]].append(str(home.lake / path))
    return files
