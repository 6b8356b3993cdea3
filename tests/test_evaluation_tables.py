"""Tables as text, CSV, JSON and Markdown."""

import csv
import io
import json
import math

import numpy as np

from lofi_tf.evaluation.tables import Table, long_csv, to_json

TABLE = Table("Hits", ["system", "share", "count"], [["model", 0.25, 3], ["a|b", math.nan, None]])


def test_text_is_aligned_and_shows_what_is_unknown_as_a_dash():
    assert TABLE.as_text() == "system  share   count\nmodel   0.2500  3\na|b     -       -"


def test_csv_leaves_the_unknown_empty():
    assert TABLE.as_csv() == "system,share,count\nmodel,0.25,3\na|b,,\n"


def test_long_csv_has_a_line_a_number():
    rows = list(csv.DictReader(io.StringIO(long_csv([TABLE]))))
    assert rows[1] == {"table": "Hits", "row": "model", "measure": "count", "value": "3"}
    assert len(rows) == 4


def test_json_knows_no_nan_and_takes_numpys_numbers():
    table = Table("Hits", ["system", "share"], [["model", np.float32(0.5)], ["other", np.nan]])
    found = json.loads(to_json([table], {"model": "name"}))
    assert found["model"] == "name"
    assert found["tables"][0]["rows"] == [
        {"system": "model", "share": 0.5},
        {"system": "other", "share": None},
    ]


def test_rows_by_column_become_a_table():
    assert Table.of_rows("T", [{"a": 1, "b": 2}, {"b": 4, "a": 3}]).rows == [[1, 2], [3, 4]]
