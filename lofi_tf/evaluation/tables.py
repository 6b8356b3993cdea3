"""Tables of numbers: to read, and as files that others can work with."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

Cell = str | int | float | None  # None and NaN are what is not known
Row = dict[str, Any]  # a row by column
LONG_COLUMNS = ("table", "row", "measure", "value")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells under columns; the first cell of a row is its name.

    Attributes:
        title: what it is about.
        columns: names of the columns, C of them.
        rows: C cells each.
        notes: sentences that say how the numbers were made.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    @classmethod
    def of_rows(cls, title: str, rows: Sequence[Row], notes: Sequence[str] = ()) -> "Table":
        """Returns the table of rows by column; the columns are those of the first row."""
        columns = list(rows[0]) if rows else []
        return cls(title, columns, [[row[name] for name in columns] for row in rows], notes)

    def without_unknown_columns(self) -> "Table":
        """Returns the table without columns in which nothing is known."""
        kept = [
            number
            for number in range(len(self.columns))
            if any(_known(row[number]) is not None for row in self.rows)
        ]
        rows = [[row[number] for number in kept] for row in self.rows]
        return Table(self.title, [self.columns[number] for number in kept], rows, self.notes)

    def as_text(self) -> str:
        """Returns aligned text, title and notes left out."""
        cells = [list(self.columns), *([shown(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[n]) for line in cells) for n in range(len(self.columns))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in cells
        )

    def as_markdown(self) -> str:
        """Returns a table of Markdown, title and notes left out."""
        lines = [list(self.columns), ["---"] * len(self.columns)]
        lines += [[shown(cell).replace("|", "\\|") for cell in row] for row in self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def as_csv(self) -> str:
        """Returns a header and the rows in six digits; what is not known is empty."""
        return _csv(self.columns, self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Returns what JSON holds of it: title, notes and rows by column."""
        rows = [
            {name: _known(cell) for name, cell in zip(self.columns, row, strict=True)}
            for row in self.rows
        ]
        return {"title": self.title, "notes": list(self.notes), "rows": rows}


def long_csv(tables: Iterable[Table]) -> str:
    """Returns all tables as one CSV, a line a number: table, row, measure, value."""
    lines = [
        (table.title, row[0], name, cell)
        for table in tables
        for row in table.rows
        for name, cell in zip(table.columns[1:], row[1:], strict=True)
    ]
    return _csv(LONG_COLUMNS, lines)


def to_json(tables: Iterable[Table], about: Mapping[str, Any]) -> str:
    """Returns all tables as one JSON object, after what is said `about` them."""
    found = {**about, "tables": [table.as_dict() for table in tables]}
    return json.dumps(found, indent=1, allow_nan=False) + "\n"


def shown(cell: Cell) -> str:
    """Returns a cell in three or four digits."""
    if isinstance(cell, str | int | np.integer):
        return str(cell)
    if cell is None or np.isnan(cell):
        return "-"
    if cell and not 1e-3 <= abs(cell) < 1e5:
        return f"{cell:.2e}"
    return f"{cell:.4f}" if abs(cell) < 1 else f"{cell:.2f}"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        cells = map(_known, row)
        writer.writerow([f"{c:.6g}" if isinstance(c, float) else c for c in cells])
    return text.getvalue()


def _known(cell: Cell) -> Cell:
    """Returns a cell in Python's own types, None where it is not known."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    return None if isinstance(cell, float) and not np.isfinite(cell) else cell
