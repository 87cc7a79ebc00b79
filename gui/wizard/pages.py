"""The pages of the wizard, each made when it is first needed, so that the window opens fast."""

from __future__ import annotations

from core.assembly import Assembly
from core.setup.flow import RAIL, WizardPage
from gui.wizard.step import StepPage

ORDER = RAIL


def make_page(page: WizardPage, assembly: Assembly) -> StepPage:
    """A new page. Its module, with the parts of the core it calls, is loaded here."""
    match page:
        case WizardPage.COMPUTER:
            from gui.wizard.computer import ComputerPage

            return ComputerPage(assembly)
        case WizardPage.QUESTIONS:
            from gui.wizard.questions import QuestionsPage

            return QuestionsPage(assembly)
        case WizardPage.PLAN:
            from gui.wizard.plan import PlanPage

            return PlanPage(assembly)
        case WizardPage.SETUP:
            from gui.wizard.setup import SetupPage

            return SetupPage(assembly)
        case WizardPage.PROOF:
            from gui.wizard.proof import ProofPage

            return ProofPage(assembly)
    raise ValueError(f"{page} has no place in the stack")
