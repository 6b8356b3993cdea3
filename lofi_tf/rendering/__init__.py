"""Notes to a finished track: SoundFonts and one-shots, the mix, tape, vinyl, and its loudness."""
