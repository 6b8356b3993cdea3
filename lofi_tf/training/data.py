"""Which music a run trains on, and which it holds out."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from lofi_tf.data.storage.examples import Examples, split_by_file, split_by_source
from lofi_tf.data.storage.sources import load_examples, made_splits
from lofi_tf.errors import LofiError

Log = Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """Where the examples of a run come from.

    Attributes:
        examples_path: NoteSequence records, example shards or a folder of music files.
        tfds_name: in its place a TensorFlow Dataset, prepared on disk already.
        eval_examples_path: held out.
        validation_split: share of the sources held out where nothing else is given.
        split_file: CSV with the columns split and path (or midi_filename).
        num_workers: processes that convert records; all cores if not given.
        cache_dataset: whether example shards are held in memory where they fit.
    """

    examples_path: str | None = None
    tfds_name: str | None = None
    eval_examples_path: str | None = None
    validation_split: float = 0.1
    split_file: str | None = None
    num_workers: int | None = None
    cache_dataset: bool = True

    def __post_init__(self):
        if not 0 <= self.validation_split < 1:
            raise LofiError(
                f"validation_split must be from 0 to below 1. Received: {self.validation_split}"
            )

    def read(
        self,
        split: str,
        converter: Mapping[str, Any],
        show_progress: bool,
        log: Log,
        path: str | None = None,
    ) -> Examples:
        """Returns the examples of a split, of `path` or of where the options say.

        Takes and raises what `load_examples` does.
        """
        source = path or self.examples_path, self.tfds_name
        how = self.num_workers, show_progress, log, self.cache_dataset
        return load_examples(*source, split, converter, *how)

    def splits(
        self, converter: Mapping[str, Any], show_progress: bool, log: Log
    ) -> tuple[Examples, Examples | None]:
        """Returns the examples to train on, and those held out (None where there are none).

        Raises:
            LofiError: a split file that does not fit, or as `load_examples`.
        """
        how = converter, show_progress, log
        examples = self.read("train", *how)
        if self.eval_examples_path:
            return examples, self.read("validation", *how, self.eval_examples_path)
        if splits := made_splits(self.examples_path):
            if self.split_file:
                raise LofiError(f"{self.examples_path} is split already: leave out --split_file")
            return examples, self.read("validation", *how) if "validation" in splits else None
        if self.split_file:
            return self._by_file(examples)
        if self.tfds_name:
            return examples, self.read("validation", *how)
        return split_by_source(examples, self.validation_split)

    def _by_file(self, examples: Examples) -> tuple[Examples, Examples | None]:
        splits = split_by_file(examples, self.split_file)
        if "train" not in splits:
            raise LofiError(
                f"{self.split_file} has no rows of the split train. Received: {', '.join(splits)}"
            )
        return splits["train"], splits.get("validation")
