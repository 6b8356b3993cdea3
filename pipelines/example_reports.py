"""What the workers of a shard pipeline report, added up, and the shards put in their place."""

import dataclasses
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lofi_tf.data.storage.example_records import Spec, merged_spec
from lofi_tf.data.storage.example_shards import info_name, shard_name
from lofi_tf.files import atomic_write

# Counters that are shown only where there is something to show.
RARE = ("other_files", "clipped", "taken_for_drums", "in_several_splits", "in_no_split")


class Names(NamedTuple):
    """What is counted on the way to the examples.

    Attributes:
        counters: what there was of each kind, from the input to the examples.
        stages: where something may be left out.
    """

    counters: tuple[str, ...]
    stages: tuple[str, ...]


@dataclasses.dataclass
class Report:
    """What came of a run.

    Attributes:
        counters: files, what was in them, examples, duplicates and the like.
        left_out: for each stage, how often each rule left something out.
        firsts: `<stage>.<rule>` -> the first source that it concerned, with the reason.
        errors: input that could not be read.
        refusals: (source, rule, message) of each whole source that was refused, sorted.
        spec: names, types and shapes of the arrays.
        splits: for each split its examples and their sha1.
    """

    counters: dict[str, int]
    left_out: dict[str, dict[str, int]]
    firsts: dict[str, str]
    errors: list[str]
    refusals: list[tuple[str, str, str]]
    spec: Spec
    splits: dict[str, dict[str, Any]]

    @property
    def num_examples(self) -> int:
        """Examples of all splits together."""
        return sum(split["examples"] for split in self.splits.values())


def collect(parts_dir: Path, found: Mapping[str, int], names: Names, splits: list[str]) -> Report:
    """Adds up the reports of all workers.

    Args:
        parts_dir: the folder they are in.
        found: counters of what was there before.
        names: what the workers count.
        splits: that there are.
    """
    report = Report(dict(found), {}, {}, [], [], {}, {})
    counts, left_out = Counter(), {stage: Counter() for stage in names.stages}
    for path in sorted(parts_dir.glob("group-*.json")):
        group = json.loads(path.read_text(encoding="utf-8"))
        counts.update(group["counts"])
        for stage, rules in group["left_out"].items():
            left_out[stage].update(rules)
        report.firsts = group["firsts"] | report.firsts
        report.errors += group["errors"]
        report.refusals += map(tuple, group["refusals"])
        report.spec = merged_spec(report.spec, group["spec"])
    shards = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(parts_dir.glob("shard-*.json"))
    ]
    for shard in shards:
        counts.update(shard["counts"])
    for stage, rules in left_out.items():
        report.left_out[stage] = dict(sorted(rules.items()))
    report.refusals.sort()
    for name in names.counters:
        report.counters[name] = counts[name]
    report.counters["duplicates"] = counts["examples"] - counts["distinct"]
    for name in ("distinct", "in_several_splits", "in_no_split"):
        report.counters[name] = counts[name]
    for split in splits:
        digests = "\n".join(shard["sha1"].get(split, "") for shard in shards)
        sha1 = hashlib.sha1(digests.encode()).hexdigest()
        report.splits[split] = {"examples": counts[f"split.{split}"], "sha1": sha1}
    return report


def publish(parts_dir: Path, prefix: Path, num_shards: int, info: Mapping[str, Any]) -> None:
    """Moves the finished shards to their names and writes the info.json last.

    Shards of an earlier run that this one does not replace are removed.
    """
    names = {
        shard_name(prefix, split, shard, num_shards): parts_dir / f"{split}-{shard:05d}"
        for split in info["splits"]
        for shard in range(num_shards)
    }
    for made in names.values():
        made.touch()  # a shard without examples is an empty file
    _remove_old(prefix)
    for name, made in names.items():
        os.replace(made, name)
    with atomic_write(info_name(prefix)) as file:
        file.write((json.dumps(info, indent=2) + "\n").encode())


def splits_text(report: Report) -> str:
    """Returns the examples of each split, such as `90 train, 10 validation`."""
    return ", ".join(f"{found['examples']} {name}" for name, found in report.splits.items())


def print_summary(report: Report) -> None:
    """Prints the counters, and what was left out by which rule, as a table."""
    for name, count in report.counters.items():
        if count or name not in RARE:
            print(f"{name:24s} {count:10d}")
    for stage, rules in report.left_out.items():
        if rules:
            print(f"{stage:24s} {sum(rules.values()):10d}")
        for rule, count in sorted(rules.items(), key=lambda item: -item[1]):
            print(f"  {rule:22s} {count:10d}  {_shortened(report.firsts[f'{stage}.{rule}'])}")


def _shortened(text: str, size: int = 90) -> str:
    text = " ".join(text.split())
    return text if len(text) <= size else f"{text[: size - 3]}..."


def _remove_old(prefix: Path) -> None:
    """Removes a set of the same name, as far as its info.json names it."""
    path = info_name(prefix)
    if not path.is_file():
        return
    try:
        old = json.loads(path.read_text(encoding="utf-8"))
        splits, total = list(old["splits"]), int(old["num_shards"])
    except (ValueError, KeyError, TypeError):
        splits, total = [], 0
    path.unlink()
    for split in splits:
        for shard in range(total):
            shard_name(prefix, split, shard, total).unlink(missing_ok=True)
