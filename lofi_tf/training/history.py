"""A run's scalars by step: `history.csv`, and the same to TensorBoard."""

import csv
import math
from pathlib import Path

import tensorflow as tf

from lofi_tf.files import write_file

HISTORY = "history.csv"


class ScalarLog:
    """Scalars by step, to TensorBoard and to `history.csv` in the same folder.

    Args:
        folder: where both go.
        first_step: the step that the run goes on from; later lines of an earlier try are dropped.
            All are kept if not given.
    """

    def __init__(self, folder: Path, first_step: float = math.inf):
        self.path = Path(folder) / HISTORY
        self.rows = [row for row in read_history(self.path) if int(row["step"]) <= first_step]
        self.begun = False
        self.writer = tf.summary.create_file_writer(str(folder))

    def write(self, step: int, scalars: dict[str, float]) -> None:
        """Adds a line."""
        if not self.begun:
            self._rewrite(scalars)
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow([step, *(f"{value:.9g}" for value in scalars.values())])
        with self.writer.as_default(step=step):
            for name, value in scalars.items():
                tf.summary.scalar(name, value)
        self.writer.flush()

    def _rewrite(self, scalars):
        names = ["step", *scalars]
        lines = [names, *([row.get(name, "") for name in names] for row in self.rows)]
        write_file(self.path, "".join(",".join(map(str, line)) + "\n" for line in lines))
        self.begun = True


def read_history(path: str | Path) -> list[dict[str, str]]:
    """Returns the lines of a `history.csv`, none if there is no such file."""
    if not Path(path).is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
