"""What all kinds of music share: the one protocol by which music becomes arrays and back."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from lofi_tf.data.converters.excerpt_codes import Codes, of_steps
from lofi_tf.data.converters.output_tracks import OutputTrack
from lofi_tf.data.specs import ArraySpec, Example, Specs
from lofi_tf.errors import LofiError
from lofi_tf.settings import checked

Self = TypeVar("Self", bound="Converter")


class Converter:
    """One kind of music: the base of frozen dataclasses whose fields are its options.

    A kind says what is stored of an example (`example_spec`) and what its model is fed
    (`model_spec`, by `depths`, `num_steps` and `length_shape`), makes examples of music
    (`_examples`) and music of decoded arrays (`_music`). From what is stored to what the model is
    fed is the TensorFlow half, in `data/model_inputs`.

    Attributes:
        kind: its name in configs.
        music: what it is, in words.
        medium: `notes`, `sound` or `sound and notes`.
        shards_of: what it learns from where that is example shards alone, in words.
        shards_by: the command that makes these.
        free_options: those that say which examples there are, not what one is: example shards may
            differ in them.
        subset_options: lists of what is stored of an example, of which a config may ask for less
            than shards have.
        expressive: whether its notes have velocities and timing of their own.
        loop: what its music is judged as among loops: `beat`, `chords` or `line`.
        depth: width of a step, where inputs and targets have one.
        control_depth: width of the controls; 0 is none.
        end_token: the class or bit of the outputs that ends an example, if any.
        chord_encoding, condition_on_key, hits_as_controls: whether chords, keys or hits are
            controls.

    Raises:
        LofiError: an option out of range.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    kind: ClassVar[str]
    music: ClassVar[str]
    medium: ClassVar[str] = "notes"
    shards_of: ClassVar[str | None] = None
    shards_by: ClassVar[str | None] = None
    free_options: ClassVar[tuple[str, ...]] = ()
    subset_options: ClassVar[tuple[str, ...]] = ()
    expressive: ClassVar[bool] = False
    loop: ClassVar[str | None] = None
    quarters_per_bar = 4
    control_depth = 0
    end_token: int | None = None
    chord_encoding: str | None = None
    condition_on_key = False
    hits_as_controls = False
    depth: int

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            stored = checked(field.name, value, field.type)
            if stored != value:  # so that 1 stays 1 in files
                object.__setattr__(self, field.name, stored)

    @property
    def component(self) -> dict[str, Any]:
        """A config's `{kind: ..., **kwargs}` of this converter."""
        names = [field.name for field in dataclasses.fields(self)]
        return {"kind": self.kind} | {name: getattr(self, name) for name in names}

    @property
    def modes(self) -> frozenset[str]:
        """What its models can be asked for beside what all can, by the names of modes."""
        return frozenset()

    def describe(self, max_seq_len: int) -> str:
        """Returns what a model of so many steps makes, in one line."""
        return self.music

    @property
    def example_spec(self) -> Specs:
        """What is stored of each example: compact and deterministic."""
        raise NotImplementedError

    @property
    def num_steps(self) -> int | None:
        """Steps T of what the model is fed; None is any."""
        return None

    @property
    def length_shape(self) -> tuple[int, ...]:
        """Shape of `length`: of segments that each have a length, [segments]."""
        return ()

    @property
    def depths(self) -> dict[str, int]:
        """Depths of what the model is fed: of `inputs`, `targets` and any `controls`."""
        depths = {"inputs": self.depth, "targets": self.depth, "controls": self.control_depth}
        return {name: depth for name, depth in depths.items() if depth}

    @property
    def model_spec(self) -> Specs:
        """What the model is fed: `inputs`, `targets`, any `controls` [T, depth], and `length`."""
        shapes = {name: (self.num_steps, depth) for name, depth in self.depths.items()}
        spec = {name: ArraySpec("float32", shape) for name, shape in shapes.items()}
        return spec | {"length": ArraySpec("int32", self.length_shape)}

    def with_mode(self: Self, mode: str) -> Self:
        """Returns this converter for `train`, `eval` or `infer`, as Magenta's `set_mode`."""
        return dataclasses.replace(self, mode=mode) if hasattr(self, "mode") else self

    def to_examples(self, source: Any) -> Iterator[Example]:
        """Yields the examples of one piece of music, by `example_spec`.

        Args:
            source: a NoteSequence; for kinds of sound an `Audio`, or the path of a file, which is
                read block by block.

        Raises:
            NotConvertible: the rule that refuses the whole piece.
        """
        yield from self._examples(source)

    def from_outputs(
        self, outputs: np.ndarray, qpm: float = 120.0, controls: np.ndarray | None = None
    ) -> Any:
        """Returns the music of one decoded array, exactly Magenta's notes where it is Magenta's.

        Args:
            outputs: [T, output depth], what a model gave; of one-hot tracks the largest number of
                a step is its token.
            qpm: its tempo, quarter notes a minute; Magenta's is always 120.
            controls: [T, control depth] that it was decoded with, such as chords to write down.

        Raises:
            LofiError: an array of another shape.
        """
        rows = self.num_steps if self.length_shape else None
        outputs = steps_of_depth("outputs", outputs, self.depths["targets"], rows)
        return self._music(outputs, qpm, controls)

    def own_controls(
        self, num_rows: int, qpm: float, first_bar: int | None = None
    ) -> np.ndarray | None:
        """Returns controls [T, C] of new music, where they need no other music; else None.

        `first_bar` is its place in a longer piece, where it has one.
        """
        return None

    def conditioned(
        self, controls: np.ndarray | None, style: str | None, density: float | None
    ) -> np.ndarray | None:
        """Returns controls [..., T, C] that also tell any style, and any density in hits a bar.

        Raises:
            LofiError: no such style, or a kind that knows none.
        """
        for name, value in (("styles", style), ("densities", density)):
            if value is not None:
                raise LofiError(f"this model knows no {name}. Received: {value}")
        return controls

    @property
    def tracks(self) -> list[OutputTrack]:
        """What the numbers of a decoded step stand for."""
        return [OutputTrack("events", 0, self.depths["targets"], "class")]

    def codes_of_outputs(self, outputs: np.ndarray) -> Codes:
        """Returns decoded arrays [N, T, depth] as codes to compare."""
        return self._codes(self._decoded_tokens(np.asarray(outputs)))

    def codes_of_examples(self, arrays: Mapping[str, np.ndarray], num_steps: int) -> Codes:
        """Returns stored examples, by `example_spec`, as codes of T steps of the outputs."""
        return self._codes(of_steps(self._stored_tokens(arrays), num_steps))

    def groups_of(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the group of each stored example [N], -1 of none, by their place in `groups`."""
        raise NotImplementedError

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of examples, of which training mixes one each; none where nothing is mixed."""
        return ()

    def _examples(self, source: Any) -> Iterator[Example]:
        raise NotImplementedError

    def _music(self, outputs: np.ndarray, qpm: float, controls: np.ndarray | None) -> Any:
        raise NotImplementedError

    def _decoded_tokens(self, outputs: np.ndarray) -> np.ndarray:
        """Returns outputs [N, T, depth] as tokens, [N, T] or [N, T, tracks]."""
        return outputs.argmax(axis=-1)

    def _stored_tokens(self, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Returns the tokens of stored examples; those of kinds that store what models are fed."""
        if "tokens" in arrays:
            return arrays["tokens"]
        return self._decoded_tokens(arrays.get("targets", arrays["inputs"]))

    def _codes(self, tokens: np.ndarray) -> Codes:
        return Codes(tokens.astype(np.int16), np.zeros(tokens.shape[1], bool))


def steps_of_depth(name: str, array: np.ndarray, depth: int, rows: int | None = None) -> np.ndarray:
    """Returns a decoded array [T, depth], T being `rows` if given; refuses one of another shape."""
    array = np.asarray(array)
    if array.ndim != 2 or array.shape != (rows or len(array), depth):
        raise LofiError(
            f"{name} of another shape. Allowed: [{rows or 'T'}, {depth}]. "
            f"Received: {list(array.shape)}"
        )
    return array
