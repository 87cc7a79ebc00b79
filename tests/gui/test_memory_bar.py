"""What takes the memory, painted and in words; and the speed bar with its mark."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.widgets.memory_bar import MemoryBar, Part
from gui.widgets.meters import RangeBar


def part(look: str, gb: float) -> Part:
    return Part(look=look, name=look, size=f"{gb:g} GB", amount=int(gb * 1e9))


PARTS = (
    part("weights", 8),
    part("cache", 2),
    part("working", 0.5),
    part("driver", 0.5),
    part("spare", 1),
    part("margin", 1),
)


@pytest.fixture
def bar(qtbot: QtBot) -> MemoryBar:
    widget = MemoryBar()
    qtbot.addWidget(widget)
    widget.resize(420, 60)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def row(image: QImage, y: int = 8) -> list[int]:
    return [image.pixel(x, y) for x in range(image.width())]


def share(image: QImage, role: str) -> float:
    """How much of the bar has the colour of a role."""
    colours = row(image)
    return colours.count(theme.color(role).rgb()) / len(colours)


def test_each_part_takes_as_much_of_the_bar_as_of_the_memory(bar: MemoryBar) -> None:
    bar.show_parts("A card: 11 GB of 12 GB", PARTS)
    image = bar.grab().toImage()
    assert share(image, "chart-1") == pytest.approx(8 / 13, abs=0.02)
    assert share(image, "chart-2") == pytest.approx(2 / 13, abs=0.02)
    assert share(image, "chart-3") == 0, "no experts in it"


def test_what_is_not_there_is_not_named(bar: MemoryBar) -> None:
    bar.show_parts("A card", (*PARTS, part("experts", 0)))
    assert bar.accessibleName() == "A card"
    told = bar.accessibleDescription().splitlines()
    assert told[0] == "weights: 8 GB"
    assert len(told) == len(PARTS)
    table = bar.table()
    assert table is not None
    assert table.rows[-1] == ("margin", "1 GB")


def test_a_narrow_bar_has_more_rows_of_names(qtbot: QtBot) -> None:
    holder = QWidget()
    bar = MemoryBar()
    QVBoxLayout(holder).addWidget(bar)
    qtbot.addWidget(holder)
    bar.show_parts("A card", PARTS)
    assert bar.heightForWidth(200) > bar.heightForWidth(900)
    holder.resize(240, 300)
    with qtbot.waitExposed(holder):
        holder.show()
    assert bar.height() >= bar.heightForWidth(bar.width())


def test_what_does_not_fit_has_a_red_edge(bar: MemoryBar) -> None:
    bar.show_parts("A card", PARTS)
    calm = bar.grab().toImage()
    bar.show_parts("A card", PARTS[:3], "danger")
    red = theme.color("danger").rgb()
    assert red not in row(calm, 0)
    assert red in row(bar.grab().toImage(), 0)


def test_nothing_to_show_is_no_table(bar: MemoryBar) -> None:
    assert bar.table() is None
    assert bar.grab().toImage().width() == bar.width()


def test_the_reading_mark_stands_where_people_read(qtbot: QtBot) -> None:
    bar = RangeBar()
    qtbot.addWidget(bar)
    bar.resize(230, 14)
    with qtbot.waitExposed(bar):
        bar.show()
    bar.set_values(10, 20, description="said", tick=5)
    assert bar.accessibleDescription() == "said"
    mark = theme.color("text").rgb()
    marked = [x for x, colour in enumerate(row(bar.grab().toImage(), 2)) if colour == mark]
    assert marked
    assert sum(marked) / len(marked) == pytest.approx(5 / 23 * 230, abs=2)
    bar.set_values(10, 20)
    assert mark not in row(bar.grab().toImage(), 2)
