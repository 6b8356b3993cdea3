"""A file of tunes in ABC."""

from lofi_tf.errors import NotConvertible
from lofi_tf.music.abc_tune import Tune
from lofi_tf.music.sequence_proto import NoteSequence


def read_abc(data: bytes) -> tuple[list[NoteSequence], list[NotConvertible]]:
    """Returns the tunes of a whole ABC file, UTF-8 or Latin-1, and what was wrong with others."""
    if b"\0" in data:
        raise NotConvertible("not_abc", "the file is not text")
    header, tunes = _split(_text(data))
    sequences, problems = [], []
    for tune in tunes:
        try:
            sequences.append(Tune().read(header + tune))
        except NotConvertible as problem:
            number = next((line for line in tune if line.startswith("X:")), "without X:")
            problems.append(NotConvertible(problem.rule, f"tune {number}: {problem}"))
    if not tunes:
        problems.append(NotConvertible("not_abc", "no tune: no line starts with X: or K:"))
    return sequences, problems


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _split(text: str) -> tuple[list[str], list[list[str]]]:
    """Splits a tunebook into the common header, if any, and the tunes.

    Empty lines part tunes, and so does a second X:. The header is what comes before the first tune
    without being one.
    """
    sections: list[list[str]] = [[]]
    for line in text.splitlines():
        line = line.strip()
        if not line or (line.startswith("X:") and _has(sections[-1], "K:")):
            sections.append([])
        if line:
            sections[-1].append(line)
    sections = [section for section in sections if section]
    has_header = len(sections) > 1 and not _is_tune(sections[0])
    header = sections.pop(0) if has_header else []
    return header, [section for section in sections if _is_tune(section)]


def _is_tune(section: list[str]) -> bool:
    return _has(section, "X:") or _has(section, "K:")


def _has(section: list[str], field: str) -> bool:
    return any(line.startswith(field) for line in section)
