"""Which group of music each example belongs to, for colours of pictures."""

from collections import Counter
from pathlib import Path

import numpy as np

from lofi_tf.data.storage.examples import read_split_file
from lofi_tf.errors import LofiError

STYLE, FOLDER, OTHERS = "style", "folder", "others"
MOST_GROUPS = 9


def groups_of(
    sources: np.ndarray, split_file: str | Path | None = None, column: str | None = None
) -> tuple[np.ndarray, str]:
    """Returns the group of each source, and what groups are: a column's name, or `folder`.

    They are of a column of the split file (see `split_by_file`), by default `style` where there is
    one, and else the first folder of a source. Of `rock/halftime` the part before `/` counts.

    Raises:
        LofiError: a column without a file, or that the file does not have.
    """
    if column and not split_file:
        raise LofiError(f"the column {column} is one of a split file: give --split_file")
    found = _column(split_file, column) if split_file else None
    if found is None:
        values = [source if "/" in source else "" for source in sources.tolist()]
        return _first_parts(values), FOLDER
    return _first_parts([found.get(source, "") for source in sources.tolist()]), column or STYLE


def fewer(groups: np.ndarray, most: int = MOST_GROUPS) -> tuple[np.ndarray, list[str]]:
    """Returns groups of which all but the largest are `others`, and the largest, by size."""
    names = [name for name, _ in Counter(groups.tolist()).most_common(most)]
    return np.where(np.isin(groups, names), groups, OTHERS), names


def _column(split_file: str | Path, column: str | None) -> dict[str, str] | None:
    """Returns the value of each source; None where no column is named and there is no style."""
    try:
        return read_split_file(split_file, column or STYLE)
    except LofiError:
        if column:
            raise
        return None


def _first_parts(values: list[str]) -> np.ndarray:
    return np.array([value.split("/")[0] or "unknown" for value in values], object)
