"""Excerpts as small arrays that can be compared: stored examples and decoded outputs alike."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from lofi_tf.data.converters.converter import Converter
from lofi_tf.data.converters.drums import DrumsConverter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.converters.melody import MelodyConverter
from lofi_tf.data.converters.performance import MultiPerformanceConverter
from lofi_tf.data.converters.progression import ProgressionConverter
from lofi_tf.data.converters.tracks import FIRST_PITCH
from lofi_tf.data.converters.trio import TrioConverter
from lofi_tf.music.chord_qualities import NUM_CHORDS, NUM_QUALITIES


@dataclasses.dataclass(frozen=True)
class Codes:
    """Excerpts of one length, N of them; what a kind of music does not have is None.

    Attributes:
        tokens: integers [N, K], a column a step (of a part).
        pitched: columns of tokens that are pitches from `FIRST_PITCH` on, bool [K].
        half_step: in these columns, by how much a token grows with a half step.
        around: how many tokens there are after which pitches begin again, as of chords, whose
            octave does not count; None where they do not.
        end_token: in these columns, the token that is no pitch; None where there is none.
        hits: which drum is hit at which step, bool [N, S * D].
        velocities: 0 to 127, float32 [N, S * D].
        late: sixteenths (steps of the grid), float32 [N, S * D].
    """

    tokens: np.ndarray | None = None
    pitched: np.ndarray | None = None
    half_step: int = 1
    around: int | None = None
    end_token: int | None = None
    hits: np.ndarray | None = None
    velocities: np.ndarray | None = None
    late: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.hits if self.tokens is None else self.tokens)

    @property
    def silent(self) -> np.ndarray:
        """Which excerpts have no note, bool [N]."""
        if self.hits is not None:
            return ~self.hits.any(axis=1)
        counts = self.tokens >= FIRST_PITCH if self.pitched.any() else self.tokens > 0
        return ~counts.any(axis=1)

    def moved(self, row: int, shift: int) -> np.ndarray:
        """Returns the tokens [K] of a row by so many half steps higher, where they are pitches.

        One that leaves the pitches becomes -1, which is no token.
        """
        tokens = self.tokens[row]
        pitches = self.pitched & (tokens >= FIRST_PITCH) & (tokens != self.end_token)
        found = tokens.astype(np.int64) - FIRST_PITCH + shift * self.half_step
        if self.around is not None:
            found %= self.around
        elif self.end_token is not None:
            found[found + FIRST_PITCH >= self.end_token] = -1
        found = np.where(found >= 0, found + FIRST_PITCH, -1)
        return np.where(pitches, found, tokens).astype(tokens.dtype)

    def take(self, rows: np.ndarray) -> "Codes":
        """Returns the excerpts of rows."""
        names = ("tokens", "hits", "velocities", "late")
        arrays = {name: getattr(self, name) for name in names}
        return dataclasses.replace(
            self, **{name: a[rows] for name, a in arrays.items() if a is not None}
        )


def codes_of_examples(
    converter: Converter, arrays: Mapping[str, np.ndarray], num_steps: int
) -> Codes:
    """Returns stored examples as codes.

    Args:
        converter: theirs.
        arrays: by its `example_spec`, N first.
        num_steps: T, the steps of the model's outputs.
    """
    return _STORED[type(converter)](converter, arrays, num_steps)


def codes_of_outputs(converter: Converter, outputs: np.ndarray) -> Codes:
    """Returns decoded arrays [N, T, depth] as codes."""
    return _DECODED[type(converter)](converter, np.asarray(outputs))


def joined(parts: list[Codes]) -> Codes:
    """Returns the excerpts of several one after the other."""
    names = ("tokens", "hits", "velocities", "late")
    arrays = {name: [getattr(part, name) for part in parts] for name in names}
    found = {name: np.concatenate(a) for name, a in arrays.items() if a[0] is not None}
    return dataclasses.replace(parts[0], **found)


def _stored_groove(converter: GrooveConverter, arrays, num_steps: int) -> Codes:
    if converter.is_categorical:
        late = 0.5 - arrays["offset_bins"] / converter.num_offset_bins
    else:
        late = -arrays["offsets"] / 2
    steps = num_steps // (converter.num_drums if converter.split_instruments else 1)
    return _groove(*(_of_steps(a, steps) for a in (arrays["hits"], arrays["velocities"], late)))


def _decoded_groove(converter: GrooveConverter, outputs: np.ndarray) -> Codes:
    fields = [converter.fields(np.asarray(output, np.float64)) for output in outputs]
    hits, velocities, early = (np.stack(part) for part in zip(*fields, strict=True))
    return _groove(hits > 0.5, velocities, -early)


def _groove(hits: np.ndarray, velocities: np.ndarray, late: np.ndarray) -> Codes:
    flat = [part.reshape(len(part), -1) for part in (hits, velocities, late)]
    hits = flat[0].astype(bool)
    velocities, late = (np.where(hits, part, 0).astype(np.float32) for part in flat[1:])
    return Codes(hits=hits, velocities=velocities, late=late)


def _stored_drums(converter: DrumsConverter, arrays, num_steps: int) -> Codes:
    return _drums(converter, _of_steps(arrays["drums"], num_steps))


def _decoded_drums(converter: DrumsConverter, outputs: np.ndarray) -> Codes:
    if not converter.roll_output:
        return _drums(converter, outputs.argmax(axis=-1))
    return _drums(converter, (outputs > 0.5) @ (1 << np.arange(outputs.shape[-1])))


def _drums(converter: DrumsConverter, masks: np.ndarray) -> Codes:
    """Returns bit masks [N, T] as codes; steps after an end token are empty."""
    if converter.add_end_token:
        masks = _ended(masks, masks >> converter.num_drums & 1)
    hits = (masks[..., None] >> np.arange(converter.num_drums) & 1).astype(bool)
    pitched = np.zeros(masks.shape[1], bool)
    return Codes(masks, pitched, hits=hits.reshape(len(hits), -1))


def _stored_melody(converter: MelodyConverter, arrays, num_steps: int) -> Codes:
    return _melody(converter, _of_steps(arrays["tokens"], num_steps))


def _decoded_melody(converter: MelodyConverter, outputs: np.ndarray) -> Codes:
    return _melody(converter, outputs.argmax(axis=-1))


def _melody(converter: MelodyConverter, tokens: np.ndarray) -> Codes:
    if converter.add_end_token:
        tokens = _ended(tokens, tokens == converter.end_token)
    pitched = np.ones(tokens.shape[1], bool)
    return Codes(tokens.astype(np.int16), pitched, end_token=converter.end_token)


def _stored_progression(converter: ProgressionConverter, arrays, num_steps: int) -> Codes:
    return _progression(_of_steps(arrays["tokens"], num_steps))


def _decoded_progression(converter: ProgressionConverter, outputs: np.ndarray) -> Codes:
    return _progression(outputs.argmax(axis=-1))


def _progression(tokens: np.ndarray) -> Codes:
    pitched = np.ones(tokens.shape[1], bool)
    return Codes(tokens.astype(np.int16), pitched, NUM_QUALITIES, NUM_CHORDS)


def _stored_trio(converter: TrioConverter, arrays, num_steps: int) -> Codes:
    return _trio(_of_steps(arrays["tokens"], num_steps))


def _decoded_trio(converter: TrioConverter, outputs: np.ndarray) -> Codes:
    parts = np.split(outputs, np.cumsum(converter.depths)[:-1], axis=-1)
    return _trio(np.stack([part.argmax(axis=-1) for part in parts], axis=-1))


def _trio(tokens: np.ndarray) -> Codes:
    """Returns tokens [N, T, 3] as codes."""
    pitched = np.tile([True, True, False], tokens.shape[1])
    return Codes(tokens.reshape(len(tokens), -1).astype(np.int16), pitched)


def _stored_performance(converter: MultiPerformanceConverter, arrays, num_steps: int) -> Codes:
    return _performance(converter, arrays["events"])


def _decoded_performance(converter: MultiPerformanceConverter, outputs: np.ndarray) -> Codes:
    events = outputs.argmax(axis=-1).reshape(len(outputs), converter.num_segments, -1)
    return _performance(converter, events)


def _performance(converter: MultiPerformanceConverter, events: np.ndarray) -> Codes:
    """Returns events [N, C * I, E] as codes; those after an end token are 0."""
    tokens = _ended(events, events == converter.end_token).reshape(len(events), -1)
    return Codes(tokens.astype(np.int16), np.zeros(tokens.shape[1], bool))


def _ended(tokens: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Returns tokens [..., T] without those after the first end."""
    after = np.cumsum(ends, axis=-1) - ends > 0
    return np.where(after, 0, tokens)


def _of_steps(array: np.ndarray, num_steps: int) -> np.ndarray:
    """Returns an array [N, S, ...] of so many steps, cut or padded with zeros at its end."""
    missing = max(0, num_steps - array.shape[1])
    padded = np.pad(array, [(0, 0), (0, missing)] + [(0, 0)] * (array.ndim - 2))
    return padded[:, :num_steps]


_STORED = {
    GrooveConverter: _stored_groove,
    DrumsConverter: _stored_drums,
    MelodyConverter: _stored_melody,
    ProgressionConverter: _stored_progression,
    TrioConverter: _stored_trio,
    MultiPerformanceConverter: _stored_performance,
}
_DECODED = {
    GrooveConverter: _decoded_groove,
    DrumsConverter: _decoded_drums,
    MelodyConverter: _decoded_melody,
    ProgressionConverter: _decoded_progression,
    TrioConverter: _decoded_trio,
    MultiPerformanceConverter: _decoded_performance,
}
