"""From the probabilities of symbols, frame by frame, to notes."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated

import numpy as np

from lofi_tf.crossmodal.inference import FrameProbabilities, flux_steps
from lofi_tf.crossmodal.symbol_notes import Part
from lofi_tf.data.converters.note_events import NoteEvent
from lofi_tf.data.converters.paired import PairedConverter
from lofi_tf.data.converters.symbols import (
    LOWEST_PITCH,
    MAX_VELOCITY,
    NUM_OCTAVES,
    NUM_PITCH_CLASSES,
    velocity_of,
)
from lofi_tf.errors import LofiError
from lofi_tf.settings import Amount, Fits, Settings, Share

NUM_NOTES = NUM_OCTAVES * NUM_PITCH_CLASSES
SILENT = NUM_NOTES  # the state of an instrument that plays nothing
_LEAST_PROBABILITY = 1e-6
_DEFAULT_VELOCITY = 80  # of models without dynamics


@dataclasses.dataclass(frozen=True)
class NoteSettings(Settings):
    """How notes are found.

    Attributes:
        smoothing_frames: odd; of the median over time that probabilities go through first.
        change_nats: what a change of an instrument's note costs, so that it outlasts single frames.
        gate_db: frames that are softer than the loudest by more are silent; None silences none.
        least_seconds: shorter notes are dropped.
        onset_share: rises of energy from this share of the strongest on may begin notes.
        onset_seconds: how far the begin of a note moves, at most, to the nearest such rise.
        rise_db: how much louder a pitch becomes where its note is struck again.
    """

    smoothing_frames: Annotated[int, Fits("odd", lambda count: count > 0 and count % 2)] = 5
    change_nats: Amount = 4.0
    gate_db: Amount | None = 45.0
    least_seconds: Amount = 0.08
    onset_share: Share = 0.15
    onset_seconds: Amount = 0.12
    rise_db: Amount = 2.0


def transcribed(
    heard: FrameProbabilities,
    converter: PairedConverter,
    settings: NoteSettings | None = None,
    instruments: Sequence[str] = (),
) -> list[Part]:
    """Returns the notes of each instrument of a recording, or of those that are said to play.

    Raises:
        LofiError: symbols without octave or pitch class.
    """
    settings = settings or NoteSettings()
    onsets = onset_times(heard.flux, converter.frame_seconds / flux_steps(converter), settings)
    loud = heard.levels_db > converter.floor_db
    if settings.gate_db is not None:
        loud &= heard.levels_db > heard.levels_db.max() - settings.gate_db
    chosen = instruments or converter.instruments
    return [
        part_of(number, heard, converter, onsets, loud, settings) if name in chosen else []
        for number, name in enumerate(converter.instruments)
    ]


def part_of(
    number: int,
    heard: FrameProbabilities,
    converter: PairedConverter,
    onsets: np.ndarray,
    loud: np.ndarray,
    settings: NoteSettings,
) -> Part:
    """Returns the notes of one instrument, which begin at `onsets` (s) and only where `loud`."""
    from scipy.ndimage import median_filter

    fields = {f.label: f for f in converter.layout.fields if f.instrument == number}
    if not {"octave", "pitch"} <= fields.keys():
        raise LofiError("notes need a model whose labels are octave and pitch")
    size = settings.smoothing_frames, 1
    probabilities = median_filter(heard.probabilities, size, mode="nearest")
    classes = {
        name: probabilities[:, field.begin : field.begin + field.size]
        for name, field in fields.items()
    }
    scores = note_scores(classes["octave"], classes["pitch"])
    scores[~loud, :SILENT] = 2 * np.log(_LEAST_PROBABILITY)
    scores[~loud, SILENT] = 0
    states = best_states(scores, settings.change_nats)
    found = []
    for state, first, last in runs(states):
        if state == SILENT:
            continue
        levels = heard.pitch_levels_db[:, state]
        velocity = _velocity(classes.get("dynamics"), first, last, converter.num_dynamics)
        for start, end in _times(first, last, levels, onsets, converter, settings):
            if end - start >= settings.least_seconds:
                found.append(NoteEvent(LOWEST_PITCH + state, velocity, start, end))
    return _apart(found)


def note_scores(octave: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """Returns the log probability of every note from C0 on and, last, of silence, [T, 109].

    Octaves are [T, 9] and pitches [T, 12], or one more with silence last.
    """
    logs = []
    for values, size in ((octave, NUM_OCTAVES), (pitch, NUM_PITCH_CLASSES)):
        rest = 1 - values[:, :size].max(axis=1, keepdims=True)
        silent = values[:, size:] if values.shape[1] > size else rest
        logs.append(np.log(np.maximum(np.hstack([values[:, :size], silent]), _LEAST_PROBABILITY)))
    octave, pitch = logs
    notes = octave[:, :-1, None] + pitch[:, None, :-1]
    silence = octave[:, -1:] + pitch[:, -1:]
    return np.hstack([notes.reshape(len(octave), NUM_NOTES), silence])


def best_states(scores: np.ndarray, change_nats: float) -> np.ndarray:
    """Returns the likeliest way through states, int [T], where each change costs the same.

    Viterbi's algorithm, over scores [T, K] in nats.
    """
    count, back = len(scores), np.zeros(scores.shape, np.int16)
    total, own = scores[0].astype(np.float64), np.arange(scores.shape[1])
    for step in range(1, count):
        best = int(total.argmax())
        change = total[best] - change_nats > total
        back[step] = np.where(change, best, own)
        total = np.where(change, total[best] - change_nats, total) + scores[step]
    states = np.zeros(count, int)
    states[-1] = int(total.argmax())
    for step in range(count - 1, 0, -1):
        states[step - 1] = back[step, states[step]]
    return states


def runs(states: np.ndarray) -> list[tuple[int, int, int]]:
    """Returns (state, first frame, frame after the last) of each stretch of equal states."""
    edges = np.flatnonzero(np.diff(states)) + 1
    begins, ends = [0, *edges.tolist()], [*edges.tolist(), len(states)]
    return [(int(states[a]), a, b) for a, b in zip(begins, ends, strict=True)]


def onset_times(flux: np.ndarray, step_seconds: float, settings: NoteSettings) -> np.ndarray:
    """Returns where the energy rises steeply, in seconds."""
    from scipy.signal import find_peaks

    top = float(np.max(flux, initial=0.0))
    if top <= 0:
        return np.zeros(0)
    padded, least = np.pad(flux, 1), settings.onset_share * top
    distance = max(1, round(0.05 / step_seconds))
    peaks, _ = find_peaks(padded, height=least, prominence=least, distance=distance)
    return (peaks - 1) * step_seconds


def _times(
    first: int,
    last: int,
    levels_db: np.ndarray,
    onsets: np.ndarray,
    converter: PairedConverter,
    settings: NoteSettings,
) -> list[tuple[float, float]]:
    """Returns start and end, in seconds, of the notes of a stretch of frames of one pitch."""
    seconds = converter.frame_seconds
    start, end = first * seconds, last * seconds
    near = onsets[np.abs(onsets - start) <= settings.onset_seconds]
    if len(near):
        start = float(near[np.abs(near - start).argmin()])
    cuts = [start]
    for onset in onsets[(onsets > start + settings.least_seconds) & (onsets < end)]:
        frame = min(round(onset / seconds), last - 1)
        before = levels_db[max(first, frame - 4) : frame + 1].min()
        after = levels_db[frame : min(last, frame + 5)].mean()
        if after - before >= settings.rise_db and onset - cuts[-1] >= settings.least_seconds:
            cuts.append(float(onset))
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _velocity(dynamics: np.ndarray | None, first: int, last: int, num_dynamics: int) -> int:
    """Returns the velocity of the class that is likeliest over a note's frames."""
    if dynamics is None:
        return _DEFAULT_VELOCITY
    best = int(dynamics[first:last, :num_dynamics].mean(axis=0).argmax())
    return min(velocity_of(best, num_dynamics), MAX_VELOCITY)


def _apart(notes: Part) -> Part:
    """Returns notes that end where the next one begins, at the latest."""
    starts = [*(note.start for note in notes[1:]), np.inf]
    ended = [
        note._replace(end=float(min(note.end, start)))
        for note, start in zip(notes, starts, strict=False)
    ]
    return [note for note in ended if note.end > note.start]
