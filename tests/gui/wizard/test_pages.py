"""Each page by itself: what it shows, in both languages, and that nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from core.advice.recommend import recommend
from core.domain import Money
from core.errors import AppError
from core.machine import detect
from core.progress import CancelToken, Reporter
from core.setup.flow import WizardPage
from gui import language, theme
from gui.wizard import computer, setup
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import MACHINES, World

WALK = (
    "welcome",
    "looking",
    "computer",
    "questions",
    "answered",
    "plan",
    "setup",
    "error",
    "proof",
)


@pytest.fixture
def walk(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Iterator[tuple[str, Person]]]:
    """All pages one after another, in the states that a person meets."""
    let_look, let_work = CancelToken(), CancelToken()
    real_detect, real_deploy = computer.detect, setup.deploy
    broken: list[AppError] = []

    def slow_detect(report: Reporter, token: CancelToken, *, places: object) -> object:
        found = real_detect(report, token, places=places)  # type: ignore[arg-type]
        while not let_look.cancelled:
            token.wait(0.01)
        return found

    def slow_deploy(plan, providers, journal, places, report, token):  # type: ignore[no-untyped-def]
        if broken:
            raise broken.pop()
        while not let_work.cancelled:
            token.wait(0.01)
        return real_deploy(plan, providers, journal, places, report, token)

    monkeypatch.setattr(computer, "detect", slow_detect)
    monkeypatch.setattr(setup, "deploy", slow_deploy)

    def go() -> Iterator[tuple[str, Person]]:
        yield "welcome", person
        person.click("primary")
        looking = person.window.pages[WizardPage.COMPUTER]
        assert isinstance(looking, computer.ComputerPage)
        person.waits_until(lambda: len(looking.looked_at) == len(detect.STEPS))
        yield "looking", person
        let_look.cancel()
        person.waits_until(lambda: person.window.state.probe is not None)
        yield "computer", person
        person.click("primary")
        yield "questions", person
        person.answers("private", "other", "months")
        yield "answered", person
        person.click("choice-nothing")
        person.click("primary")
        person.waits_for_advice()
        yield "plan", person
        person.click("primary")
        yield "setup", person
        person.click("secondary")
        person.waits_until(lambda: person.setup.phase is setup.Phase.PAUSED)
        broken.append(AppError("disk_full", {"path": "/", "need_bytes": 10**9}, "free_disk"))
        person.click("secondary")
        person.waits_until(lambda: person.setup.phase is setup.Phase.FAILED)
        yield "error", person
        let_work.cancel()
        person.click("remedy")
        person.waits_for(WizardPage.PROOF)
        yield "proof", person

    return go


@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_nothing_is_cut_off_in_the_smallest_window(
    walk: Callable[[], Iterator[tuple[str, Person]]], words: str
) -> None:
    language.switch(words)
    seen, cut = [], {}
    for name, person in walk():
        person.window.resize(960, 640)
        person.waits_for_layout()
        assert (person.window.width(), person.window.height()) == (960, 640)
        seen.append(name)
        assert person.missing() == []
        if labels := person.cut_labels():
            cut[name] = labels
    assert tuple(seen) == WALK
    assert cut == {}


def test_every_page_changes_its_language_at_once(
    walk: Callable[[], Iterator[tuple[str, Person]]],
) -> None:
    for name, person in walk():
        QTest.qWait(10)  # new labels come up with the next events
        english = person.reads()
        language.switch("zh_CN")
        person.waits_for_the_page()
        chinese = person.reads()
        assert _han(chinese) > 20, name
        assert not _latin_lines(english) & _latin_lines(chinese), name
        language.switch("en")
        person.waits_for_the_page()
        again = sorted(person.reads().splitlines())
        assert again == sorted(english.splitlines()), name


def _han(text: str) -> int:
    return sum("一" <= letter <= "鿿" for letter in text)


def _latin_lines(text: str) -> set[str]:
    """Lines of several words without any Chinese; names of parts and answers stay as they are."""
    stays = ("DeepSeek-R1", "Paris", "Intel")
    return {
        line
        for line in text.splitlines()
        if line.count(" ") > 2 and not _han(line) and not any(name in line for name in stays)
    }


def test_every_page_changes_its_look(
    walk: Callable[[], Iterator[tuple[str, Person]]], qapp: QApplication
) -> None:
    for name, person in walk():
        light = person.window.grab().toImage().pixelColor(900, 30)
        theme.apply(qapp, "dark")
        dark = person.window.grab().toImage().pixelColor(300, 12)
        assert dark.lightness() < 90, name
        theme.apply(qapp, "light")
        assert person.window.grab().toImage().pixelColor(900, 30) == light, name


CONTENT_FIRST = {
    "questions": "radio-public",
    "answered": "radio-private",
    "setup": "chat-now",
    "error": "remedy",
}


def test_the_focus_goes_in_the_order_of_reading(
    walk: Callable[[], Iterator[tuple[str, Person]]],
) -> None:
    """Rail, then the page from top to bottom, then the footer from left to right."""
    for name, person in walk():
        person.window.resize(1080, 900)
        QTest.qWait(20)
        names = _tab_order(person)
        assert len(names) == len(set(names)), name
        if name == "welcome":
            assert names[-1] == "primary"
            continue
        if name in CONTENT_FIRST:
            assert names[1] == CONTENT_FIRST[name], f"{name}: {names}"
        names = [n for n in names if not n.startswith("rail-")]
        foot = [n for n in ("back", "link", "secondary", "primary") if n in names]
        assert names[len(names) - len(foot) :] == foot, f"{name}: {names}"


def _tab_order(person: Person) -> list[str]:
    """Names in the order in which the Tab key reaches them, from the language switch on."""
    start = "languages" if person.window.page is None else "language"
    widget = person.find(start)
    if start == "languages":
        widget = widget.buttons[0]  # type: ignore[attr-defined]
    widget.setFocus()
    names: list[str] = []
    for _ in range(60):
        focus = QApplication.focusWidget()
        assert focus is not None
        if names and focus is widget:
            return names
        names.append(focus.objectName() or f"{type(focus).__name__}-{id(focus)}")
        person.key(Qt.Key.Key_Tab)
    raise AssertionError(f"the Tab key never comes back: {names}")


# --- computer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(path.stem for path in MACHINES.glob("*.json")))
@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_every_recorded_computer_gets_a_verdict_and_a_plan_or_a_reason(
    person: Person, stands_on: Callable[[str], None], world: World, file: str, words: str
) -> None:
    stands_on(file)
    language.switch(words)
    person.looks()
    assert person.missing() == []
    person.click("primary")
    person.answers()
    person.click("primary")
    person.waits_for_advice()
    assert person.missing() == []
    offered = person.window.state.plan is not None
    assert person.find("primary").isEnabled() == offered
    if not offered:
        assert person.find("hint").text()


def test_looking_again_forgets_and_looks(person: Person, stands_on: Callable[[str], None]) -> None:
    person.looks()
    before = person.window.state.probe
    stands_on("rtx4070-12gb")
    person.click("secondary")
    person.waits_until(
        lambda: person.window.state.probe is not None and person.window.state.probe is not before
    )
    assert "RTX 4070" in person.reads()


def test_a_look_that_was_left_is_not_heard_and_the_next_one_is(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, holding = computer.detect, [True]

    def hold(report: Reporter, token: CancelToken, *, places: object) -> object:
        while holding[0]:
            token.wait(0.01)
        return real(report, token, places=places)  # type: ignore[arg-type]

    monkeypatch.setattr(computer, "detect", hold)
    person.click("primary")
    assert not person.find("primary").isEnabled()
    person.click("back")
    assert person.window.state.page is WizardPage.WELCOME
    person.click("primary")
    holding[0] = False
    person.waits_until(lambda: person.window.state.probe is not None)
    assert person.find("primary").isEnabled()


def test_a_look_that_fails_shows_a_card_and_can_be_repeated(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = computer.detect

    def fail(report: Reporter, token: CancelToken, *, places: object) -> object:
        monkeypatch.setattr(computer, "detect", real)
        raise AppError("unexpected", remedy="try_again")

    monkeypatch.setattr(computer, "detect", fail)
    person.click("primary")
    person.waits_until(lambda: person.sees("error-card"))
    assert not person.find("primary").isEnabled()
    person.click("remedy")
    person.waits_until(lambda: person.window.state.probe is not None)
    assert not person.sees("error-card")


# --- questions --------------------------------------------------------------------------------


def test_nothing_is_chosen_for_the_person(person: Person) -> None:
    person.looks()
    person.click("primary")
    groups = person.window.page.groups.values()  # type: ignore[union-attr]
    assert [group.group.value for group in groups] == [None, None, None]
    assert not person.find("primary").isEnabled()
    before = person.find("so-far").accessibleName()
    person.click("choice-regulated")
    assert person.find("so-far").accessibleName() != before
    assert not person.find("primary").isEnabled()


@pytest.mark.parametrize(
    ("typed", "monthly"),
    [
        ("12", "12"),
        ("1,000", "1000"),
        ("12,5", "12.5"),
        ("$ 30", "30"),
        ("0", "0"),
        ("", None),
        ("much", None),
        ("-5", None),
        ("NaN", None),
        ("1e99", None),
    ],
)
def test_another_amount_is_typed(person: Person, typed: str, monthly: str | None) -> None:
    person.looks()
    person.click("primary")
    person.answers("private", "other", "years")
    field = person.find("amount")
    assert isinstance(field, QLineEdit)
    assert field.hasFocus() or person.find("primary")
    QTest.keyClicks(field, typed)
    wanted = None if monthly is None else Money(amount=Decimal(monthly), currency="USD")
    assert person.window.state.draft.monthly == wanted
    assert person.find("primary").isEnabled() == (monthly is not None)


def test_the_money_is_the_one_of_the_language_until_it_is_answered(person: Person) -> None:
    person.looks()
    person.click("primary")
    language.switch("zh_CN")
    person.click("choice-some")
    draft = person.window.state.draft
    assert draft.monthly == Money(amount=Decimal(50), currency="CNY")
    assert draft.country == "CN"
    language.switch("en")
    assert "CN¥50" in person.reads()
    assert person.window.state.draft == draft


# --- plan -------------------------------------------------------------------------------------


def test_another_way_is_swapped_into_the_main_card(
    person: Person, stands_on: Callable[[str], None], world: World
) -> None:
    stands_on("rtx4090-24gb")
    person.to_plan("public", "more", "years")
    state = person.window.state
    assert state.profile is not None
    advice = recommend(state.profile, world.catalog, world.offers)
    assert state.recommendation == advice.recommendations[0]
    assert state.plan is not None
    names = _tab_order(person)
    assert names.index("other-1") == 1, "rows that are made later come before the footer"
    person.click("other-1")
    after = person.window.state
    assert after.recommendation == advice.recommendations[1]
    assert after.plan != state.plan
    person.waits_for_the_page()
    assert person.sees("other-0")


def test_what_cannot_be_set_up_yet_says_so(
    person: Person, stands_on: Callable[[str], None]
) -> None:
    stands_on("rtx4070-12gb")
    person.to_plan("public", "more", "years")
    advice = person.window.state.advice
    assert advice is not None
    later = [r for r in advice.recommendations if not r.can_set_up]
    if person.sees("show-all"):
        person.click("show-all")
    person.click(f"other-{later[0].rank - 1}")
    assert not person.find("primary").isEnabled()
    assert person.find("hint").text()
    assert person.sees("use-starter")


def test_without_a_source_the_starter_is_offered_and_called_a_starter(
    person: Person, stands_on: Callable[[str], None]
) -> None:
    stands_on("offline")
    person.to_plan()
    person.click("use-starter")
    assert person.window.state.starter
    plan = person.window.state.plan
    assert plan is not None
    assert plan.model.starter
    assert "Starter, not DeepSeek" in person.reads()
    language.switch("zh_CN")
    assert "不是 DeepSeek" in person.reads()


def test_how_it_was_worked_out_is_told(person: Person) -> None:
    person.to_plan()
    person.click("link")
    dialog = person.find("close").window()
    assert dialog.objectName() == "worked-out"
    person.click("close")
    assert not dialog.isVisible()


def test_a_distilled_model_is_called_distilled(person: Person) -> None:
    person.to_plan()
    assert "A distilled model" in person.reads()
    language.switch("zh_CN")
    assert "蒸馏" in person.reads()
