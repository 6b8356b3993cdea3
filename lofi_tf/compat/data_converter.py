"""Our converters with the methods and attributes that scripts for Magenta's touch."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from lofi_tf import quiet
from lofi_tf.config import Config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.examples import examples_of_records
from lofi_tf.errors import NotConvertible


class ConverterTensors(NamedTuple):
    """What a converter makes of a NoteSequence: N of each, [T, depth]; no controls are [T, 0]."""

    inputs: list[np.ndarray]
    outputs: list[np.ndarray]
    controls: list[np.ndarray]
    lengths: list[Any]


class DataConverter:
    """The converter of one of our configs, in Magenta's mode `infer` at first."""

    def __init__(self, config: Config):
        self._steps = config.model.max_seq_len
        self._converter = build_converter({**config.data.converter, "mode": "infer"})

    def set_mode(self, mode: str) -> None:
        """Changes to `train`, `eval` or `infer`."""
        self._converter = self._converter.with_mode(mode)

    def to_tensors(self, note_sequence: Any) -> ConverterTensors:
        """Returns the examples of a NoteSequence; none where a rule refuses it."""
        record = note_sequence.SerializeToString()
        found = examples_of_records([record], self._converter.component, num_workers=1)
        if not len(found):
            return ConverterTensors([], [], [], [])
        with quiet.imports():
            from lofi_tf.data.storage.dataset import model_view  # TensorFlow's

        view = model_view(found, self._converter, self._steps)
        lengths = list(view["length"])
        empty = np.zeros([*view["inputs"].shape[:2], 0], np.float32)
        columns = (view["inputs"], view["targets"], view.get("controls", empty))
        cut = [[row[: _steps(n, row)] for row, n in zip(c, lengths, strict=True)] for c in columns]
        return ConverterTensors(*cut, lengths)

    def refusal_of(self, note_sequence: Any) -> str:
        """Returns why a NoteSequence gives no example."""
        try:
            next(iter(self._converter.to_examples(note_sequence)))
        except NotConvertible as error:
            return str(error)
        except StopIteration:
            pass
        return "it holds no whole window"

    def from_tensors(self, samples: Any, controls: Any = None) -> list[Any]:
        """Returns the NoteSequences of decoded arrays, N of [T, output depth]."""
        rows = [None] * len(samples) if controls is None else controls
        return [
            self._converter.from_outputs(sample, controls=row)
            for sample, row in zip(samples, rows, strict=False)
        ]

    @property
    def input_depth(self) -> int:
        """Width of the inputs."""
        return self._converter.depths["inputs"]

    @property
    def output_depth(self) -> int:
        """Width of the outputs."""
        return self._converter.depths["targets"]

    @property
    def control_depth(self) -> int:
        """Width of the controls, 0 without."""
        return self._converter.depths.get("controls", 0)

    @property
    def end_token(self) -> Any:
        """The class that ends an example, or None."""
        return self._converter.end_token

    @property
    def max_tensors_per_notesequence(self) -> int | None:
        """Most examples of a NoteSequence; None is all."""
        return self._converter.max_tensors_per_notesequence

    @max_tensors_per_notesequence.setter
    def max_tensors_per_notesequence(self, value: int | None) -> None:
        self._replace(max_tensors_per_notesequence=value)

    _max_tensors_per_input = max_tensors_per_notesequence  # as scripts call it

    @property
    def _split_bars(self) -> int | None:
        return self._converter.split_bars

    @_split_bars.setter
    def _split_bars(self, value: int | None) -> None:
        self._replace(split_bars=value)

    def _replace(self, **options: Any) -> None:
        self._converter = dataclasses.replace(self._converter, **options)


def _steps(length: Any, row: np.ndarray) -> int:
    """Returns the steps of a row that count; segments keep their places."""
    return int(length) if np.ndim(length) == 0 else len(row)
