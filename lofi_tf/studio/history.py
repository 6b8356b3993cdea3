"""What was changed, step by step, so that it can be undone and done again."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from lofi_tf.studio.shapes import Arrangement, Clip

MOST_STEPS = 200

Changes = Mapping[str, tuple[Any, Any]]


class State(NamedTuple):
    """The session at one moment.

    Attributes:
        clips: by id, in the order of their numbers.
        settings: `qpm`, `key`, `preset` and `arrangement`.
    """

    clips: Mapping[str, Clip]
    settings: Mapping[str, Any]

    def after(self, step: "Step") -> "State":
        """Returns the state that a step leads to."""
        clips, settings = dict(self.clips), dict(self.settings)
        for name, (_, now) in step.clips.items():
            clips.pop(name, None) if now is None else clips.update({name: now})
        settings |= {name: now for name, (_, now) in step.settings.items()}
        return State(dict(sorted(clips.items(), key=lambda item: number_of(item[0]))), settings)


class Step(NamedTuple):
    """One change: of each clip and setting what was and what is; None where there is none."""

    clips: Changes = {}
    settings: Changes = {}

    def back(self) -> "Step":
        """Returns the step that takes it back."""
        turned = ({name: (b, a) for name, (a, b) in part.items()} for part in self)
        return Step(*turned)

    def line(self) -> str:
        """Returns it as one line of JSON, which is YAML too."""
        clips = {name: [_plain(a), _plain(b)] for name, (a, b) in self.clips.items()}
        settings = {name: [_plain(a), _plain(b)] for name, (a, b) in self.settings.items()}
        return json.dumps({"clips": clips, "settings": settings}, ensure_ascii=False)


class History(NamedTuple):
    """Steps that were done and can be undone, and those that were undone, the next one last."""

    done: tuple[Step, ...] = ()
    undone: tuple[Step, ...] = ()

    def with_step(self, step: Step) -> "History":
        """Returns the history after a new step: nothing can be done again."""
        return History((*self.done, step)[-MOST_STEPS:], ())

    def back(self) -> "History":
        """Returns the history after the last step is undone."""
        return History(self.done[:-1], (*self.undone, self.done[-1]))

    def forth(self) -> "History":
        """Returns the history after a step is done again."""
        return History((*self.done, self.undone[-1]), self.undone[:-1])

    def text(self) -> str:
        """Returns it as YAML, a line a step."""
        lines = (
            ["done:", *(f"- {step.line()}" for step in self.done)] if self.done else ["done: []"]
        )
        more = [f"- {step.line()}" for step in self.undone]
        return "\n".join([*lines, *(["undone:", *more] if more else ["undone: []"]), ""])

    @classmethod
    def of(cls, values: Any) -> "History":
        """Returns the history that YAML holds; what cannot be read is forgotten."""
        try:
            return cls(*(tuple(map(_step, values[name])) for name in ("done", "undone")))
        except (TypeError, KeyError, ValueError, AttributeError):
            return cls()

    def clips(self) -> list[Clip]:
        """Returns all clips that it knows."""
        steps = (*self.done, *self.undone)
        pairs = [pair for step in steps for pair in step.clips.values()]
        return [clip for pair in pairs for clip in pair if clip is not None]


def number_of(clip: str) -> int:
    """Returns the number of a clip's id."""
    return int(clip[1:])


def clip_of(values: Any) -> Clip:
    """Returns a clip of plain values, as YAML has them."""
    return Clip.model_validate(values, strict=False)


def _step(values: Any) -> Step:
    clips = {
        name: tuple(None if one is None else clip_of(one) for one in pair)
        for name, pair in values["clips"].items()
    }
    settings = {
        name: tuple(_setting(name, one) for one in pair)
        for name, pair in values["settings"].items()
    }
    return Step(clips, settings)


def _setting(name: str, value: Any) -> Any:
    return Arrangement.model_validate(value, strict=False) if name == "arrangement" else value


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Clip | Arrangement) else value
