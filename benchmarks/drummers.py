"""Windows of drummers and a model's own, as beats: what benchmarks of grooves share."""

import argparse

import numpy as np

from lofi_tf.music.beats import Beats
from lofi_tf.music.drum_classes import DRUM_NAMES
from lofi_tf.music.quantize import STEPS_PER_BAR


def flags_of_data(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of a model and of the music beside it."""
    parser.add_argument("--model", required=True)
    parser.add_argument("--examples_path", required=True)
    parser.add_argument("--split_file", required=True)
    parser.add_argument("--seed", type=int, default=0)


def music_of(args: argparse.Namespace):
    """Returns the backend of a model of grooves, and the music that it is measured on."""
    from lofi_tf.backends.open import open_backend
    from lofi_tf.evaluation.held_out import Source, read_music
    from lofi_tf.saving.hub import find_model

    backend = open_backend(find_model(args.model))
    if not backend.converter.expressive:
        raise SystemExit(f"a model of grooves is needed. Received: {args.model}")
    source = Source(args.examples_path, args.split_file, num_workers=1)
    return backend, read_music(source, backend.config.data.converter, False, lambda line: None)


def beats_of_codes(backend, windows) -> Beats:
    """Returns examples, or outputs [N, T, D], as beats."""
    converter = backend.converter
    if isinstance(windows, np.ndarray):
        codes = converter.codes_of_outputs(windows)
    else:
        codes = converter.codes_of_examples(windows.arrays, backend.num_steps)
    shape = [len(codes), -1, STEPS_PER_BAR, len(DRUM_NAMES)]
    return Beats(*(one.reshape(shape) for one in (codes.hits, codes.velocities, codes.late)))


def names_of(examples) -> np.ndarray:
    """Returns the performance of each example, str [N]."""
    return np.asarray(examples.sources).astype(str)
