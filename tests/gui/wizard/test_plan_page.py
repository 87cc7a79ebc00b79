"""The plan page: its pictures say what the advice says, and a changed figure changes all of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from core.advice.over_time import curve
from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.assembly import Assembly
from core.domain import (
    Advice,
    Answers,
    BreakEven,
    Cost,
    CostInputs,
    Kind,
    Money,
    Note,
    Price,
    PriceNote,
    Sensitivity,
    Source,
    Speed,
    Verdict,
)
from core.edges.places import read_places
from core.setup.flow import WizardPage, WizardState
from core.text import LANGUAGES
from gui import language
from gui.language import say, text
from gui.wizard import plan_words, worked_rows
from gui.wizard.figures import FIELDS, FiguresForm, Known, number, read
from gui.wizard.plan import PlanPage
from gui.wizard.plan_card import OtherRow
from gui.wizard.plan_chart import crossing, picture
from gui.wizard.plan_detail import MemoryCard, SpeedCard, memory_parts
from gui.wizard.worked_out import SECTIONS, WorkedOutDialog
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import ANSWER, World, machine

PUBLIC = Answers(
    sensitivity=Sensitivity.PUBLIC,
    budget=Money(amount=Decimal(1200), currency="USD"),
    horizon_months=12,
)

OFFERS = Assembly(read_places({})).offers


@pytest.fixture(scope="module")
def assembly() -> Assembly:
    return Assembly(read_places({}))


@pytest.fixture(scope="module")
def advice(assembly: Assembly) -> Advice:
    return advised(assembly, "two-rtx3090")


def advised(
    assembly: Assembly, name: str, said: Answers = PUBLIC, inputs: CostInputs | None = None
) -> Advice:
    profile = build_profile(machine(name), said)
    return recommend(profile, assembly.catalog, assembly.offers, inputs)


def paid(kind: str, once: int, monthly: int | None, currency: str = "USD") -> Cost:
    each = None if monthly is None else (Decimal(monthly), Decimal(monthly))
    start = (Decimal(once), Decimal(once))
    return Cost(monthly=each, total=each, currency=currency, once=start)


def with_costs(advice: Advice, **costs: Cost) -> Advice:
    """The same advice with other costs, and nothing that breaks even."""
    ways = tuple(
        replace(way, cost=costs.get(way.kind.value, way.cost)) for way in advice.recommendations
    )
    curves = tuple(curve(kind, cost) for kind, cost in costs.items())
    return replace(advice, recommendations=ways, curves=curves, break_even=())


# --- cost over time ---------------------------------------------------------------------------


def test_a_line_for_each_way_in_one_currency(advice: Advice) -> None:
    shown = picture(advice, advice.recommendations[0], PUBLIC, OFFERS)
    names = [line.name for line in shown.scene.lines or ()]
    assert say("page.plan.chart.this") in names
    assert set(names) <= {say("page.plan.chart.this"), *(say(f"kind.{k.value}") for k in Kind)}
    assert len(shown.scene.steps) == 13


def test_whoever_means_two_years_sees_two_years(assembly: Assembly) -> None:
    said = replace(PUBLIC, horizon_months=24)
    found = advised(assembly, "two-rtx3090", said)
    shown = picture(found, found.recommendations[0], said, OFFERS)
    assert len(shown.scene.steps) == 25
    assert shown.scene.title == say("page.plan.chart.years", n=2)
    assert all(len(line.values) == 25 for line in shown.scene.lines or ())


def test_another_currency_is_named_and_not_drawn(advice: Advice) -> None:
    mixed = with_costs(
        advice,
        local=paid("local", 0, 3),
        cloud=paid("cloud", 0, 500, "CNY"),
        tokens=paid("tokens", 0, None),
    )
    shown = picture(mixed, mixed.recommendations[0], PUBLIC, OFFERS)
    assert [line.name for line in shown.scene.lines or ()] == [say("page.plan.chart.this")]
    told = "\n".join(shown.sentences)
    assert "CNY" in told
    assert say("kind.cloud") in told
    assert say("kind.tokens") in told, "what is not known is named as well"


def test_what_is_drawn_by_a_rate_says_of_which_day(advice: Advice) -> None:
    said = replace(PUBLIC, budget=Money(amount=Decimal(900), currency="CNY"))
    found = with_costs(advice, local=paid("local", 0, 20, "CNY"))
    tokens = next(way for way in found.recommendations if way.kind is Kind.TOKENS)
    assert tokens.cost.currency == "USD"
    shown = picture(found, tokens, said, OFFERS)
    assert len(shown.scene.lines or ()) == 2
    told = [line for line in shown.sentences if "USD" in line]
    assert any(
        rate.source.date in line for rate in OFFERS.rates for line in told if rate.source.date
    )


def test_the_break_even_is_marked_where_the_lines_cross(advice: Advice) -> None:
    note = Note(code="break_even.after", params=(("first", 10), ("hours_per_day", 2.0)))
    point = BreakEven(kind="cloud", month=(10, 10), note=note)
    found = with_costs(advice, local=paid("local", 1000, 0), cloud=paid("cloud", 0, 100))
    found = replace(found, break_even=(point,))
    shown = picture(found, found.recommendations[0], PUBLIC, OFFERS)
    (mark,) = shown.scene.marks
    assert mark.step == pytest.approx(10)
    assert "10" in mark.more
    assert text().note(note) not in "\n".join(shown.sentences), "the picture says it"
    assert text().note(note) in "\n".join(shown.scene.notes), "a reader hears it too"


def test_a_break_even_beyond_the_picture_is_a_sentence(advice: Advice) -> None:
    note = Note(code="break_even.after", params=(("first", 40), ("hours_per_day", 2.0)))
    point = BreakEven(kind="cloud", month=(40, 40), note=note)
    found = with_costs(advice, local=paid("local", 4000, 0), cloud=paid("cloud", 0, 100))
    found = replace(found, break_even=(point,))
    shown = picture(found, found.recommendations[0], PUBLIC, OFFERS)
    assert shown.scene.marks == ()
    assert text().note(note) in "\n".join(shown.sentences)


def test_what_is_cheaper_from_the_start_has_no_mark() -> None:
    assert crossing(curve("local", paid("l", 0, 1)), curve("cloud", paid("c", 0, 9))) is None
    assert crossing(curve("local", paid("l", 9, 9)), curve("cloud", paid("c", 0, 1))) is None


def test_it_says_so_where_another_way_is_cheaper(advice: Advice) -> None:
    found = with_costs(advice, local=paid("local", 0, 9), tokens=paid("tokens", 0, 1))
    told = picture(found, found.recommendations[0], PUBLIC, OFFERS).sentences
    assert say("page.plan.chart.cheapest", kind=say("kind.tokens")) in told


def test_what_is_not_known_might_be_the_cheapest(advice: Advice) -> None:
    """So nothing is called that: only the least of what is drawn."""
    unknown = replace(paid("local", 0, 9), monthly=None)
    found = with_costs(
        advice, local=unknown, tokens=paid("tokens", 0, 1), cloud=paid("cloud", 0, 9)
    )
    told = picture(found, found.recommendations[0], PUBLIC, OFFERS).sentences
    assert say("page.plan.chart.cheapest.known", kind=say("kind.tokens")) in told
    assert say("page.plan.chart.cheapest", kind=say("kind.tokens")) not in told


def test_without_any_price_there_is_a_sentence_and_no_picture(advice: Advice) -> None:
    kinds = {way.kind.value: paid("", 0, None) for way in advice.recommendations}
    found = with_costs(advice, **kinds)
    shown = picture(found, found.recommendations[0], PUBLIC, OFFERS)
    assert shown.scene.lines == ()
    assert say("page.plan.chart.empty") in shown.sentences


# --- memory and speed -------------------------------------------------------------------------


def test_each_card_has_its_own_bar_and_nothing_is_added_up(advice: Advice, qtbot) -> None:  # type: ignore[no-untyped-def]
    fit = next(way.fit for way in advice.recommendations if way.fit and len(way.fit.parts) > 1)
    card = MemoryCard()
    qtbot.addWidget(card)
    card.show_fit(fit)
    assert len(card.bars) == len(fit.parts)
    for bar, part in zip(card.bars, fit.parts, strict=True):
        assert part.device.name in bar.accessibleName()
        assert text().size(part.needed_bytes) in bar.accessibleName()
    one = replace(fit, parts=fit.parts[:1])
    card.show_fit(one)
    assert len(card.bars) == 1


def test_the_parts_fill_the_memory_of_the_device(assembly: Assembly) -> None:
    for name in ("rtx4070-12gb", "laptop-16gb-integrated", "strix-halo-128gb", "two-rtx3090"):
        for way in advised(assembly, name).recommendations:
            for part in way.fit.parts if way.fit and way.kind is Kind.LOCAL else ():
                parts = memory_parts(part)
                total = max(part.device.free_bytes, part.needed_bytes, part.available_bytes)
                assert sum(found.amount for found in parts) == total, (name, part.device.name)
                assert all(found.amount > 0 for found in parts)


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("words", LANGUAGES)
def test_every_verdict_has_its_word(advice: Advice, qtbot, verdict: Verdict, words: str) -> None:  # type: ignore[no-untyped-def]
    language.switch(words)
    fit = advice.recommendations[0].fit
    assert fit is not None
    card = MemoryCard()
    qtbot.addWidget(card)
    card.show_fit(replace(fit, verdict=verdict))
    assert not card._chip.text().startswith("[")


def test_a_measured_speed_has_a_dot_and_says_so(qtbot) -> None:  # type: ignore[no-untyped-def]
    card = SpeedCard()
    qtbot.addWidget(card)
    card.show_speed(Speed(tokens_per_s=(38, 46), basis="estimate", answer_s=(40, 60)))
    assert card._chip.text() == say("page.plan.reading.predicted")
    assert card.bar._dot is None
    assert "40–60 s" in card._answer.text()
    assert card._first.isHidden()
    card.show_speed(Speed(tokens_per_s=(41, 41), basis="measured", first_token_s=(0.04, 0.6)))
    assert card._chip.text() == say("page.plan.reading.measured")
    assert card.bar._dot == 41
    assert "0.1–0.6 s" in card._first.text()
    table = card.bar.table()
    assert table is not None
    assert table.rows[0] == (say("page.plan.reading.measured"), "41 tokens/s")
    assert table.rows[-1][1] == "0.1–0.6 s"
    assert card.bar.focusPolicy() & Qt.FocusPolicy.TabFocus, "the Menu key reaches it"


def test_the_reading_mark_is_that_of_the_language(qtbot) -> None:  # type: ignore[no-untyped-def]
    assert plan_words.READING["en"] == pytest.approx(5.56, abs=0.01)
    assert plan_words.READING["zh_CN"] == pytest.approx(4.33, abs=0.01)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.22, 0.55, "0.2–0.6 s"),
        (62, 98, "62–98 s"),
        (99, 156, "99 s–2.6 min"),
        (400, 2520, "6.7–42 min"),
        (400, 9000, "6.7 min–2.5 h"),
    ],
)
def test_times_are_read_at_a_glance(low: float, high: float, said: str) -> None:
    assert plan_words.span_of_time(low, high) == said


# --- other cards ------------------------------------------------------------------------------


@pytest.mark.parametrize("words", LANGUAGES)
def test_every_other_card_says_why_it_is_not_the_first(assembly: Assembly, words: str) -> None:
    language.switch(words)
    for name in ("rtx4070-12gb", "two-rtx3090", "laptop-16gb-integrated"):
        first, *others = advised(assembly, name).recommendations
        assert plan_words.why_not_first(replace(first, why_not=())) == ""
        for way in others:
            why = plan_words.why_not_first(way)
            assert why
            assert "[" not in why
            assert "?" not in why, "a place without a value"


def test_what_runs_elsewhere_is_not_said_to_run_here(advice: Advice) -> None:
    for way in advice.recommendations:
        here = say("page.plan.name", model="X").replace("X", "").strip()
        assert (here in plan_words.name(way)) == (way.kind is Kind.LOCAL)
        if way.model is not None and way.model.distilled and way.kind is not Kind.HYBRID:
            assert "distilled" in plan_words.what_it_is(way).lower()


# --- the sheet --------------------------------------------------------------------------------


@pytest.mark.parametrize("words", LANGUAGES)
def test_every_section_is_in_whole_sentences(
    assembly: Assembly,
    qtbot,
    words: str,  # type: ignore[no-untyped-def]
) -> None:
    language.switch(words)
    for name in ("rtx4070-12gb", "laptop-16gb-integrated"):
        found = advised(assembly, name)
        sheet = WorkedOutDialog(found, PUBLIC)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
        qtbot.addWidget(sheet)
        for section in SECTIONS:
            sheet._turn_to(section)
            qtbot.waitUntil(lambda sheet=sheet: sheet.whole)
        said = "\n".join(label.text() for label in sheet.findChildren(worked_rows.Label))
        assert "[" not in said.replace("[not", ""), [
            row for row in said.splitlines() if row.startswith("[") or " [" in row
        ]


def test_each_price_is_listed_once_with_its_day_and_an_old_one_is_marked(
    advice: Advice,
    qtbot,  # type: ignore[no-untyped-def]
) -> None:
    old = PriceNote(
        name="US", unit="kwh",
        price=Price(
            money=Money(amount=Decimal("0.162"), currency="USD"),
            source=Source(text="somebody", date="2023"),
        ),
        stale=True,
    )  # fmt: skip
    own = replace(old, own=True, stale=False, unit="card", name="A card")
    ways = tuple(
        replace(way, cost=replace(way.cost, prices=(old, own))) for way in advice.recommendations
    )
    found = replace(advice, recommendations=ways)
    assert worked_rows.used_prices(found) == [old, own]
    rows = [row for row in worked_rows.prices(found) if isinstance(row, worked_rows.Row)]
    for row in rows:
        qtbot.addWidget(row)
    said = [[label.text() for label in row.findChildren(worked_rows.QLabel)] for row in rows]
    first, second = said[1:]
    assert "0.162 USD" in first
    assert say("price.dated", source="somebody", date="2023") in first
    assert say("price.stale") in first
    assert say("price.own") in second
    assert say("price.stale") not in second


@pytest.fixture
def form(qtbot) -> FiguresForm:  # type: ignore[no-untyped-def]
    made = FiguresForm()
    qtbot.addWidget(made)
    known = Known(currency="EUR", amounts={"kwh_price": Decimal("0.30")})
    made.show_inputs(CostInputs(hours_per_day=2.0), known)
    with qtbot.waitExposed(made):
        made.show()
    return made


def typed(form: FiguresForm, name: str, words: str) -> list[CostInputs]:
    """What comes of typing something into a field and leaving it."""
    found: list[CostInputs] = []
    form.changed.connect(found.append)
    edit = form.fields[name].edit
    edit.setFocus()
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    QTest.keyClicks(edit, words)
    QTest.keyClick(edit, Qt.Key.Key_Return)
    form.changed.disconnect(found.append)
    return found


@pytest.mark.parametrize(
    ("name", "words", "value"),
    [
        ("hours_per_day", "5", 5.0),
        ("hours_per_day", "1,5", 1.5),
        ("kwh_price", "0.42", Money(amount=Decimal("0.42"), currency="EUR")),
        ("hardware_price", "1,499", Money(amount=Decimal(1499), currency="EUR")),
        ("stay_share", "70", 0.7),
        ("busy_share", "10-50", (0.1, 0.5)),
        ("off_peak_share", "100%", 1.0),
        ("output_tokens", "2000", 2000),
        ("lifetime_months", "36", 36),
    ],
)
def test_a_figure_is_taken_as_it_is_typed(
    form: FiguresForm, name: str, words: str, value: object
) -> None:
    (after,) = typed(form, name, words)
    assert getattr(after, name) == value
    assert after == replace(CostInputs(hours_per_day=2.0), **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hours_per_day", "25"),
        ("hours_per_day", "-1"),
        ("hours_per_day", "many"),
        ("hours_per_day", ""),
        ("hours_per_day", "1e400"),
        ("kwh_price", "nan"),
        ("stay_share", "120"),
        ("busy_share", "80-20"),
        ("busy_share", "1-2-3"),
        ("output_tokens", "1.5"),
        ("sittings_per_day", "0"),
        ("lifetime_months", "0"),
        ("resale_share", "1..2"),
    ],
)
@pytest.mark.parametrize("words_", LANGUAGES)
def test_a_wrong_figure_gets_a_red_edge_and_a_line_and_changes_nothing(
    form: FiguresForm, name: str, words: str, words_: str
) -> None:
    language.switch(words_)
    assert typed(form, name, words) == []
    field = form.fields[name]
    assert field.edit.property("state") == "error"
    assert field.wrong.isVisible()
    assert "[" not in field.wrong.text()
    assert field.edit.accessibleDescription() == field.wrong.text()
    typed(form, name, "20")
    assert field.edit.property("state") == ""
    assert field.wrong.isHidden()


def test_what_is_left_open_says_what_is_taken_instead(form: FiguresForm) -> None:
    assert form.fields["kwh_price"].edit.placeholderText() == "0.3"
    assert form.fields["hardware_price"].edit.placeholderText() == ""
    assert read("kwh_price", " ", "EUR") is None


def test_every_figure_has_a_name_for_readers_and_fields_of_the_record(form: FiguresForm) -> None:
    names = [field.edit.accessibleName() for field in form.fields.values()]
    assert all(names)
    assert len(set(names)) == len(names)
    left = set(CostInputs.__dataclass_fields__) - set(FIELDS)
    assert left == {"count_hardware"}, "it is the switch beside the chart"


@pytest.mark.parametrize("odd", ["", "1.2.3", "1,2,3", "--", "∞", "１２abc"])
def test_what_is_no_number_is_no_number(odd: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(odd)}$"):
        number(odd)


# --- all together -----------------------------------------------------------------------------


@pytest.fixture
def on_the_plan(person: Person, world: World, stands_on: Callable[[str], None]) -> Person:
    stands_on("rtx4070-12gb")
    world.__dict__["catalog"] = Assembly(world.places).catalog
    person.to_plan("public", "more", "years")
    return person


def inputs(person: Person) -> CostInputs:
    advice = person.window.state.advice
    assert advice is not None
    assert advice.inputs is not None
    return advice.inputs


def test_a_changed_figure_changes_the_whole_advice_at_once(on_the_plan: Person) -> None:
    person = on_the_plan
    before = person.window.state.advice
    assert before is not None
    cost = before.recommendations[0].cost
    person.click("link")
    edit = person.find("figure-hours_per_day")
    assert isinstance(edit, QLineEdit)
    edit.selectAll()
    QTest.keyClicks(edit, "8")
    person.waits_until(lambda: inputs(person).hours_per_day == 8.0)
    after = person.window.state.advice
    assert after is not None
    assert after.recommendations[0].cost != cost
    assert edit.text() == "8"
    assert say("page.plan.cost.hours", hours="8") in person.reads()
    person.click("close")


def test_a_wrong_figure_leaves_the_advice_as_it_is(on_the_plan: Person) -> None:
    person = on_the_plan
    before = person.window.state.advice
    person.click("link")
    edit = person.find("figure-hours_per_day")
    assert isinstance(edit, QLineEdit)
    edit.selectAll()
    QTest.keyClicks(edit, "99")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    assert person.find("wrong-hours_per_day").text()
    assert person.window.state.advice is before
    person.click("close")


def test_the_card_is_counted_and_the_plan_that_was_chosen_stays(on_the_plan: Person) -> None:
    person = on_the_plan
    person.click("other-1")
    chosen = person.window.state.recommendation
    assert chosen is not None
    person.click("count-card")
    person.waits_until(lambda: inputs(person).count_hardware)
    still = person.window.state.recommendation
    assert still is not None
    assert (still.kind, still.model, still.offer) == (chosen.kind, chosen.model, chosen.offer)
    person.click("count-card")
    person.waits_until(lambda: not inputs(person).count_hardware)


def test_figures_survive_another_answer(on_the_plan: Person) -> None:
    person = on_the_plan
    person.click("count-card")
    person.click("back")
    person.click("choice-private")
    person.click("primary")
    person.waits_for_advice()
    assert inputs(person).count_hardware


def test_the_pictures_are_in_the_order_of_the_tab_key(on_the_plan: Person) -> None:
    page = on_the_plan.window.pages[WizardPage.PLAN]
    assert isinstance(page, PlanPage)
    chart, switch = page.chart.chart, page.chart.switch
    assert switch.nextInFocusChain() is not None
    seen, widget = [], switch
    for _ in range(200):
        widget = widget.nextInFocusChain()
        if widget in (chart, page.detail.memory.bars[0], on_the_plan.window.footer.primary):
            seen.append(widget)
    assert seen[:3] == [chart, page.detail.memory.bars[0], on_the_plan.window.footer.primary]


def test_in_the_smallest_window_the_chart_stands_below_the_list(on_the_plan: Person) -> None:
    person = on_the_plan
    page = person.window.pages[WizardPage.PLAN]
    assert isinstance(page, PlanPage)
    assert not page._lower.stacked
    person.window.resize(960, 640)
    person.waits_until(lambda: page._lower.stacked)
    person.waits_for_layout()
    assert person.cut_labels() == []
    inner = page.scroll.widget()
    # Nothing is cut off at the side.
    person.waits_until(lambda: inner.width() <= page.scroll.viewport().width(), timeout=2000)


def test_what_was_measured_here_replaces_the_prediction(
    open_wizard: Callable[[], Person], world: World
) -> None:
    first, *rest = ANSWER
    world.server.chat = (first, 0.05, *rest)  # as slow as can be true
    person = open_wizard()
    person.to_plan()
    assert not (world.places.state / "journal.db").exists(), "to ask makes no journal"
    page = person.window.page
    assert isinstance(page, PlanPage)
    assert page.detail.speed._chip.text() == say("page.plan.reading.predicted")
    person.click("primary")
    person.waits_for(WizardPage.PROOF)
    (found,) = world.measured()
    again = open_wizard()
    again.window.set_state(WizardState())
    again.to_plan()
    page = again.window.page
    assert isinstance(page, PlanPage)
    speed = page.state.recommendation and page.state.recommendation.speed
    assert speed is not None
    assert speed.basis == "measured"
    assert speed.tokens_per_s[0] <= found.tokens_per_s <= speed.tokens_per_s[1]
    assert page.detail.speed._chip.text() == say("page.plan.reading.measured")
    assert say("page.plan.speed.measured") in again.reads()


# --- what to mind, and what to change ---------------------------------------------------------


@pytest.mark.parametrize("words", LANGUAGES)
def test_what_to_mind_and_what_to_buy_stand_on_the_page(
    person: Person, world: World, stands_on: Callable[[str], None], words: str
) -> None:
    language.switch(words)
    stands_on("rtx4070-12gb")
    world.__dict__["catalog"] = Assembly(world.places).catalog
    person.to_plan("public", "more", "years")
    advice = person.window.state.advice
    assert advice is not None
    assert advice.upgrades
    said = person.reads()
    assert text().note(advice.upgrades[0].note) in said
    for check in advice.checks:
        title = say(f"check.{check.id}.title")
        assert ((title in said), (text().note(check.note) in said)) == (
            (True, True) if check.state != "ok" else (False, False)
        )
    for button, section in (("see-checks", "checks"), ("see-others", "others")):
        person.click(button)
        sheet = person.window.findChild(WorkedOutDialog)
        assert sheet is not None
        assert sheet.segments.value == section
        person.waits_until(lambda sheet=sheet: sheet.whole)
        person.click("close")
        person.waits_until(lambda: person.window.findChild(WorkedOutDialog) is None)


def test_the_checks_are_those_of_the_plan_that_is_shown_large(on_the_plan: Person) -> None:
    person = on_the_plan
    page = person.window.page
    assert isinstance(page, PlanPage)
    advice = page.state.advice
    assert advice is not None
    other = next(i for i, way in enumerate(advice.recommendations) if way.kind is Kind.TOKENS)
    before = page._checks()
    assert before == advice.checks
    page._choose(other)
    person.waits_for_the_page()
    assert page._checks() != before
    minded = [check for check in page._checks() if check.state != "ok"]
    assert minded
    for check in minded:
        assert text().note(check.note) in person.reads()


def test_where_there_is_one_way_the_chart_has_the_whole_width(
    person: Person, world: World, stands_on: Callable[[str], None]
) -> None:
    stands_on("rtx4090-24gb")
    person.to_plan()
    advice = person.window.state.advice
    assert advice is not None
    assert len(advice.recommendations) == 1
    page = person.window.page
    assert isinstance(page, PlanPage)
    assert say("page.plan.lead.one") in person.reads()
    person.waits_until(lambda: page.chart.width() == page.main.width())


def test_a_range_of_money_has_one_sign_and_no_cents_that_nobody_would_miss(advice: Advice) -> None:
    way = advice.recommendations[0]
    ends = (Decimal("68.52"), Decimal("1985.65"))
    for words, shown in (("en", "$69–1,986"), ("zh_CN", "US$69–1,986")):
        language.switch(words)
        assert plan_words.cost(replace(way, cost=replace(way.cost, monthly=ends))) == shown


def test_a_predicted_speed_is_no_more_exact_than_a_guess() -> None:
    guess = Speed(tokens_per_s=(8.99, 32.7), basis="estimate")
    assert plan_words.tokens_a_second(guess) == "9–33"
    assert plan_words.tokens_a_second(replace(guess, basis="measured")) == "8.99–32.7"


@pytest.mark.parametrize("words", LANGUAGES)
def test_another_way_is_read_out_in_whole_sentences(
    assembly: Assembly,
    qtbot,
    words: str,  # type: ignore[no-untyped-def]
) -> None:
    language.switch(words)
    stop = "。" if words == "zh_CN" else "."
    for way in advised(assembly, "two-rtx3090").recommendations:
        row = OtherRow(0)
        qtbot.addWidget(row)
        row.show_plan(way)
        said = row.accessibleName()
        assert said.endswith(stop)
        assert stop * 2 not in said


def test_the_list_in_the_sheet_moves_with_the_keyboard(on_the_plan: Person) -> None:
    person = on_the_plan
    person.click("see-checks")
    sheet = person.window.findChild(WorkedOutDialog)
    assert sheet is not None
    person.waits_until(lambda: sheet.whole)
    area = sheet._sections["checks"].area
    area.setFocus(Qt.FocusReason.TabFocusReason)
    bar = area.verticalScrollBar()
    person.waits_until(lambda: bar.maximum() > 0)
    QTest.keyClick(area, Qt.Key.Key_PageDown)
    assert bar.value() > 0
    assert area.accessibleName() == say("page.plan.sheet.tab.checks")
    person.click("close")


def test_what_lies_beside_the_card_is_no_reason_for_a_plan(assembly: Assembly) -> None:
    said = replace(PUBLIC, sensitivity=Sensitivity.PRIVATE)
    ways = advised(assembly, "gtx1050ti-4gb", said).recommendations
    way = next(way for way in ways if way.fit and way.fit.verdict is Verdict.SPILLS)
    note = next(note for note in way.reasons if note.code == "reason.fits_spilled")
    assert text().note(note) not in plan_words.reasons(way)
    assert text().note(note) in plan_words.limits(way)


def test_a_price_elsewhere_says_for_how_much_use_it_is(advice: Advice) -> None:
    way = next(way for way in advice.recommendations if way.kind is Kind.CLOUD)
    assert "2 hours" in plan_words.cost_of(way, 2.0)
    unknown = replace(way, cost=paid("cloud", 0, None))
    assert plan_words.cost_of(unknown, 2.0) == say("page.plan.cost.later")


def test_the_first_way_is_still_called_the_first_when_another_one_is_large(
    on_the_plan: Person,
) -> None:
    person = on_the_plan
    person.click("other-1")
    person.waits_for_the_page()
    row = person.find("other-0")
    assert isinstance(row, OtherRow)
    assert row._why_not.text() == say("page.plan.recommended")
