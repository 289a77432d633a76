"""What a build reads of its inputs."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from warehouse.build.planning import Inputs
from warehouse.build.schemas import SCHEMAS, write_tables
from warehouse.core.errors import UserError


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_inputs_of_another_version_are_named_with_the_column(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "r000001" / "inputs"
    write_tables(folder, {})
    file = folder / f"{name}.parquet"
    table = pq.read_table(file)
    column = table.column_names[-1]
    earlier = [*table.column_names[:-1], "graph_of_old"]
    pq.write_table(table.rename_columns(earlier), file)
    with pytest.raises(UserError) as raised:
        Inputs.read(folder)
    said = raised.value.text("en")
    assert "r000001" in said
    assert f"{name}.parquet: {', '.join(sorted([column, 'graph_of_old']))}" in said
