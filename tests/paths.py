"""Where the fixtures lie."""

from pathlib import Path

DATA = Path(__file__).parent / "data"
NOTES = DATA / "notes"
MUSIC = NOTES / "music"
