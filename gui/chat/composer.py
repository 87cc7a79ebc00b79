"""The field at the bottom of a chat: Enter sends, Shift+Enter breaks, Stop while answering."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from gui.icons import icon
from gui.language import say
from gui.theme import color
from gui.widgets.buttons import Button
from gui.widgets.labels import Chip

MAX_QUESTION_CHARS = 100_000
_LINES = 6  # the field grows to this many lines, then it scrolls
_RING = 5  # room around the field for the focus ring, in pixels


class Editor(QPlainTextEdit):
    """Plain text only. Enter while a word is still being composed belongs to the input method."""

    entered = Signal()
    focus_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._composing = False
        self.setObjectName("composer")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # The frame around it is the field, so its own edge goes.
        self.setStyleSheet(
            "QPlainTextEdit { border: none; background: transparent; padding: 0; min-height: 0; }"
        )
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if enter and not shift:
            if not self._composing:
                self.entered.emit()
            event.accept()
        elif event.key() == Qt.Key.Key_Escape:
            event.ignore()  # it stops an answer, one level up
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        self._composing = bool(event.preeditString())
        super().inputMethodEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._composing = False
        super().focusOutEvent(event)
        self.focus_changed.emit()

    def _fit(self, _size: object = None) -> None:
        line = self.fontMetrics().lineSpacing()
        lines = max(1, min(_LINES, int(self.document().size().height())))  # it counts in lines
        self.setFixedHeight(line * lines + 8)
        scrolls = self.document().size().height() > _LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded
            if scrolls
            else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )


class Composer(QFrame):
    """Emits `sent` with a question, or `stop_wanted`. The text stays until `clear`.

    `early` comes instead of `sent` while no model answers; `edited` when the person types.
    """

    sent = Signal(str)
    early = Signal()
    edited = Signal()
    stop_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self._ready = False
        self._placeholder = "chat.placeholder"
        self.editor = Editor(self)
        self._privacy = Chip(tone="success", icon="lock")
        self._send = self._square("send", "arrow-up")
        self._stop = self._square("stop", "stop")
        self._lay_out()
        self.editor.entered.connect(self._enter)
        self.editor.textChanged.connect(self._show_buttons)
        self.editor.textChanged.connect(self.edited)
        self.editor.focus_changed.connect(self.update)
        self._send.clicked.connect(self._enter)
        self._stop.clicked.connect(self.stop_wanted)
        self.setFocusProxy(self.editor)
        self.render_texts()

    def _square(self, name: str, picture: str) -> Button:
        button = Button("primary", "normal")
        button.setObjectName(name)
        button.setFixedWidth(36)
        button.setStyleSheet("padding: 0;")
        button.setProperty("picture", picture)
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._privacy)
        row.addStretch(1)
        row.addWidget(self._send)
        row.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(16 + _RING, 14 + _RING, 12 + _RING, 10 + _RING)
        column.setSpacing(8)
        column.addWidget(self.editor)
        column.addLayout(row)

    def render_texts(self) -> None:
        self.editor.setPlaceholderText(say(self._placeholder))
        self.editor.setAccessibleName(say("chat.composer"))
        self._privacy.setText(say("chat.never_leaves"))
        for button, key in ((self._send, "chat.send"), (self._stop, "chat.stop")):
            button.setIcon(icon(str(button.property("picture")), "on-accent", 18))
            button.setIconSize(QSize(18, 18))
            button.setAccessibleName(say(key))
            button.setToolTip(say(key))
        self._show_buttons()
        self.update()

    def set_state(self, *, ready: bool, running: bool) -> None:
        """`ready`: a model answers. `running`: it is answering now."""
        self._ready, self._running = ready, running
        self._placeholder = "chat.placeholder" if ready else "chat.placeholder_off"
        had_focus = self._send.hasFocus() or self._stop.hasFocus()
        self.render_texts()
        if had_focus:
            self.editor.setFocus()

    def question(self) -> str:
        return self.editor.toPlainText()[:MAX_QUESTION_CHARS].strip()

    def put(self, text: str) -> None:
        """Puts a question into the field, the cursor behind it."""
        self.editor.setPlainText(text)
        self.editor.moveCursor(self.editor.textCursor().MoveOperation.End)

    def clear(self) -> None:
        self.editor.clear()

    def _show_buttons(self) -> None:
        self._send.setVisible(not self._running)
        self._stop.setVisible(self._running)
        self._send.setEnabled(self._ready and bool(self.question()))

    def _enter(self) -> None:
        question = self.question()
        if not question or self._running:
            return
        if self._ready:
            self.sent.emit(question)
        else:
            self.early.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The field's edge, and outside of it the focus ring, which a style sheet cannot draw."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(_RING, _RING, -_RING, -_RING)
        focused = self.editor.hasFocus()
        painter.setPen(QPen(color("focus" if focused else "border-strong"), 1))
        painter.setBrush(color("surface"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 12, 12)
        if focused:
            painter.setPen(QPen(color("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-3, -3, 3, 3), 15, 15)
