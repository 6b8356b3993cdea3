"""What was done to a song, in words."""

from collections.abc import Sequence

from lofi_tf.composing.plan import Plan
from lofi_tf.composing.song_chords import SongChord
from lofi_tf.composing.song_roles import SongPart
from lofi_tf.composing.song_time import SongTime

# General MIDI's names of what plays parts of tracks.
INSTRUMENTS = {
    0: "grand piano", 4: "electric piano", 5: "electric piano", 8: "celesta", 11: "vibraphone",
    12: "marimba", 24: "nylon guitar", 26: "jazz guitar", 32: "upright bass", 33: "fingered bass",
    35: "fretless bass", 38: "synth bass", 39: "synth bass", 71: "clarinet", 73: "flute",
    75: "pan flute", 79: "ocarina", 89: "warm pad", 108: "kalimba",
}  # fmt: skip
MOST_NAMED, LONGEST_NAME = 4, 24
KITS = {0: "standard", 8: "room", 16: "power", 24: "electronic", 25: "TR-808"}


def told(
    plan: Plan,
    time: SongTime,
    parts: Sequence[SongPart],
    added: Sequence[str],
    harmony: tuple[Sequence[SongChord], bool],
    straight: bool,
) -> str:
    """Returns what was done to a song, in two lines."""
    shown = parts if len(parts) <= MOST_NAMED else parts[: MOST_NAMED - 1]
    kept = [f"{_named(part)} ({_count(len(part.notes), 'note')})" for part in shown]
    if len(shown) < len(parts):
        kept.append(f"{len(parts) - len(shown)} other parts")
    first = (
        f"{plan.mood}, {_tempo(plan, time)}, {_swing(plan, time, straight)}, {_bars(time)}; "
        f"keeps {_listed(kept)}"
    )
    return f"{first}\n{_added(plan, time, parts, added, *harmony)}"


def _named(part: SongPart) -> str:
    title = part.title or part.role
    return title if len(title) <= LONGEST_NAME else f"{title[:LONGEST_NAME]}..."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def _tempo(plan: Plan, time: SongTime) -> str:
    song, qpm = time.song.qpm, plan.qpm
    half = {2.0: " in half time", 0.5: " in double time"}.get(time.quarters, "")
    half = half or (f", {time.quarters:g} of its quarters each" if time.quarters != 1 else "")
    if not half and abs(song - qpm) < 0.5:
        return f"{qpm:.3g} quarters a minute as it was"
    return f"{song:.4g} to {qpm:.3g} quarters a minute{half}"


def _swing(plan: Plan, time: SongTime, straight: bool) -> str:
    if plan.swing > 0.5:
        return f"swing {plan.swing:.2f}"
    return "no swing added" if straight or not time.is_straight else "its own swing"


def _bars(time: SongTime) -> str:
    found = " found in its notes" if time.song.are_found else ""
    return f"{_count(len(time.bars), 'bar')} of {time.usual.metre}{found}"


def _added(
    plan: Plan,
    time: SongTime,
    parts: Sequence[SongPart],
    added: Sequence[str],
    chords: Sequence[SongChord],
    guessed: bool,
) -> str:
    words = {
        "drums": f"drums ({KITS.get(plan.parts['drums'].program, 'a')} kit{_cut(time)})",
        "bass": f"{INSTRUMENTS.get(plan.parts['bass'].program, 'bass')} over its "
        f"{_count(len(chords), 'likeliest chord' if guessed else 'chord')}",
        "chords": f"chords ({INSTRUMENTS.get(plan.parts['chords'].program, 'keys')})",
    }
    new = f"adds {_listed([words[name] for name in added])}" if added else "adds nothing"
    lacking = []
    roles = {part.role for part in parts} | set(added)
    if "drums" not in roles:
        lacking.append(f"no drums in {time.usual.metre}: the model of beats plays other metres")
    if "bass" not in roles:
        lacking.append("no bass: no chords are named, nor can they be told from its notes")
    fills = sum(section.fill for section in plan.sections) if "drums" in added else 0
    sections = _count(len(plan.sections), "section")
    turns = f"; {sections}, {_count(fills, 'fill')}" if "drums" in added else ""
    return f"{new}{turns}" + "".join(f"; {line}" for line in lacking)


def _cut(time: SongTime) -> str:
    usual = time.usual
    return "" if usual.steps == 16 else f", bars of 4/4 cut to {usual.metre}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
