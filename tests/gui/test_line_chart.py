"""The chart of costs says in words what it paints, and no name covers another."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from gui import theme
from gui.language import say
from gui.widgets.line_chart import Line, LineChart, Mark, Scene, nice_top, place_name
from gui.widgets.table import TableDialog

MONTHS = tuple(f"month {n}" for n in range(13))


def line(
    name: str, start: float, monthly: float, *, wide: float = 0.0, role: str = "chart-1"
) -> Line:
    values = tuple((start + n * monthly, start + n * (monthly + wide)) for n in range(13))
    return Line(name=name, role=role, values=values)


def scene(*lines: Line, marks: tuple[Mark, ...] = (), empty: str = "") -> Scene:
    return Scene(
        title="Paid over a year", lines=lines, steps=MONTHS, marks=marks, empty=empty,
        first_head="After", value_words=lambda value: f"${value:,.0f}",
    )  # fmt: skip


@pytest.fixture
def chart(qtbot: QtBot) -> LineChart:
    widget = LineChart()
    qtbot.addWidget(widget)
    widget.resize(272, 168)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def seen(chart: LineChart) -> QImage:
    return chart.grab().toImage()


def has_colour(image: QImage, role: str) -> bool:
    wanted = theme.color(role).rgb()
    places = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return any(image.pixel(x, y) == wanted for x, y in places)


def test_the_four_ways_are_named_on_their_lines_and_no_name_covers_another(
    chart: LineChart,
) -> None:
    chart.show_scene(
        scene(
            line("This plan", 0, 2, wide=6),
            line("Hybrid", 0, 2.5, wide=6, role="chart-4"),
            line("Pay per token", 0, 1, role="chart-3"),
            line("Cloud endpoint", 0, 70, wide=15, role="chart-2"),
        )
    )
    image = seen(chart)
    assert set(chart.labels) == {"This plan", "Hybrid", "Pay per token", "Cloud endpoint"}
    for one, other in combinations(chart.labels.values(), 2):
        assert not one.intersects(other)
    assert all(QRectF(chart.rect()).contains(box) for box in chart.labels.values())
    for role in ("chart-1", "chart-2", "chart-3", "chart-4", "chart-grid"):
        assert has_colour(image, role), role


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ends=st.lists(st.tuples(st.floats(0, 150), st.floats(0, 150)), min_size=1, max_size=4),
    wide=st.integers(30, 120),
)
def test_names_never_overlap_wherever_the_lines_go(
    ends: list[tuple[float, float]], wide: int
) -> None:
    plot = QRectF(40, 8, 230, 150)
    points = {
        str(n): [
            QPointF(40, 8 + first),
            QPointF(155, 8 + (first + last) / 2),
            QPointF(270, 8 + last),
        ]
        for n, (first, last) in enumerate(ends)
    }
    taken: list[QRectF] = []
    for name in points:
        box = place_name(QSize(wide, 14), name, points, plot, taken)
        assert box is not None, "there is always room for four names"
        assert plot.left() <= box.left()
        assert box.right() <= plot.right() + 1
        assert not any(box.intersects(other) for other in taken)
        taken.append(box)


def test_a_reader_of_the_screen_hears_where_each_line_ends(chart: LineChart) -> None:
    chart.show_scene(scene(line("This plan", 100, 2), line("Cloud", 0, 60, wide=10)))
    assert chart.accessibleName() == "Paid over a year"
    told = chart.accessibleDescription().splitlines()
    assert told == ["This plan: month 12, $124", "Cloud: month 12, $720–$840"]


def test_the_mark_is_painted_only_where_there_is_one(chart: LineChart) -> None:
    lines = (line("This plan", 300, 1), line("Cloud", 0, 60, role="chart-2"))
    chart.show_scene(scene(*lines))
    plain = seen(chart)
    mark = Mark(line="This plan", step=5.1, title="Break-even", more="in month 5")
    chart.show_scene(scene(*lines, marks=(mark,)))
    marked = seen(chart)
    assert plain != marked
    assert set(chart.labels) == {"This plan", "Cloud"}


def test_while_loading_there_is_the_grid_only(chart: LineChart) -> None:
    chart.show_scene(Scene(title="Paid", lines=None, steps=MONTHS))
    image = seen(chart)
    assert has_colour(image, "chart-grid")
    assert not has_colour(image, "chart-1")
    assert chart.table() is None


def test_without_data_there_is_one_sentence(chart: LineChart) -> None:
    chart.show_scene(scene(empty="No price is known."))
    assert chart.accessibleDescription() == "No price is known."
    assert not has_colour(seen(chart), "chart-grid")
    assert chart.table() is None
    assert not opened(chart), "there is nothing to show as a table"


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)", extend=True)
def test_the_same_picture_is_a_table(chart: LineChart, qtbot: QtBot) -> None:
    chart.show_scene(scene(line("This plan", 100, 2), line("Cloud", 0, 60, wide=10)))
    (menu,) = opened(chart)
    (action,) = menu.actions()
    assert action.text() == say("picture.as_table")
    action.trigger()
    dialog = chart.findChild(TableDialog)
    assert dialog is not None
    with qtbot.waitExposed(dialog):
        pass
    heads = [dialog.grid.horizontalHeaderItem(n).text() for n in range(3)]  # type: ignore[union-attr]
    assert heads == ["After", "This plan", "Cloud"]
    cells = [dialog.grid.item(12, n).text() for n in range(3)]  # type: ignore[union-attr]
    assert cells == ["month 12", "$124", "$720–$840"]
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_keyboard_reaches_the_table(chart: LineChart) -> None:
    chart.show_scene(scene(line("This plan", 100, 2)))
    assert chart.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_another_look_paints_it_in_the_colours_of_that_look(
    chart: LineChart, qapp: QApplication
) -> None:
    chart.show_scene(scene(line("This plan", 0, 2)))
    light = theme.color("chart-1").rgb()
    theme.apply(qapp, "dark")
    assert theme.color("chart-1").rgb() != light
    assert has_colour(seen(chart), "chart-1")
    theme.apply(qapp, "light")


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.05, 0.05), (3, 3), (7, 8), (1027.8, 1200), (2998, 3000), (6001, 8000), (1e9, 1e9)],
)
def test_the_axis_ends_at_a_round_number_that_is_enough(highest: float, top: float) -> None:
    assert nice_top(highest) == pytest.approx(top)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -5.0])
def test_an_odd_number_still_gives_an_axis(odd: float) -> None:
    assert nice_top(odd) == 1.0


def opened(chart: LineChart) -> list[QMenu]:
    """The menus that a right click brings."""
    place = QPoint(20, 20)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, chart.mapToGlobal(place))
    QApplication.sendEvent(chart, event)
    return [menu for menu in chart.findChildren(QMenu) if menu.isVisible()]
