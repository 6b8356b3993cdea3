"""The studio: session, models, jobs and those who listen, as one."""

import dataclasses
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lofi_tf.errors import LofiError
from lofi_tf.music.song import Song
from lofi_tf.studio import shapes
from lofi_tf.studio.clips import about_song
from lofi_tf.studio.events import Events
from lofi_tf.studio.jobs import Job, Jobs
from lofi_tf.studio.keeping import keep_file, keep_made
from lofi_tf.studio.latent_map import Maps
from lofi_tf.studio.models import Models
from lofi_tf.studio.notes import notes_of, song_of, with_notes
from lofi_tf.studio.rendering import Renders
from lofi_tf.studio.session import Session
from lofi_tf.studio.tool import Run, Source, Tool
from lofi_tf.studio.tools import TOOLS
from lofi_tf.studio.tracks import Tracks


class Studio:
    """What the page and scripts work with.

    Args:
        folder: of the session.

    Raises:
        LofiError: a folder that cannot be used.
    """

    def __init__(self, folder: str | Path):
        self.session = Session(folder)
        self.models, self.events = Models(), Events()
        self.jobs, self.tracks = Jobs(self._tell_job), Tracks(self.models)
        self.renders = Renders(self.session, self.jobs, self.tracks)
        self.maps = Maps(self.session, self.models, self.jobs)
        self.session.on_change(lambda: self.events.tell("session", "session", self.session.json))

    def close(self) -> None:
        """Lets go of the session folder, and of those who listen."""
        self.events.close()
        self.session.close()

    def tools(self) -> list[Tool]:
        """Returns the tools that can be used here."""
        return [tool for tool in TOOLS.values() if tool.is_there(self.models)]

    def model_shapes(self) -> list[shapes.Model]:
        """Returns all models, with the tools that they play for, and `map`."""
        mapped = self.maps.names()
        return [
            shapes.Model(
                name=name,
                summary=self.models.summary(name),
                tools=[*self._tools_of(name), *(["map"] if name in mapped else [])],
                styles=self.models.styles(name),
            )
            for name in self.models.exports
        ]

    def _tools_of(self, model: str) -> list[str]:
        return [tool.name for tool in self.tools() if model in tool.models]

    def start(
        self, tool: Tool, inputs: Sequence[shapes.Input], options: Any, seed: int | None
    ) -> Job:
        """Returns a job that runs a tool; its clips are in the session when it is done.

        Raises:
            LofiError: inputs or options that the tool cannot take.
        """
        sources = [self._source(one) for one in inputs]
        _check_inputs(tool, sources)
        run = Run(
            seed=secrets.randbelow(2**31) if seed is None else seed,
            options=options,
            sources=sources,
            qpm=self.session.settings["qpm"],
            key=self.session.settings["key"],
            models=self.models,
            tracks=self.tracks,
            folder=self.session.folder.path,
        )
        tool.check(run)
        return self.jobs.submit(tool.name, lambda job: self._run(tool, run, job), tool.is_slow)

    def song(self, clip: shapes.Clip) -> Song:
        """Returns the file of a clip of notes.

        Raises:
            LofiError: it is a sound.
        """
        if clip.kind != "notes":
            raise LofiError(f"{clip.id} is a sound and has no notes")
        return Song.of_bytes(self.session.folder.file(clip.file).read_bytes())

    def notes(self, name: str) -> shapes.Notes:
        """Returns the notes of a clip."""
        clip = self.session.clip(name)
        return notes_of(self.song(clip), dict(clip))

    def keep_notes(
        self, name: str, notes: shapes.Notes, made_from: Sequence[str]
    ) -> list[shapes.Clip]:
        """Returns a new clip of notes, in a list."""
        parts = {track.part for track in notes.tracks if track.notes}
        part = parts.pop() if len(parts) == 1 and parts <= set(shapes.PARTS) else "song"
        data = song_of(notes).to_bytes()
        about = {"part": part, "made_from": list(made_from)}
        return self.session.add([keep_file(self.session, name, "notes", ".mid", data, **about)])

    def edit_notes(self, name: str, notes: shapes.Notes) -> shapes.Clip:
        """Gives a clip other notes: a new file, with all else of the old one."""
        return self.session.edit(name, lambda clip: self._edited(clip, notes))

    def _edited(self, clip: shapes.Clip, notes: shapes.Notes) -> shapes.Clip:
        before = self.song(clip).to_bytes()
        song = with_notes(self.song(clip), notes, clip)
        if song.to_bytes() == before:
            return clip
        folder = self.session.folder
        file = folder.next_file(clip.file)
        about = about_song(song, None if clip.part == "song" else clip.part)
        folder.write(file, song.to_bytes())
        changed = {**about, "file": file, "version": folder.version_of(file)}
        return clip.model_copy(update={**changed, "has_plan": False})

    def _source(self, given: shapes.Input) -> Source:
        if (given.clip is None) == (given.notes is None):
            raise LofiError("an input is a clip or notes, one of the two")
        if given.notes is not None:
            return Source(song_of(given.notes), None, None)
        clip = self.session.clip(str(given.clip))
        if clip.kind == "sound":
            return Source(None, self.session.folder.file(clip.file), clip)
        return Source(self.song(clip), None, clip)

    def _run(self, tool: Tool, run: Run, job: Job) -> list[str]:
        run = dataclasses.replace(run, job=job)
        job.progress(0, 1, tool.title)
        made = tool.run(run)
        job.progress(1, 1, "")
        return [clip.id for clip in keep_made(self.session, tool, run, made)]

    def _tell_job(self, job: Job) -> None:
        self.events.tell(job.id, "job", lambda: job.shape().model_dump_json())


def _check_inputs(tool: Tool, sources: Sequence[Source]) -> None:
    count = len(sources)
    if not tool.least <= count <= tool.most:
        allowed = f"{tool.least}" if tool.least == tool.most else f"{tool.least} to {tool.most}"
        raise LofiError(f"{tool.name} takes {allowed} clips. Received: {count}")
    for source in sources:
        kind = "sound" if source.song is None else "notes"
        if kind not in tool.kinds:
            raise LofiError(
                f"{tool.name} takes clips of {' or '.join(tool.kinds)}. Received: {kind}"
            )
