"""Which split an example belongs to: by its sources, none of them on two sides."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from lofi_tf.data.storage.examples import read_split_file
from lofi_tf.errors import LofiError

TRAIN, VALIDATION = "train", "validation"


class SourcePlace(NamedTuple):
    """A source's place in [0, 1), by the sha1 of its name."""

    place: float
    source: str


@dataclasses.dataclass(frozen=True)
class Splitter:
    """Says which split a source is in, as `split_by_source` and `split_by_file` do.

    Attributes:
        share: of the sources for validation, in [0, 1).
        table: source to split, where a split file says so.
    """

    share: float = 0.1
    table: Mapping[str, str] | None = None

    @classmethod
    def of(cls, share: float, split_file: str | None) -> "Splitter":
        """Returns the splits of a share, or of a CSV file where one is given.

        Raises:
            LofiError: a file that cannot be read or has other columns.
        """
        if not split_file:
            return cls(share)
        path = split_file
        table = {source: split for source, split in read_split_file(path).items() if split}
        for split in set(table.values()):
            if not split.replace("_", "").isalnum():
                raise LofiError(
                    f"{path}: a split's name becomes part of a file's name. Allowed: letters, "
                    f"digits and _. Received: {split!r}"
                )
        return cls(table=table)

    @property
    def splits(self) -> list[str]:
        """The splits there are; an example of several belongs to the first of them."""
        if self.table is None:
            return [TRAIN, VALIDATION] if self.share else [TRAIN]
        first = [TRAIN, VALIDATION, "test"]
        names = set(self.table.values())
        return [n for n in first if n in names] + sorted(names - set(first))

    def split_of(self, source: str, smallest: list[SourcePlace]) -> str | None:
        """Returns the split of a source, None if the split file does not name it.

        Of all sources the two smallest places are given; where no source comes to validation by its
        place, the first does.
        """
        if self.table is not None:
            return self.table.get(source)
        chosen = self.share > 0 and len(smallest) > 1 and source == smallest[0].source
        return VALIDATION if chosen or place_of(source).place < self.share else TRAIN

    def choose(self, sources: Iterable[str], smallest: list[SourcePlace]) -> dict[str, list[str]]:
        """Returns the sources of an example by split, in the order of `splits`."""
        by_split: dict[str, list[str]] = {split: [] for split in self.splits}
        for source in sources:
            split = self.split_of(source, smallest)
            if split is not None:
                by_split[split].append(source)
        return {split: names for split, names in by_split.items() if names}


def place_of(source: str) -> SourcePlace:
    """Returns the place of a source."""
    return SourcePlace(int(hashlib.sha1(source.encode()).hexdigest(), 16) / 2**160, source)


def smallest_places(places: Iterable[SourcePlace]) -> list[SourcePlace]:
    """Returns the two smallest places of different sources."""
    return sorted(set(places))[:2]
