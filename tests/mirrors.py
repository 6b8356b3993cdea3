"""Music from tuples, and models whose latent is the music itself, for tests of generation."""

from collections.abc import Callable

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.config import load_config
from lofi_tf.hparams import with_hparams
from lofi_tf.music.sequence_proto import NoteSequence

KICK, SNARE, CLOSED, OPEN = 36, 38, 42, 46


def drums(*hits: tuple, qpm: float = 120.0, metre=(4, 4)) -> NoteSequence:
    """A beat of (step, pitch[, velocity[, steps late]]), sixteen steps a bar of 4/4."""
    piece, step_seconds = _empty(qpm, metre), 15.0 / qpm
    for step, pitch, velocity, late in ((*hit, 100, 0.0)[:4] if len(hit) == 2 else
                                        (*hit, 0.0)[:4] for hit in hits):  # fmt: skip
        start = (step + late) * step_seconds
        piece.notes.add(
            pitch=pitch, velocity=velocity, start_time=start, end_time=start + step_seconds,
            is_drum=True, instrument=9,
        )  # fmt: skip
    return _timed(piece)


def melody(
    *notes: tuple[int, int, int], qpm: float = 120.0, metre=(4, 4), instrument=0, program=0
) -> NoteSequence:
    """A line of (step, steps long, pitch)."""
    piece, step_seconds = _empty(qpm, metre), 15.0 / qpm
    for step, length, pitch in notes:
        piece.notes.add(
            pitch=pitch, velocity=80, start_time=step * step_seconds,
            end_time=(step + length) * step_seconds, instrument=instrument, program=program,
        )  # fmt: skip
    return _timed(piece)


def hits_of(piece: NoteSequence) -> list[tuple[int, int, int]]:
    """The (step, pitch, velocity) of a piece's notes, in time order."""
    step_seconds = 15.0 / piece.tempos[0].qpm
    return sorted((round(n.start_time / step_seconds), n.pitch, n.velocity) for n in piece.notes)


def line_of(piece: NoteSequence) -> list[tuple[int, int, int]]:
    """The (step, steps long, pitch) of a piece's notes, in time order."""
    step = 15.0 / piece.tempos[0].qpm
    return sorted(
        (round(n.start_time / step), round((n.end_time - n.start_time) / step), n.pitch)
        for n in piece.notes
    )


def mirror(
    name: str, hparams: str = "", change: Callable | None = None, log: list | None = None
) -> Backend:
    """A model of a shipped config whose latent is the flat inputs, and gives them back.

    Args:
        name: of the config.
        hparams: overrides.
        change: of the decoded arrays, `(outputs [B, T, D], given) -> outputs`.
        log: gets what is asked, (function, arrays).
    """
    config = with_hparams(load_config(name), hparams)
    steps = config.model.max_seq_len
    depth = _depth(config)
    config = with_hparams(config, f"z_size={steps * depth}")

    def call(function, given):
        if log is not None:
            log.append((function, given))
        if function == "encode":
            mean = given["inputs"].reshape(len(given["inputs"]), -1)
            return {"mean": mean, "stddev": np.full_like(mean, 0.1)}
        outputs = given["z"].reshape(len(given["z"]), steps, depth)
        outputs = change(outputs, given) if change else outputs
        if function == "fill":
            outputs = np.where(given["kept"] > 0, given["given"], outputs)
            return {"outputs": outputs, "nats": np.zeros(len(outputs))}
        return {"outputs": outputs}

    return Backend(config, call)


def _depth(config) -> int:
    from lofi_tf.data.converters.build import build_converter

    return build_converter(config.data.converter).depths["targets"]


def _empty(qpm, metre) -> NoteSequence:
    piece = NoteSequence(ticks_per_quarter=480)
    piece.tempos.add(qpm=qpm)
    piece.time_signatures.add(numerator=metre[0], denominator=metre[1])
    return piece


def _timed(piece: NoteSequence) -> NoteSequence:
    piece.total_time = max((note.end_time for note in piece.notes), default=0.0)
    return piece
