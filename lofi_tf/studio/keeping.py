"""Making clips: files are written first, then the session knows of them."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lofi_tf.files import write_file
from lofi_tf.music.song import Song
from lofi_tf.studio.clips import about_song, about_sound, now, shown
from lofi_tf.studio.folder import PLANS, Folder
from lofi_tf.studio.session import Session
from lofi_tf.studio.shapes import Clip
from lofi_tf.studio.tool import Made, Run, Tool

_WAVE = b"RIFF"


def keep_made(session: Session, tool: Tool, run: Run, made: Sequence[Made]) -> list[Clip]:
    """Adds what a tool has made to the session."""
    return session.add([_maker(session, tool, run, one) for one in made])


def _maker(session: Session, tool: Tool, run: Run, made: Made) -> Callable[[int], Clip]:
    def make(number: int) -> Clip:
        is_sound = made.content.startswith(_WAVE)
        file = session.folder.new_file(number, tool.name, ".wav" if is_sound else ".mid")
        write_file(session.folder.path / file, made.content)
        if made.plan is not None:
            write_file(plan_of(session.folder, number), made.plan)
        return Clip(
            id=f"c{number}",
            name=f"{(made.part or tool.title).capitalize()} {number}",
            tool=tool.name,
            model=made.model,
            seed=run.seed,
            options=made.options,
            made_from=[source.clip.id for source in run.sources if source.clip is not None],
            created=now(),
            file=file,
            has_plan=made.plan is not None,
            **_about(session, file, made.part),
        )

    return make


def keep_file(
    session: Session,
    title: str,
    word: str,
    ending: str,
    content: bytes | Path,
    **more: Any,
) -> Callable[[int], Clip]:
    """Returns what makes a clip of a file from outside; one that lies in the folder is moved."""

    def make(number: int) -> Clip:
        file = session.folder.new_file(number, word, ending)
        if isinstance(content, Path):
            os.replace(content, session.folder.path / file)
        else:
            session.folder.write(file, content)
        about = {**_about(session, file, None), **more}
        name = shown(title) or f"Clip {number}"
        return Clip(id=f"c{number}", name=name, tool=None, created=now(), file=file, **about)

    return make


def _about(session: Session, file: str, part: str | None) -> dict:
    path = session.folder.path / file
    if path.suffix == ".wav":
        return about_sound(path, session.settings["qpm"])
    return about_song(Song.of_bytes(path.read_bytes()), part)


def plan_of(folder: Folder, number: int) -> Path:
    """Returns where the plan of a track lies."""
    return folder.path / PLANS / f"{number:04d}.yaml"
