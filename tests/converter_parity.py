"""Compares a config's converter with Magenta's answers, laid out as `<golden>/{inputs,tensors}`.

`tensors/<config>.npz` holds, for each mode and input file, `mode|file|error` (Magenta fails),
`mode|file|count` and, for each example i, `mode|file|i|inputs`, `outputs`, `controls`, `length`,
`notes`. What is not there, or not compared, fails.
"""

import collections
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lofi_tf.config import load_config
from lofi_tf.data.converters.build import build_converter
from lofi_tf.data.converters.groove import GrooveConverter
from lofi_tf.data.model_inputs.view import to_model
from lofi_tf.errors import LofiError, NotConvertible
from lofi_tf.hparams import with_hparams
from lofi_tf.music.files import sequences_from_file
from lofi_tf.music.sequence_proto import NoteSequence

# The rule that must refuse a piece where Magenta raises this.
RULES = {"KeyError": "unknown_pitch"}
# Errors of Magenta's readers: its converter never saw such a piece, so ours has no answer to meet.
READER_ERRORS = ("MusicXMLConversionError",)
# An offset in [-1, 1] is stored as float32: half its last place, in halves of a step of 1/8 s.
HALF_PLACE_SECONDS = 2.0**-25 / 2 * 0.125


@dataclasses.dataclass(frozen=True)
class Row:
    """The result of one check.

    Attributes:
        config: name of the config.
        check: what was compared.
        largest_difference: largest absolute difference found; infinite where shapes differ.
        compared: number of comparisons made.
        ok: whether something was compared and all of it agrees.
        note: the first disagreement, or what to know.
    """

    config: str
    check: str
    largest_difference: float
    compared: int
    ok: bool
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Kind:
    """How the converters of a kind are compared.

    Attributes:
        checks: names of the rows.
        answers: our examples of a piece: dicts of arrays named as the golden ones.
        pairs: our examples beside Magenta's, where order may not matter.
        hparams: the options that are Magenta's way where ours is another by default.
    """

    checks: tuple[str, ...]
    answers: Callable[[Any, NoteSequence], list[dict[str, np.ndarray]]]
    pairs: Callable[[list, list], Iterator[tuple[dict, dict]]]
    hparams: str = ""


class Ledger:
    """Collects differences by check."""

    def __init__(self):
        self.differences: dict[str, list[float]] = collections.defaultdict(list)
        self.notes: dict[str, str] = {}

    def add(self, check: str, where: str, difference: float, allowed: float = 0.0) -> None:
        """Notes one comparison."""
        self.differences[check].append(difference)
        if not difference <= allowed:
            self.notes.setdefault(check, f"{where}: differs by {difference:g}")

    def fail(self, check: str, note: str) -> None:
        """Notes something that could not be compared."""
        self.notes.setdefault(check, note)

    def rows(self, config: str, checks: tuple[str, ...], skipped: set[str]) -> list[Row]:
        """Returns a row for each check, failing those without a comparison."""
        found = []
        for check in [*checks, *sorted(set(self.notes) - set(checks))]:
            differences = self.differences[check]
            note = self.notes.get(check, "")
            if check in skipped and not note:
                continue
            if not differences and not note:
                note = "nothing was compared"
            largest = max(differences, default=float("inf"))
            found.append(Row(config, check, largest, len(differences), not note, note))
        return found


def check_converter(config_name: str, golden_dir: str | Path) -> list[Row]:
    """Returns the comparison of a config's converter with Magenta's answers.

    Args:
        config_name: a shipped config.
        golden_dir: folder with `inputs` and `tensors`.
    """
    golden_dir = Path(golden_dir)
    path = golden_dir / "tensors" / f"{config_name}.npz"
    try:
        config = load_config(config_name)
        kind = KINDS[config.data.converter["kind"]]
        config = with_hparams(config, kind.hparams)
        converter = build_converter(config.data.converter)
    except LofiError as error:
        return [Row(config_name, "converter", float("inf"), 0, False, str(error))]
    if not path.is_file():
        return [Row(config_name, "tensors", float("inf"), 0, False, f"{path} is missing")]
    ledger = Ledger()
    with np.load(path) as stored:
        answers = _by_piece(stored, ledger)
    for (mode, name), answer in sorted(answers.items()):
        where = f"{mode}|{name}"
        source = _find(golden_dir / "inputs", name)
        if source is None:
            ledger.fail("files", f"{where}: {name} is not in {golden_dir / 'inputs'}")
            continue
        ledger.add("files", where, 0.0)
        _compare_piece(kind, converter.with_mode(mode), source, answer, where, ledger)
    return ledger.rows(config_name, ("files", *kind.checks), _skipped(converter))


def sequence_of(path: Path) -> NoteSequence:
    """Returns the NoteSequence of a file of music or of a serialized one (`.pb`).

    Raises:
        NotConvertible: the file cannot be read.
    """
    if path.suffix == ".pb":
        return NoteSequence.FromString(path.read_bytes())
    return sequences_from_file(path, path.name, "")[0]


def in_order(ours: list, theirs: list) -> Iterator[tuple[dict, dict]]:
    """Pairs examples by their place."""
    return zip(ours, theirs, strict=False)


def with_sorted_notes(ours: list, theirs: list) -> Iterator[tuple[dict, dict]]:
    """Pairs examples by their place, their notes sorted: Magenta's drums of a step are a set."""

    def tidy(example: dict) -> dict:
        notes = example["notes"]
        return example | {"notes": notes[np.lexsort((*notes.T[:2], *notes.T[2:]))]}

    return ((tidy(mine), tidy(reference)) for mine, reference in in_order(ours, theirs))


def as_multisets(ours: list, theirs: list) -> Iterator[tuple[dict, dict]]:
    """Pairs examples sorted by what they hold, their notes sorted by start and pitch."""

    def content(example: dict) -> tuple[bytes, bytes]:
        parts = (example.get(name, np.zeros(0)) for name in ("outputs", "controls"))
        return tuple(np.asarray(part, np.uint8).tobytes() for part in parts)

    def tidy(example: dict) -> dict:
        notes = example["notes"]
        return example | {"notes": notes[np.lexsort((notes[:, 0], notes[:, 2]))]}

    pairs = in_order(sorted(ours, key=content), sorted(theirs, key=content))
    return ((tidy(mine), tidy(reference)) for mine, reference in pairs)


def line_answers(converter: Any, piece: NoteSequence) -> list[dict[str, np.ndarray]]:
    """Returns a piece's melodies or drum tracks, and their notes."""
    found = []
    for example in converter.to_examples(piece):
        view = {name: part.numpy() for name, part in to_model(converter, example, False).items()}
        view["outputs"] = view.pop("targets")
        sequence = converter.from_outputs(view["outputs"], controls=view.get("controls"))
        found.append(view | {"notes": note_rows(sequence)})
    return found


def groove_answers(converter: GrooveConverter, piece: NoteSequence) -> list[dict[str, np.ndarray]]:
    """Returns a piece's examples, their notes decoded both from float64 and from float32."""
    examples = list(converter.to_examples(piece))
    batch = {name: np.stack([e[name] for e in examples]) for name in examples[0]}
    views = to_model(converter, batch, training=False)
    grid = converter.to_grid(piece)
    exact = np.concatenate([grid.hits, grid.velocities / 127.0, grid.offsets], axis=1)
    found = []
    for index in range(len(examples)):
        view = {name: part[index].numpy() for name, part in views.items()}
        view["outputs"] = view.pop("targets")
        steps = len(view["outputs"])
        window = exact[index * steps : (index + 1) * steps]
        view["notes"] = note_rows(converter.from_outputs(window))
        view["notes, float32"] = note_rows(converter.from_outputs(view["outputs"]))
        found.append(view)
    return found


def note_rows(sequence: NoteSequence) -> np.ndarray:
    """Returns notes as float64 [N, 7]: pitch, velocity, start, end, instrument, program, drum."""
    rows = [
        (n.pitch, n.velocity, n.start_time, n.end_time, n.instrument, n.program, n.is_drum)
        for n in sequence.notes
    ]
    return np.array(rows, np.float64).reshape(-1, 7)


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Returns the largest absolute difference; infinite where shapes differ or not a number is."""
    if ours.shape != theirs.shape:
        return float("inf")
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    return float("inf") if np.isnan(apart).any() else float(apart.max(initial=0.0))


LINE_CHECKS = ("refusals", "count", "inputs", "outputs", "controls", "length", "notes")
KINDS = {
    "drums": Kind(checks=LINE_CHECKS, answers=line_answers, pairs=as_multisets),
    "groove": Kind(
        checks=(
            *("refusals", "count", "inputs", "outputs", "controls", "length"),
            *("notes", "notes, float32"),
        ),
        answers=groove_answers,
        pairs=in_order,
        hparams="converter.unknown_pitch=error",
    ),
    "melody": Kind(
        checks=LINE_CHECKS,
        answers=line_answers,
        pairs=as_multisets,
        hparams="converter.unknown_chord=error,converter.coincident_chords=error",
    ),
    "multi_performance": Kind(checks=LINE_CHECKS, answers=line_answers, pairs=in_order),
    "trio": Kind(
        checks=LINE_CHECKS,
        answers=line_answers,
        pairs=with_sorted_notes,
        hparams="converter.unknown_chord=error,converter.coincident_chords=error",
    ),
}


def _by_piece(stored: Any, ledger: Ledger) -> dict[tuple[str, str], dict[str, Any]]:
    """Returns Magenta's answers by mode and file: `error`, or `examples`."""
    found = collections.defaultdict(lambda: {"parts": collections.defaultdict(dict)})
    for key in stored.files:
        mode, name, *rest = key.split("|")
        piece = found[mode, name]
        if len(rest) == 1 and rest[0] in ("error", "count"):
            piece[rest[0]] = stored[key].item()
        elif len(rest) == 2 and rest[0].isdigit():
            piece["parts"][int(rest[0])][rest[1]] = stored[key]
        else:
            ledger.fail("files", f"{key}: no such answer is known")
    for where, piece in found.items():
        parts = piece.pop("parts")
        piece["examples"] = [parts[index] for index in sorted(parts)]
        if "error" not in piece and piece.get("count") != len(parts):
            ledger.fail("files", f"{'|'.join(where)}: holds {len(parts)} of its examples")
    return found


def _find(folder: Path, name: str) -> Path | None:
    return next(iter(sorted(folder.rglob(name))), None)


def _compare_piece(
    kind: Kind, converter: Any, source: Path, answer: dict, where: str, ledger: Ledger
) -> None:
    try:
        piece = sequence_of(source)
        if answer.get("error") in READER_ERRORS:
            return None
        ours = kind.answers(converter, piece)
    except NotConvertible as refused:
        return _compare_refusal(refused, answer, where, ledger)
    if "error" in answer:
        return ledger.fail("refusals", f"{where}: Magenta fails, we do not")
    theirs = answer["examples"]
    if not theirs:
        ledger.add("refusals", where, float(len(ours)))
    ledger.add("count", where, float(abs(len(ours) - len(theirs))))
    for index, (mine, reference) in enumerate(kind.pairs(ours, theirs)):
        _compare_example(converter, mine, reference, f"{where}|{index}", ledger)


def _compare_refusal(refused: NotConvertible, answer: dict, where: str, ledger: Ledger) -> None:
    if answer["examples"]:
        return ledger.fail("refusals", f"{where}: refused, but Magenta converts it: {refused}")
    rule = RULES.get(answer.get("error"), refused.rule)
    if rule != refused.rule or rule not in str(refused):
        return ledger.fail("refusals", f"{where}: refused by another rule: {refused}")
    ledger.add("refusals", where, 0.0)


def _compare_example(converter: Any, ours: dict, theirs: dict, where: str, ledger: Ledger) -> None:
    for check, reference in theirs.items():
        if check == "inputs" and draws_inputs(converter):
            continue
        if check == "controls" and not reference.shape[-1] and check not in ours:
            continue
        if check not in ours:
            ledger.fail(check, f"{where}: we have no {check}")
            continue
        ledger.add(check, where, difference(ours[check], reference))
        decoded = ours.get(f"{check}, float32")
        if decoded is not None:
            apart = difference(decoded, reference)
            ledger.add(f"{check}, float32", where, apart, HALF_PLACE_SECONDS)


def _skipped(converter: Any) -> set[str]:
    """Returns the checks that the goldens cannot have: what Magenta draws, controls without any."""
    skipped = {"inputs"} if draws_inputs(converter) else set()
    return skipped if "controls" in converter.model_spec else skipped | {"controls"}


def draws_inputs(converter: Any) -> bool:
    """Returns whether Magenta's inputs are random."""
    return getattr(converter, "max_note_dropout_probability", None) is not None
