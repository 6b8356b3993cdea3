"""The filters of Magenta's preprocess_tfrecord, which leave segments out."""

import dataclasses

from lofi_tf.errors import NotConvertible
from lofi_tf.music.quantize import grid_of
from lofi_tf.music.splits import Segment, on_grid

FILTER_STEPS_PER_QUARTER = 16
METRIC_POSITIONS = 16


@dataclasses.dataclass(frozen=True)
class Filters:
    """Which parts are left out.

    Attributes:
        max_total_time: longest part, in seconds.
        max_num_notes: most notes.
        min_velocities: fewest different velocities of its notes.
        min_metric_positions: fewest different places of its notes in a quarter, of 16.
        is_drum: the notes that these two count: only drums, only others, or all (None).
        drums_only: whether parts with other notes than drums are left out.
    """

    max_total_time: float = 1800
    max_num_notes: int = 10000
    min_velocities: int = 1
    min_metric_positions: int = 1
    is_drum: bool | None = None
    drums_only: bool = False

    def rule_against(self, part: Segment) -> str | None:
        """Returns the rule that leaves a part out, if one does, in Magenta's order."""
        if part.total_seconds > self.max_total_time:
            return "max_total_time"
        if len(part.notes) > self.max_num_notes:
            return "max_num_notes"
        try:
            steps = on_grid(part, grid_of(part, FILTER_STEPS_PER_QUARTER, _bar_steps(part))).starts
        except NotConvertible as problem:
            return problem.rule
        counted = part.notes.velocities > 0
        if self.is_drum is not None:
            counted &= part.notes.drums == self.is_drum
        if len(set(part.notes.velocities[counted].tolist())) < self.min_velocities:
            return "min_velocities"
        if len(set((steps[counted] % METRIC_POSITIONS).tolist())) < self.min_metric_positions:
            return "min_metric_positions"
        return "drums_only" if self.drums_only and not part.notes.drums.all() else None


def _bar_steps(part: Segment) -> float:
    """Returns the steps in a bar of the part's own metre, so that no metre is refused."""
    for metre in part.time_signatures[:1]:
        beats = metre.numerator / metre.denominator if metre.denominator else 1.0
        return FILTER_STEPS_PER_QUARTER * 4.0 * beats
    return FILTER_STEPS_PER_QUARTER * 4.0
