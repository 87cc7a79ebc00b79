"""All steps in one line of words, for the page that shows an error."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel

from gui import icons
from gui.language import say
from gui.widgets.buttons import restyle
from gui.widgets.cards import Card, line
from gui.widgets.labels import Label

_LOOKS = {"done": ("check-circle", "success"), "stuck": ("warning", "warning")}


class MiniSteps(Card):
    """Done, stuck here, later."""

    def __init__(self) -> None:
        super().__init__(dense=True)
        self.setObjectName("mini-steps")
        self.body.setContentsMargins(16, 8, 16, 8)
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        self.body.addLayout(self._row)

    def show_steps(self, ids: tuple[str, ...], stuck: str | None) -> None:
        """Everything before `stuck` is done; None means that nothing was begun."""
        while (item := self._row.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        at = ids.index(stuck) if stuck in ids else 0
        for number, step in enumerate(ids):
            if number:
                self._row.addWidget(line(), 1)
            state = "done" if number < at else "stuck" if number == at else "later"
            icon, role = _LOOKS.get(state, ("dot", "text-muted"))
            picture = QLabel()
            picture.setPixmap(icons.pixmap(icon, role, 14))
            name = Label("strong" if state == "stuck" else "caption", wrap=False)
            if state == "stuck":
                name.setProperty("tone", "warning")
                restyle(name)
            name.setText(say(f"page.setup.mini.{step}"))
            self._row.addWidget(picture)
            self._row.addWidget(name)
        self.setAccessibleName(
            say("page.setup.stuck_at", n=at + 1, of=len(ids), step=say(f"step.{ids[at]}"))
            if ids
            else ""
        )
