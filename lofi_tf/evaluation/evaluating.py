"""A model measured on examples that it never learned from: all its tables."""

import dataclasses
from collections.abc import Callable

import numpy as np

from lofi_tf.backends.base import Backend
from lofi_tf.evaluation.clip_errors import ClipErrors
from lofi_tf.evaluation.continuing import continuation_table
from lofi_tf.evaluation.groove_tables import MOST_TRAINING, Grooves, groove_table, systems_of
from lofi_tf.evaluation.held_out import Music, some_of
from lofi_tf.evaluation.reconstructing import reconstructions, views
from lofi_tf.evaluation.reconstruction import Accuracies, Latents, commonest_symbols
from lofi_tf.evaluation.tables import Table
from lofi_tf.models.kinds import answers


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """How a model is measured.

    Attributes:
        batch_size: examples asked for at once.
        seed: of draws.
        baselines: whether other systems learn from the training examples, to be compared.
        show: whether to show progress.
        log: told what is being done.
    """

    batch_size: int = 64
    seed: int = 0
    baselines: bool = True
    show: bool = False
    log: Callable[[str], None] = lambda line: None


def reconstruction_tables(
    backend: Backend,
    music: Music,
    qpm: Callable[[np.ndarray], np.ndarray],
    settings: EvaluationSettings,
) -> list[Table]:
    """Returns tables of what survives encoding and decoding; of a continuation, of what follows.

    `qpm` gives the tempo of sources [N]; it is asked for grooves alone.
    """
    if answers(backend.config, "continue"):
        return [continuation_table(backend, music.held_out, settings.seed, settings.show)]
    converter = backend.converter
    latents, parts = Latents(backend.config), []
    training = music.training
    if training is not None:
        training = some_of(training, MOST_TRAINING, settings.seed)
    if converter.medium == "sound":
        parts = [ClipErrors(getattr(converter, "floor_db", None))]
    else:
        tracks = converter.tracks
        known = None
        if training is not None:
            known = commonest_symbols(tracks, views(backend, training))
        parts = [Accuracies(tracks, known)]
    grooves = Grooves(converter) if converter.expressive else None
    collectors = [latents, *parts, *([grooves] if grooves else [])]
    for found in reconstructions(
        backend, music.held_out, settings.batch_size, settings.seed, settings.show
    ):
        for collector in collectors:
            collector.add(found)
    tables = [*(part.table() for part in parts), latents.table()]
    if grooves is None:
        return tables
    systems = {}
    if training is not None and settings.baselines:
        systems = systems_of(backend, training, music.validation, settings.seed, settings.log)
    return [*tables, groove_table(grooves, qpm(music.held_out.sources), systems)]
