"""An analysis as files: tables as CSV, and one page with its pictures and sounds in it."""

import base64
import html
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lofi_tf.evaluation.crossmodal.analysis import Analysis
from lofi_tf.evaluation.crossmodal.score_rows import Row
from lofi_tf.evaluation.tables import Table, shown
from lofi_tf.files import write_file

PAGE, CONFUSIONS = "report.html", "confusions.csv"
TITLES = {
    "signal_to_symbol": "Sound to notes (transfer)",
    "symbol_to_signal": "Notes to sound (transfer)",
    "signal_reconstruction": "Sound to sound (reconstruction)",
    "symbol_reconstruction": "Notes to notes (reconstruction)",
    "latents": "Latents",
}
LEGEND = (
    "log_likelihood: nats a frame, of held-out frames. octave, pitch, dynamics, all (at once): "
    "share of the instruments that sound whose label is right; permuted: all, whichever "
    "instrument it is ascribed to; presence: whether each instrument sounds or not. chance: "
    "all, by the commonest notes of the training data or by a blind guess, whichever is better; "
    "factor: times chance. mse: of spectra, where 1 is the range from floor to 0 dB. is_median, "
    "is_mean: Itakura-Saito divergence of power spectra, over frames. retrieval: share of made "
    "spectra whose nearest true one among all frames of the set has the right notes. KL "
    "divergences in nats a frame; a unit is active where its posterior's mean varies. best: "
    "measures by which no other system is better."
)
STYLE = (
    "body{font:15px/1.45 sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;margin:.6em 0 1.6em;font-size:13px}"
    "td,th{padding:.15em .6em;border-bottom:1px solid #ddd;text-align:right}"
    "td.w,th.w{text-align:left}tr.m{background:#eef5ff}img{max-width:100%}"
    ".sound{display:inline-block;margin:.3em 1em .3em 0}audio{display:block}"
)


class AudioExample(NamedTuple):
    """Sounds of one mixture: what plays, and WAV files by what they are."""

    title: str
    wavs: Mapping[str, bytes]


def write_tables(analysis: Analysis, folder: Path) -> list[Path]:
    """Writes a CSV file a table, and one of the confusions; returns their paths."""
    found = {f"{name}.csv": rows for name, rows in analysis.tables.items()}
    found[CONFUSIONS] = [
        {"set": name, "system": system, "label": label, "true": true, "guess": guess, "count": n}
        for (name, system, label), counts in analysis.confusions.items()
        for (true, guess), n in np.ndenumerate(counts)
        if n
    ]
    for name, rows in found.items():
        write_file(folder / name, Table.of_rows(name, rows).as_csv())
    return [folder / name for name in found]


def write_page(
    path: Path,
    title: str,
    remarks: Sequence[str],
    analysis: Analysis,
    pictures: Mapping[str, bytes],
    sounds: Sequence[AudioExample],
) -> None:
    """Writes one HTML file that needs no other; pictures are PNG files by what they show."""
    parts = [f"<h1>{html.escape(title)}</h1>"]
    parts += [f"<p>{html.escape(remark)}</p>" for remark in remarks]
    for name, heading in TITLES.items():
        parts += [f"<h2>{heading}</h2>", _table(analysis.tables[name])]
    parts += [f"<p><small>{html.escape(LEGEND)}</small></p>"]
    if sounds:
        parts += ["<h2>Sounds</h2>", *map(_sounds, sounds)]
    for heading, png in pictures.items():
        parts += [
            f"<h2>{html.escape(heading)}</h2>",
            f'<img alt="" src="{_data(png, "image/png")}">',
        ]
    page = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        f"</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    write_file(path, page)


def verdicts(analysis: Analysis) -> list[str]:
    """Returns in words, for each set and transfer, where simpler systems are better."""
    found = []
    for name, measure in (("signal_to_symbol", "all"), ("symbol_to_signal", "retrieval")):
        for rows in _by_set(analysis.tables[name], lambda row: row["set"]):
            model = rows[0]
            better = [row["system"] for row in rows[1:] if row[measure] > model[measure]]
            what = f"{TITLES[name].split(' (')[0]}, {model['set']}"
            score = (
                f"{measure} {shown(model[measure])}, {shown(model['factor'])} times chance "
                f"({shown(model['chance'])})"
            )
            others = f"; better: {', '.join(better)}" if better else "; no other system is better"
            found.append(f"{what}: {score}{others}.")
    return found


def _by_set(rows: Sequence[Row], key: Callable[[Row], str]) -> list[list[Row]]:
    sets: dict[str, list[Row]] = {}
    for row in rows:
        sets.setdefault(key(row), []).append(row)
    return list(sets.values())


def _table(rows: Sequence[Row]) -> str:
    def cells(kind, texts, values):
        words = [' class="w"' if isinstance(value, str) else "" for value in values]
        pairs = zip(words, texts, strict=True)
        return "".join(f"<{kind}{word}>{html.escape(text)}</{kind}>" for word, text in pairs)

    lines = [f"<tr>{cells('th', list(rows[0]), list(rows[0].values()))}</tr>"]
    for row in rows:
        mark = ' class="m"' if row.get("system") == "model" else ""
        values = list(row.values())
        lines.append(f"<tr{mark}>{cells('td', [shown(value) for value in values], values)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _sounds(one: AudioExample) -> str:
    players = "".join(
        f'<span class="sound">{html.escape(name)}'
        f'<audio controls preload="none" src="{_data(wav, "audio/wav")}"></audio></span>'
        for name, wav in one.wavs.items()
    )
    return f"<p><b>{html.escape(one.title)}</b><br>{players}</p>"


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
