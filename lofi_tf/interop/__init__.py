"""Checkpoints and configs of other projects: Magenta's, magenta.js', symusic's."""
