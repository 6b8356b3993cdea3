"""The session: clips and settings, what was changed, and all of it on disk after each change."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lofi_tf.errors import LofiError
from lofi_tf.rendering.settings import DEFAULT_PRESET, preset_names
from lofi_tf.studio.folder import Folder
from lofi_tf.studio.history import History, State, Step, clip_of, number_of
from lofi_tf.studio.problems import Refused
from lofi_tf.studio.shapes import Arrangement, Clip
from lofi_tf.studio.shapes import Session as SessionShape

SCHEMA_VERSION = 1
SESSION, HISTORY = "session.yaml", "history.yaml"
DEFAULT_QPM = 84.0
MOST_CLIPS = 5000


class Session:
    """All that is kept. Any thread may ask and change it.

    Args:
        path: of the folder.

    Raises:
        LofiError: a folder that cannot be used, or a session.yaml that is none.
    """

    def __init__(self, path: str | Path):
        self.folder = Folder(path)
        self._lock = threading.RLock()
        self._lines: dict[str, tuple[Clip, str]] = {}
        self._told: Callable[[], None] = lambda: None
        found = self.folder.read(SESSION)
        self._state, self._version = _read(found) if found is not None else (_NEW, 0)
        self._history = History.of(self.folder.read(HISTORY) or {})
        self._bring_back()
        numbers = [
            number_of(clip.id) for clip in [*self._state.clips.values(), *self._history.clips()]
        ]
        self._last = max([self.folder.last_number(), *numbers])

    def on_change(self, told: Callable[[], None]) -> None:
        """Sets what is called after each change."""
        self._told = told

    def close(self) -> None:
        """Lets another studio have the folder."""
        self.folder.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        """Tempo, key, preset and arrangement."""
        return self._state.settings

    def clip(self, name: str) -> Clip:
        """Returns a clip.

        Raises:
            Refused: there is none of that id.
        """
        clip = self._state.clips.get(name)
        if clip is None:
            raise Refused(404, f"there is no such clip. Received: {name!r:.40}")
        return clip

    def json(self) -> str:
        """Returns the session as the API tells of it."""
        with self._lock:
            head = SessionShape.model_construct(
                folder=str(self.folder.path),
                **self._state.settings,
                presets=preset_names(),
                clips=[],
                can_undo=bool(self._history.done),
                can_redo=bool(self._history.undone),
                version=self._version,
            ).model_dump_json()
            clips = ",".join(self._line(clip) for clip in self._state.clips.values())
        return head.replace('"clips":[]', f'"clips":[{clips}]', 1)

    def add(self, makers: Iterable[Callable[[int], Clip]]) -> list[Clip]:
        """Adds clips; each is made by its number, and has its file written.

        Raises:
            Refused: there are as many as a session holds.
        """
        with self._lock:
            clips = []
            for make in makers:
                if len(self._state.clips) + len(clips) >= MOST_CLIPS:
                    raise Refused(409, f"a session holds {MOST_CLIPS} clips: delete some")
                self._last += 1
                clips.append(make(self._last))
            self._do(Step(clips={clip.id: (None, clip) for clip in clips}))
        return clips

    def edit(self, name: str, change: Callable[[Clip], Clip]) -> Clip:
        """Puts what is made of a clip in its place."""
        with self._lock:
            before = self.clip(name)
            after = change(before)
            if after != before:
                self._do(Step(clips={name: (before, after)}))
        return after

    def delete(self, name: str) -> None:
        """Takes a clip out; its files go into the trash."""
        with self._lock:
            self._do(Step(clips={name: (self.clip(name), None)}))

    def set(self, **values: Any) -> None:
        """Changes settings."""
        with self._lock:
            old = self._state.settings
            changed = {name: (old[name], v) for name, v in values.items() if old[name] != v}
            if changed:
                self._do(Step(settings=changed))

    def undo(self) -> None:
        """Takes the last change back.

        Raises:
            Refused: there is none.
        """
        with self._lock:
            if not self._history.done:
                raise Refused(409, "there is nothing to undo")
            self._go(self._history.done[-1].back(), self._history.back())

    def redo(self) -> None:
        """Makes the change again that was undone last.

        Raises:
            Refused: there is none.
        """
        with self._lock:
            if not self._history.undone:
                raise Refused(409, "there is nothing to do again")
            self._go(self._history.undone[-1], self._history.forth())

    def _do(self, step: Step) -> None:
        lost = [c for s in self._history.undone for _, c in s.clips.values() if c is not None]
        self._go(step, self._history.with_step(step))
        for clip in lost:
            if clip.id not in self._state.clips:
                self.folder.discard(clip.file)

    def _go(self, step: Step, history: History) -> None:
        """Makes a step, on disk too: files come back before it, and go after it."""
        for _, after in step.clips.values():
            if after is not None:
                self.folder.restore(after.file)
        self._state, self._history = self._state.after(step), history
        self._version += 1
        self._save()
        for before, after in step.clips.values():
            if after is None and before is not None:
                self.folder.discard(before.file)
                self._lines.pop(before.id, None)
        self._told()

    def _save(self) -> None:
        settings = dict(self._state.settings)
        settings["arrangement"] = settings["arrangement"].model_dump(mode="json")
        values = {"schema_version": SCHEMA_VERSION, "version": self._version, **settings}
        head = yaml.safe_dump(values, sort_keys=False, default_flow_style=None, allow_unicode=True)
        lines = [f"- {self._line(clip)}\n" for clip in self._state.clips.values()]
        clips = f"clips:\n{''.join(lines)}" if lines else "clips: []\n"
        self.folder.write(SESSION, head + clips)
        self.folder.write(HISTORY, self._history.text())

    def _line(self, clip: Clip) -> str:
        """Returns a clip as JSON, which is YAML too."""
        known = self._lines.get(clip.id)
        if known is None or known[0] is not clip:
            known = self._lines[clip.id] = clip, clip.model_dump_json()
        return known[1]

    def _bring_back(self) -> None:
        """Restores files that a sudden end left in the trash; forgets clips without any."""
        gone = []
        for clip in self._state.clips.values():
            self.folder.restore(clip.file)
            with contextlib.suppress(Refused):
                self.folder.file(clip.file)
                continue
            gone.append(clip.id)
        if gone:
            step = Step(clips={name: (self._state.clips[name], None) for name in gone})
            self._state = self._state.after(step)


_NEW = State(
    {}, {"qpm": DEFAULT_QPM, "key": None, "preset": DEFAULT_PRESET, "arrangement": Arrangement()}
)


def _read(values: Any) -> tuple[State, int]:
    """Returns the state of a session.yaml, and its number."""
    try:
        if values["schema_version"] != SCHEMA_VERSION:
            raise LofiError(
                f"{SESSION}: schema_version must be {SCHEMA_VERSION}. "
                f"Received: {values['schema_version']!r}"
            )
        settings = {name: values[name] for name in _NEW.settings}
        settings["arrangement"] = Arrangement.model_validate(settings["arrangement"], strict=False)
        clips = [clip_of(one) for one in values["clips"]]
        return State({clip.id: clip for clip in clips}, settings), int(values["version"])
    except LofiError:
        raise
    except (TypeError, KeyError, ValueError) as error:
        line = " ".join(str(error).split())
        raise LofiError(f"{SESSION} is no session of a studio: {line:.200}") from error
