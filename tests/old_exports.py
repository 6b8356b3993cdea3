"""Exports as they were when some functions had other names."""

from pathlib import Path

from lofi_tf.models.common.named_functions import NamedFunctions
from lofi_tf.models.kinds import interface_of
from lofi_tf.saving import export


def old_export(monkeypatch, folder: Path, model, config, old_names: dict[str, str]) -> Path:
    """Writes a model whose functions have the old names, by today's; returns the export."""

    def renamed(model, config) -> NamedFunctions:
        interface = interface_of(model, config)
        for name, old_name in old_names.items():
            interface._asked[old_name] = interface._asked.pop(name)
            setattr(interface, f"_{old_name}", getattr(interface, f"_{name}"))
        interface.default = old_names.get(interface.default, interface.default)
        return interface

    monkeypatch.setattr(export, "interface_of", renamed)
    return export.export(model, config, export.place(folder, "old"))
