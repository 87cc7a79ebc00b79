"""What every page of the wizard is: it shows a state, and asks for another one."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QScrollArea, QWidget

from core.assembly import Assembly
from core.setup.flow import WizardState
from gui.language import say
from gui.page import ScrollPage


@dataclass(frozen=True, slots=True)
class Act:
    """One button of the footer."""

    text: str
    enabled: bool = True
    icon: str | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What the footer offers on one page. `hint` stands left of the primary button."""

    back: Act | None = None
    link: Act | None = None
    secondary: Act | None = None
    primary: Act | None = None
    hint: str = ""
    hint_icon: str | None = None


@dataclass(frozen=True, slots=True)
class Safety:
    """The line in the rail about money and changes."""

    text: str
    icon: str = "shield-check"
    role: str = "success"


class StepPage(ScrollPage):
    """A page in the stack: a scrolling column, and buttons that stand in the window's footer."""

    changed = Signal(object)  # the WizardState that the person asks for
    footer_changed = Signal()

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.assembly = assembly
        self.state = WizardState()

    def show_state(self, state: WizardState) -> None:
        """Shows the state. Called whenever it changes and whenever the page comes up."""
        self.state = state
        self.render()

    def to_top(self) -> None:
        """Scrolls back to the beginning."""
        if (area := self.findChild(QScrollArea)) is not None:
            area.verticalScrollBar().setValue(0)

    def entered(self) -> None:
        """The page came up: begin what it begins by itself."""

    def left(self) -> None:
        """The page went away: end what should not go on behind the person's back."""

    def footer(self) -> Footer:
        return Footer(
            back=Act(say("wizard.back"), icon="arrow-left"),
            primary=Act(say("wizard.continue"), icon="arrow-right"),
        )

    def safety(self) -> Safety:
        return Safety(say("wizard.safe"))

    def first_focus(self) -> QWidget | None:
        """Where the keyboard starts; None is the primary button of the footer."""
        return None

    # Presses of the footer. Back and primary return True where the window shall turn the page.

    def press_back(self) -> bool:
        return True

    def press_primary(self) -> bool:
        return True

    def press_secondary(self) -> None:
        """Nothing, unless the page shows a secondary button."""

    def press_link(self) -> None:
        """Nothing, unless the page shows a link."""
