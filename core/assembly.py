"""Builds the parts once, for the command line and for the windows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import Catalog, EngineKind, Measured, Offers
from core.edges.places import Places, read_places
from core.errors import AppError
from core.settings import Loaded, Settings, load_settings, save_settings
from core.text import Text, system_language

if TYPE_CHECKING:
    from core.providers.base import Provider
    from core.setup.journal import Journal

ASSETS = Path(__file__).resolve().parent.parent / "assets"


class Assembly:
    """The parts of one run. Each is built when it is first asked for, so that a start stays fast.

    `settings` changes only through `save`, which writes the file first.
    """

    def __init__(self, places: Places) -> None:
        self.places = places
        loaded: Loaded = load_settings(self._settings_path)
        self.settings: Settings = loaded.settings
        self.settings_set_aside: Path | None = loaded.set_aside

    @property
    def _settings_path(self) -> Path:
        return self.places.state / "settings.json"

    def save(self, settings: Settings) -> None:
        """Raises: AppError when the file cannot be written; the old settings stay then."""
        save_settings(self._settings_path, settings)
        self.settings = settings

    @property
    def language(self) -> str:
        chosen = self.settings.language
        return system_language() if chosen == "system" else chosen

    @property
    def text(self) -> Text:
        return Text(self.language)

    @property
    def model_folder(self) -> str:
        return self.settings.model_folder or str(self.places.models)

    @cached_property
    def catalog(self) -> Catalog:
        from core.advice.catalog import parse_catalog
        from core.advice.speeds import with_speeds

        folder = ASSETS / "catalog"
        names = ("models.toml", "cards.toml", "images.toml")
        plain = parse_catalog(*((folder / name).read_bytes() for name in names))
        return with_speeds(plain, (folder / "speeds.toml").read_bytes())

    @cached_property
    def offers(self) -> Offers:
        """The prices, their age counted from the day on which they were first asked for."""
        from core.advice.offers import parse_offers
        from core.edges.clock import now

        return parse_offers(
            (ASSETS / "catalog" / "offers.toml").read_bytes(), now().date().isoformat()
        )

    @cached_property
    def journal(self) -> Journal:
        from core.setup.journal import open_journal

        return open_journal(self.places.state / "journal.db")

    def measured(self) -> tuple[Measured, ...]:
        """What answers on this computer took. To ask makes no journal, and one that cannot be read
        costs nothing but its measured speeds."""
        if not (self.places.state / "journal.db").exists():
            return ()
        try:
            return self.journal.measured()
        except AppError:
            return ()

    @cached_property
    def providers(self) -> Mapping[EngineKind, Provider]:
        from core.providers.local_builtin import LocalBuiltin
        from core.providers.local_container import LocalContainer

        both: tuple[Provider, ...] = (LocalContainer(self.places), LocalBuiltin(self.places))
        return {provider.engine: provider for provider in both if provider.engine}


def assemble(environ: Mapping[str, str] = os.environ) -> Assembly:
    """Raises: AppError when the settings folder cannot be read."""
    return Assembly(read_places(environ))
