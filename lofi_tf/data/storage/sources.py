"""Where training examples come from: NoteSequence records, TensorFlow Datasets, example shards."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from lofi_tf.audio.io import is_audio_file
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.storage.example_shards import ShardSet, chosen_split, find_shards, load_shards
from lofi_tf.data.storage.examples import Examples, Refusal, examples_of_records
from lofi_tf.data.storage.folders import folder_records, is_music_folder
from lofi_tf.data.storage.tfrecord import read_records, record_paths
from lofi_tf.errors import LofiError
from lofi_tf.music.files import KINDS
from lofi_tf.music.time_changes import DEFAULT_QPM
from lofi_tf.progress import open_progress


def load_examples(
    path: str | None,
    tfds_name: str | None,
    split: str,
    converter: Mapping[str, Any],
    num_workers: int | None = None,
    show_progress: bool = True,
    log: Callable[[str], None] = lambda line: None,
    in_memory: bool = True,
) -> Examples:
    """Returns the examples of NoteSequence records, example shards or a TensorFlow Dataset.

    Args:
        path: a path, glob or `x.tfrecord@8` of NoteSequence records; a folder of MIDI files; or
            what names example shards (`find_shards`).
        tfds_name: such as `groove/4bar-midionly`, read where no path is given.
        split: of the TensorFlow Dataset or of the example shards.
        converter: a config's converter, `{kind: ..., **kwargs}`.
        num_workers: processes that convert; all cores if not given.
        show_progress: whether to draw a progress line on stderr.
        log: told how many examples came of it, and what was refused and why.
        in_memory: whether example shards are held in memory, where they fit (`load_shards`).

    Raises:
        LofiError: as `check_source`, no record that fits the converter, or example shards of
            another converter.
    """
    shards = check_source(path, converter)
    if shards:
        return _load_shards(shards, split, converter, log, in_memory)
    unread: list[Refusal] = []
    records = _records(path, unread) if path else _tfds_records(tfds_name, split)
    bars = open_progress(None, " records", desc="converting", keep=False)
    with bars if show_progress else nullcontext() as bar:
        update = None if bar is None else bar.update
        examples = examples_of_records(records, converter, num_workers, update)
    refusals, count = [*unread, *examples.refusals], examples.num_sources + len(unread)
    examples = dataclasses.replace(examples, refusals=refusals, num_sources=count)
    name = path or f"{tfds_name} ({split})"
    log(f"{name}: {len(examples)} examples of {count - len(refusals)} of {count} sequences.")
    _report(examples, log)
    if not len(examples):
        raise LofiError(f"no example in {name} fits the config: {_reasons(examples)}")
    return examples


def check_source(path: str | None, converter: Mapping[str, Any]) -> ShardSet | None:
    """Returns the example shards that a path names, None of other music; reads next to nothing.

    Raises:
        LofiError: nothing there, no records, or music where the converter needs example shards.
    """
    shards = _shards_of(path)
    if shards:
        return shards
    kind = build_converter(converter)
    if kind.shards_by:
        raise LofiError(
            f"a config of the {kind.kind} converter learns from {kind.shards_of}: make them with "
            f"{kind.shards_by}, and give its --output_dir. Received: {path!r}"
        )
    if path and not is_music_folder(path):
        if os.path.isdir(path):
            raise _no_music(Path(path))
        for file in record_paths(path)[:1]:
            next(read_records(file), None)
    return None


def tempi_of(path: str) -> dict[str, float]:
    """Returns the first tempo of each source, quarter notes a minute, as the converters read it."""
    from lofi_tf.music.sequence_proto import NoteSequence

    tempi = {}
    for record in _records(path, []):
        sequence = NoteSequence.FromString(record)
        first = min(sequence.tempos, key=lambda tempo: tempo.time, default=None)
        name = sequence.filename or sequence.id
        tempi[name] = first.qpm if first else DEFAULT_QPM
    return tempi


def made_splits(path: str | None) -> list[str]:
    """Returns the splits of the example shards that a path names; none of other records."""
    shards = _shards_of(path)
    return list(shards.files) if shards else []


def _shards_of(path: str | None) -> ShardSet | None:
    return find_shards(path) if path and not is_music_folder(path) else None


def _load_shards(shards: ShardSet, split: str, converter, log, in_memory) -> Examples:
    """Returns the examples of a split that was made with the shards."""
    examples = load_shards(shards, split, converter, in_memory)
    where = ", read from disk as they are needed" if examples.on_disk else ""
    split_read = chosen_split(shards, split)
    log(f"{shards.info_path}: {len(examples)} examples of the split {split_read}{where}.")
    if not len(examples) and split == "train":
        raise LofiError(f"{shards.info_path} has no examples to train on")
    return examples


def _report(examples: Examples, log: Callable[[str], None]) -> None:
    """Says how many sequences each rule refused, with the first, and what was read as drums."""
    first: dict[str, Refusal] = {}
    for refusal in examples.refusals:
        first.setdefault(refusal.rule, refusal)
    if examples.num_unmarked:
        log(
            f"{examples.num_unmarked} of {examples.num_sources} sequences mark no note as a drum: "
            "all their notes were taken for drums."
        )
    for rule, count in examples.refused.items():
        log(f"Left out {count}: {first[rule].message} ({first[rule].source}).")


def _reasons(examples: Examples) -> str:
    counts = [f"{count} by {rule}" for rule, count in examples.refused.items()]
    return ", ".join(counts) or f"{examples.num_sources} sequences held nothing to convert"


def _records(path: str, unread: list[Refusal]) -> Iterator[bytes]:
    """Yields records, or the music of a folder; `unread` gets the files that cannot be read."""
    if is_music_folder(path):
        yield from folder_records(path, unread.append)
        return
    for file in record_paths(path):
        yield from read_records(file)


def _no_music(folder: Path) -> LofiError:
    """Returns the error for a folder that holds nothing to convert."""
    files = sorted(path.name for path in folder.iterdir() if path.is_file())
    received = f"{len(files)} files such as {files[0]}" if files else "no files"
    hint = "; records are named by a path or glob" if any("tfrecord" in f for f in files) else ""
    if any(map(is_audio_file, files)):
        hint = "; recordings are for configs of sound, which take what prepare_audio writes"
    return LofiError(
        f"{folder} holds no music files ({', '.join(KINDS)}) at any depth, nor example shards"
        f"{hint}. Received: {received}"
    )


def _tfds_records(name: str, split: str) -> Iterator[bytes]:
    """Yields a prepared dataset's MIDI as serialized NoteSequences.

    The files are read as TensorFlow Datasets lays them out; the library itself is not needed.
    """
    import tensorflow as tf

    from lofi_tf.music.midi import read_midi

    for file in _tfds_files(name, split):
        for record in read_records(file):
            features = tf.train.Example.FromString(record).features.feature
            if "midi" not in features:
                raise LofiError(f"{name} holds no MIDI. Received: {', '.join(sorted(features))}")
            sequence = read_midi(features["midi"].bytes_list.value[0])
            sequence.id = sequence.filename = features["id"].bytes_list.value[0].decode()
            yield sequence.SerializeToString()


def _tfds_files(name: str, split: str) -> list[Path]:
    home = Path(os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")).expanduser()
    base, _, version = name.partition(":")
    folder = home / base
    versions = sorted(path for path in folder.glob(version or "*") if path.is_dir())
    stem = base.split("/")[0]
    files = sorted(versions[-1].glob(f"{stem}-{split}.tfrecord*")) if versions else []
    if not files:
        raise LofiError(
            f"TensorFlow Dataset {name} has no split {split!r} in {home} (set TFDS_DATA_DIR for "
            "another folder); prepare it there, or give --examples_path"
        )
    return files
