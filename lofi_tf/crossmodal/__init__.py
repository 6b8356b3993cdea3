"""Use of cross-modal models: sound to notes, notes to sound, and ways through their latents."""
