"""Settings: language, theme, where the model stands, what the environment changed, and removal."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.errors import AppError
from core.text import LANGUAGES
from gui.language import say
from gui.page import HOME_WIDTH, ScrollPage
from gui.widgets.buttons import Button
from gui.widgets.cards import Card, line
from gui.widgets.choices import Segments
from gui.widgets.error_card import ErrorCard
from gui.widgets.labels import Label

_LANGUAGES = ("system", *LANGUAGES)
_THEMES = ("system", "light", "dark")


class SettingsPage(ScrollPage):
    """Every change acts at once; the window saves it."""

    language_chosen = Signal(object)
    theme_chosen = Signal(object)
    remove_wanted = Signal(str)  # "with_files" or "keep_files": PySide 6.12 leaks a bool

    def __init__(
        self,
        *,
        model_folder: str,
        overridden: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, width=HOME_WIDTH, margins=(32, 28, 32, 24))
        self.setObjectName("settings")
        self._overridden = overridden
        self._removable = "none"  # more: it can be removed; coming: not while a set-up is under way
        self._title = Label("title")
        self.languages, self.themes = Segments(_LANGUAGES), Segments(_THEMES)
        self.languages.setObjectName("language")
        self.themes.setObjectName("theme")
        for group in (self.languages, self.themes):
            for value, button in zip(group.values, group.buttons, strict=True):
                button.setObjectName(f"{group.objectName()}-{value}")
        self._folder = Label("mono").selectable()
        self._folder.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._folder.setObjectName("model-folder")
        self._folder.setText(model_folder)
        self.error_card = ErrorCard()
        self.remove = Button("danger", "normal", "trash")
        self.remove.setObjectName("remove-model")
        self._names: dict[str, tuple[Label, Label]] = {}
        self._places = Card()
        self._places_title = Label("heading")
        self._places_more = Label("caption")
        self._lay_out()
        self.languages.chosen.connect(self.language_chosen)
        self.themes.chosen.connect(self.theme_chosen)
        self.remove.clicked.connect(self._ask_removal)
        self.render()

    def _lay_out(self) -> None:
        card = Card()
        card.body.setSpacing(14)
        rows = (
            ("language", self.languages),
            ("theme", self.themes),
            ("folder", self._folder),
            ("remove", self.remove),
        )
        for number, (name, control) in enumerate(rows):
            if number:
                card.body.addWidget(line())
            title, more = Label("strong"), Label("caption")
            self._names[name] = (title, more)
            words = QVBoxLayout()
            words.setSpacing(2)
            words.addWidget(title)
            words.addWidget(more)
            row = QHBoxLayout()
            row.setSpacing(20)
            row.addLayout(words, 1)
            wide = 1 if control is self._folder else 0
            row.addWidget(control, wide, Qt.AlignmentFlag.AlignVCenter)
            card.body.addLayout(row)
        self._places.body.addWidget(self._places_title)
        self._places.body.addWidget(self._places_more)
        self._place_labels: list[tuple[str, Label]] = []
        for name in self._overridden:
            label, meaning = Label("mono", wrap=False), Label("caption")
            label.setText(name)
            row = QHBoxLayout()
            row.setSpacing(16)
            row.addWidget(label)
            row.addWidget(meaning, 1)
            self._place_labels.append((name, meaning))
            self._places.body.addLayout(row)
        self._places.setVisible(bool(self._overridden))
        self._places.setObjectName("overridden")
        self.body.addWidget(self._title)
        self.body.addSpacing(8)
        for part in (self.error_card, card, self._places):
            self.body.addWidget(part)
        self.body.addStretch(1)

    def title(self) -> str:
        return say("home.settings")

    def show_choices(self, language: str, theme: str) -> None:
        """What is set now."""
        self.languages.set_value(language)
        self.themes.set_value(theme)

    def show_folder(self, folder: str) -> None:
        """Where models are kept from now on."""
        self._folder.setText(folder)

    def show_removable(self, can_remove: bool, *, coming: bool = False) -> None:
        """`coming`: a model is being set up, and the page of its progress has the way back."""
        self._removable = "coming" if coming else "more" if can_remove else "none"
        can_remove = self._removable == "more"
        self.remove.setEnabled(can_remove)
        self.render()

    def show_error(self, error: AppError | None) -> None:
        if error is None:
            self.error_card.clear()
        else:
            self.error_card.show_error(error)

    def focus_first(self) -> None:
        self.languages.buttons[0].setFocus()

    def render(self) -> None:  # type: ignore[override]
        self._title.setText(say("home.settings"))
        for name, (title, more) in self._names.items():
            title.setText(say(f"home.set.{name}"))
            more.setText(say(f"home.set.{name}.more"))
        self._names["remove"][1].setText(say(f"home.set.remove.{self._removable}"))
        self.languages.set_texts({value: say(f"home.language.{value}") for value in _LANGUAGES})
        self.themes.set_texts({value: say(f"home.theme.{value}") for value in _THEMES})
        self.remove.setText(say("home.set.remove.button"))
        self._places_title.setText(say("home.overridden"))
        self._places_more.setText(say("home.overridden.more"))
        for name, meaning in self._place_labels:
            meaning.setText(say(f"home.overridden.{name}"))

    def _ask_removal(self) -> None:
        dialog = RemoveDialog(self)
        dialog.accepted.connect(lambda: self._removal_chosen(dialog))
        dialog.open()

    def _removal_chosen(self, dialog: RemoveDialog) -> None:
        self.remove_wanted.emit("with_files" if dialog.files.isChecked() else "keep_files")


class RemoveDialog(QDialog):
    """Its title is the question, its button text the answer. The safe answer has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("remove-dialog")
        self.setFixedWidth(560)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(say("home.remove.title"))
        title, more = Label("heading"), Label("muted")
        title.setText(say("home.remove.title"))
        more.setText(say("home.remove.more"))
        self.files = QCheckBox(say("home.remove.files"))
        self.files.setObjectName("remove-files")
        go, stay = Button("danger-fill"), Button("secondary")
        go.setText(say("home.remove.go"))
        stay.setText(say("home.remove.stay"))
        go.setObjectName("remove-go")
        stay.setObjectName("remove-stay")
        go.clicked.connect(self.accept)
        stay.clicked.connect(self.reject)
        stay.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(stay)
        buttons.addWidget(go)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 20)
        column.setSpacing(14)
        for part in (title, more, self.files):
            column.addWidget(part)
        column.addLayout(buttons)
        stay.setFocus()
