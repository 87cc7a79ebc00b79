"""Lets texts take the height that their width asks for, and chips the room for their icon."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.widgets.labels import Chip, Label

_CHIP_SIDE, _CHIP_ICON = 10, 20  # px: padding of the style sheet, room for the icon before the text


def let_wrap(widget: QWidget) -> None:
    """Wrapped labels below `widget` may become as low as their width allows.

    With a vertical policy of Minimum, Qt takes the height of a narrower text for the least one,
    and cards grow empty space; with height-for-width it asks the label itself.
    """
    policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    for label in widget.findChildren(Label):
        if label.wordWrap() and label.sizePolicy() != policy:
            label.setSizePolicy(policy)


def set_chip(chip: Chip, tone: str, icon: str | None, text: str) -> None:
    """Another state for a chip that is on the screen already.

    Its margins are those of the style sheet plus the icon's room; set by hand, because the style
    adds its own part only the first time.
    """
    chip.ensurePolished()
    chip.set_state(tone, icon, text)
    chip.setContentsMargins(_CHIP_SIDE + (_CHIP_ICON if icon else 0), 1, _CHIP_SIDE, 1)
    chip.updateGeometry()
