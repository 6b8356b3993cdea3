"""What steps report beside their output, added up by Beam, and what a run says of it at its end."""

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics

from lofi_tf.data.storage.example_records import Spec, merged_spec
from lofi_tf.files import atomic_write
from pipelines.example_splits import SourcePlace, smallest_places

# Counters that are shown only where there is something to show.
RARE = ("other_files", "clipped", "taken_for_drums", "in_several_splits", "in_no_split")
REPORT_NAME = "report.json"


@dataclasses.dataclass
class Report:
    """What a step, or all of them, counted and left out.

    Attributes:
        counts: by name, what there was.
        left_out: by `<stage>.<rule>`, how often a rule left something out.
        firsts: of each of these the first: its place in the input, and the reason.
        errors: input that could not be read at all.
        refusals: (source, rule, message) of each whole source that was refused.
        spec: names, types and shapes of the examples' arrays.
        smallest: the two smallest places of the sources that gave examples.
        sha1: by shard, then by split, of what was written.
    """

    counts: Counter[str] = dataclasses.field(default_factory=Counter)
    left_out: Counter[str] = dataclasses.field(default_factory=Counter)
    firsts: dict[str, tuple] = dataclasses.field(default_factory=dict)
    errors: list[str] = dataclasses.field(default_factory=list)
    refusals: list[tuple[str, str, str]] = dataclasses.field(default_factory=list)
    spec: Spec = dataclasses.field(default_factory=dict)
    smallest: list[SourcePlace] = dataclasses.field(default_factory=list)
    sha1: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)


def counted(**counts: int) -> Report:
    """Returns the report of what a step counted."""
    return Report(Counter(counts))


def left_out(
    stage: str, rule: str, place: tuple[int, ...], source: str, message: str, count: int = 1
) -> Report:
    """Returns the report of what a rule left out, `count` times; the first is told by its place."""
    first = (place, f"{message} ({source or 'no name'})")
    return Report(left_out=Counter({f"{stage}.{rule}": count}), firsts={f"{stage}.{rule}": first})


def merged(reports: Iterable[Any]) -> Any:
    """Returns reports as one, in whatever order they come.

    Their type is not named, for Beam would make a schema of it.
    """
    total = Report()
    for report in reports:
        total.counts.update(report.counts)
        total.left_out.update(report.left_out)
        for rule, first in report.firsts.items():
            total.firsts[rule] = min(total.firsts.get(rule, first), first)
        total.errors += report.errors
        total.refusals += report.refusals
        total.spec = merged_spec(total.spec, report.spec)
        total.smallest = smallest_places(total.smallest + report.smallest)
        for shard, by_split in report.sha1.items():
            total.sha1.setdefault(shard, {}).update(by_split)
    return total


def step(convert: Callable[..., Iterable[Any]], *args: Any) -> beam.FlatMap:
    """Returns the step that converts elements; reports of the steps before go by.

    So a pipeline is one line without tagged outputs, which not every runner knows.
    """

    def past_reports(element: Any) -> Iterable[Any]:
        return [element] if isinstance(element, Report) else convert(element, *args)

    return beam.FlatMap(past_reports).with_output_types(Any)


def count_in_beam(report: Report) -> Any:
    """Returns a report whose counts are shown as Beam's metrics too."""
    for name, count in (report.counts + report.left_out).items():
        Metrics.counter("examples", name).inc(count)
    return report


def write_report(report: Report, temp_dir: str) -> None:
    """Writes the report of all steps, for who started the pipeline."""
    with atomic_write(Path(temp_dir) / REPORT_NAME) as file:
        file.write(json.dumps(vars(report)).encode())


class Names(NamedTuple):
    """What is counted: kinds of things on the way to the examples, stages that leave some out."""

    counters: tuple[str, ...]
    stages: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Summary:
    """What came of a run.

    Attributes:
        counters: files, what was in them, examples, duplicates and the like.
        left_out: for each stage, how often each rule left something out.
        splits: for each split its examples and their sha1.
        report: of all steps.
    """

    counters: dict[str, int]
    left_out: dict[str, dict[str, int]]
    splits: dict[str, dict[str, Any]]
    report: Report

    @property
    def num_examples(self) -> int:
        """Examples of all splits together."""
        return sum(split["examples"] for split in self.splits.values())

    def reasons(self, stage: str) -> str:
        """Returns how often each rule of a stage left something out, such as `3 too_short`."""
        return ", ".join(f"{count} {rule}" for rule, count in self.left_out[stage].items())

    def lines(self) -> Iterator[str]:
        """Yields the counters, and what was left out by which rule, as lines of a table."""
        for name, count in self.counters.items():
            if count or name not in RARE:
                yield f"{name:24s} {count:10d}"
        for stage, rules in self.left_out.items():
            if rules:
                yield f"{stage:24s} {sum(rules.values()):10d}"
            for rule, count in sorted(rules.items(), key=lambda item: -item[1]):
                _, message = self.report.firsts[f"{stage}.{rule}"]
                yield f"  {rule:22s} {count:10d}  {_shortened(message)}"


def summary_of(
    temp_dir: Path, inputs: Mapping[str, int], names: Names, splits: list[str]
) -> Summary:
    """Returns what the report of a run in a folder says; `inputs` counts what there was before."""
    report = Report(**json.loads((temp_dir / REPORT_NAME).read_text()))
    counts = Counter(report.counts)
    counts["duplicates"] = counts["examples"] - counts["distinct"]
    after = ("duplicates", "distinct", "in_several_splits", "in_no_split")
    by_stage: dict[str, dict[str, int]] = {stage: {} for stage in names.stages}
    for key, count in sorted(report.left_out.items()):
        stage, rule = key.split(".", 1)
        by_stage[stage][rule] = count
    by_split = {}
    for split in splits:
        digests = "\n".join(sha1.get(split, "") for _, sha1 in sorted(report.sha1.items()))
        sha1 = hashlib.sha1(digests.encode()).hexdigest()
        by_split[split] = {"examples": counts[f"split.{split}"], "sha1": sha1}
    counters = {**inputs, **{name: counts[name] for name in (*names.counters, *after)}}
    return Summary(counters, by_stage, by_split, report)


def _shortened(text: str, size: int = 90) -> str:
    text = " ".join(text.split())
    return text if len(text) <= size else f"{text[: size - 3]}..."
