"""What the button of an error card does: every remedy code is one of a few ways on.

The wizard and the home window each know all ways; a test holds them to it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from gui.language import say


class Way(StrEnum):
    REPORT = "report"  # the card copies it by itself; nothing else changes
    RETRY = "retry"  # the same once more
    START = "start"  # the model, from the beginning
    SETUP = "setup"  # the set-up, from the beginning; what is there is used
    PLAN = "plan"  # another line of the plan page
    BUILTIN = "builtin"  # the same without a container
    FOLDER = "folder"  # another folder for the models
    FILE = "file"  # another model file of one's own
    CHAT = "chat"  # an empty conversation


WAYS = {
    "save_report": Way.REPORT,
    "try_again": Way.RETRY,
    "look_again": Way.RETRY,
    "free_disk": Way.RETRY,
    "check_internet": Way.RETRY,
    "start_docker": Way.RETRY,
    "restart_docker": Way.RETRY,
    "update_docker": Way.RETRY,
    "install_gpu_runtime": Way.RETRY,
    "start_it": Way.START,
    "restart_engine": Way.START,
    "set_up_first": Way.SETUP,
    "set_up_again": Way.SETUP,
    "choose_smaller": Way.PLAN,
    "choose_other_plan": Way.PLAN,
    "use_builtin": Way.BUILTIN,
    "choose_folder": Way.FOLDER,
    "choose_file": Way.FILE,
    "new_chat": Way.CHAT,
}
Ask = Callable[[QWidget, str], str]  # (window, where to begin) → what was chosen, "" for nothing


def way(remedy: str) -> Way:
    """A code without an entry has a sentence only, and no button of its own."""
    return WAYS.get(remedy, Way.RETRY)


def ask_folder(window: QWidget, begin: str) -> str:
    """A folder for the models, or "" where the person thought better of it."""
    return QFileDialog.getExistingDirectory(window, say("shell.choose_folder"), begin)


def ask_file(window: QWidget, begin: str) -> str:
    """A model file, or ""."""
    folder = str(Path(begin).parent) if begin else ""
    return QFileDialog.getOpenFileName(window, say("shell.choose_file"), folder, "GGUF (*.gguf)")[0]
