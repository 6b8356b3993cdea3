"""Making clips: files are written first, then the session knows of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

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


def keep_file(session: Session, name: str, word: str, content: bytes) -> Callable[[int], Clip]:
    """Returns what adds a file that has come from outside."""

    def make(number: int) -> Clip:
        ending = ".wav" if content.startswith(_WAVE) else ".mid"
        file = session.folder.new_file(number, word, ending)
        write_file(session.folder.path / file, content)
        title = shown(name) or f"Clip {number}"
        about = _about(session, file, None)
        return Clip(id=f"c{number}", name=title, tool="upload", created=now(), file=file, **about)

    return make


def _about(session: Session, file: str, part: str | None) -> dict:
    path = session.folder.path / file
    if path.suffix == ".wav":
        return about_sound(path, session.settings["qpm"])
    return about_song(Song.of_bytes(path.read_bytes()), part)


def plan_of(folder: Folder, number: int) -> Path:
    """Returns where the plan of a track lies."""
    return folder.path / PLANS / f"{number:04d}.yaml"
