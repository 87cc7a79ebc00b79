"""The renderer: only tags of its list, only http and https, never a stall, never an error."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gui.chat import render as renderer
from gui.chat.render import Growing, clean, render, safe_target
from tests.gui.chat.payloads import FLOODS, SCHEMES, attacks

TAGS = {
    "p", "b", "i", "s", "ul", "ol", "li", "blockquote", "code", "pre", "br", "hr", "a",
    "table", "tr", "td", "th", "h3", "h4", "h5",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href"}, "ol": {"start"}, "td": {"class", "align", "colspan"}, "th": {"align"},
    "table": {"class", "width", "cellspacing", "cellpadding", "border"},
}  # fmt: skip


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES.get(tag, set()), (tag, name)
            if name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read(markdown: str) -> _Reader:
    reader = _Reader()
    reader.feed(render(markdown).html)
    reader.close()
    for link in reader.links:
        parts = urlsplit(link)
        assert parts.scheme in ("http", "https"), link
        assert parts.hostname, link
        assert "@" not in parts.netloc, link
        assert link in "".join(reader.words), "the whole target stands in words"
    return reader


def test_no_attack_becomes_more_than_words() -> None:
    payloads = attacks()
    assert len(payloads) > 500
    for payload in payloads:
        read(payload)


def test_no_other_address_is_ever_offered() -> None:
    assert [scheme for scheme in SCHEMES if safe_target(scheme)] == []


@given(
    st.text(alphabet=st.sampled_from("<>[]()!`*_#|-~:/\\\"'&; \nahtps.org1\u202e\x00"), max_size=80)
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_text_is_the_html_is_of_the_list(text: str) -> None:
    read(text)


@pytest.mark.parametrize("number", range(len(FLOODS)))
def test_floods_are_rendered_quickly_and_bounded(number: int) -> None:
    started = time.process_time()
    rendered = render(FLOODS[number])
    spent = time.process_time() - started
    assert spent < 0.6, spent  # 0.2 s on an idle computer; room for a busy one
    assert len(rendered.html) < 2_000_000


def test_what_is_cut_says_so() -> None:
    assert render("a" * (renderer.MAX_SHOWN_CHARS + 1)).cut
    assert render("a\n" * (renderer.MAX_SHOWN_LINES + 1)).cut
    assert not render("a\n" * 100).cut


def test_deep_nesting_loses_no_words() -> None:
    for deep in (
        "> " * 60 + "the end",
        "\n".join("  " * n + "- x" for n in range(60)) + " the end",
    ):
        assert "the end" in "".join(read(deep).words)


def test_ordinary_markdown_looks_as_it_should() -> None:
    html = render("# T\n\n**b** *i* ~~s~~ `c`\n\n3. x\n\n> q\n\n| a |\n|--:|\n| 1 |\n").html
    for piece in (
        "<h3>T</h3>", "<b>b</b>", "<i>i</i>", "<s>s</s>", "<code>c</code>", '<ol start="3">',
        "<blockquote>", '<th align="right">a</th>', '<td align="right">1</td>',
    ):  # fmt: skip
        assert piece in html


def test_code_keeps_every_sign_and_can_be_copied() -> None:
    code = "if a < b && c:\n\tprint('</pre>')"
    rendered = render(f"```python\n{code}\n```\n\n    indented", copy_label="Copy")
    assert rendered.codes == (code, "indented")
    assert rendered.html.count('<a href="#copy-') == 2
    assert "&lt;/pre&gt;" in rendered.html


def test_a_link_cannot_write_its_own_copy_button() -> None:
    assert "#copy-" not in render("[Copy](#copy-0)\n\n```\nx\n```").html


def test_words_that_look_like_another_address_are_not_shown() -> None:
    html = render("[https://bank.com](https://evil.org/x)").html
    assert "bank.com" not in html
    assert ">https://evil.org/x<" in html
    assert "bank.com" not in render("[www.bank.com](https://evil.org)").html
    assert "my bank (" in render("[my bank](https://evil.org)").html


def test_foreign_hosts_are_shown_in_their_ascii_form() -> None:
    # The first letter is Cyrillic.
    reader = read("[x](https://\u0430pple.com/)")
    assert reader.links == ["https://xn--pple-43d.com/"]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_clean_text_has_no_hidden_signs_and_is_stable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", cleaned
    )


def test_cleaning_keeps_what_people_write() -> None:
    text = "Grüße 你好，世界！\tمرحبا 👩\u200d🚀 नमस्ते\nline"
    assert clean(text) == text
    assert clean("a\r\nb\rc") == "a\nb\nc"


# --- while it grows -----------------------------------------------------------------------------

_PIECES = [
    "word", " ", "\n", "\n\n", "- ", "1. ", "2) ", "    ", "> ", "# ", "**", "`", "```", "```py\n",
    "\n```\n", "~~~", "| a | b |\n|---|---|\n| 1 | 2 |\n", "---", "===", "[a](https://x.org)",
    "[a]", "[a]: https://x.org", "\t", "\\", "*", "_", "\r\n", "\u200b", "![p](x)", "<b>",
]  # fmt: skip


@given(st.lists(st.sampled_from(_PIECES), max_size=60))
@settings(max_examples=300, deadline=None)
def test_an_answer_that_grows_looks_at_each_moment_as_if_read_at_once(pieces: list[str]) -> None:
    growing, text = Growing(), ""
    for piece in pieces:
        text += piece
        assert growing.render(text, copy_label="Copy") == render(text, copy_label="Copy"), text


def test_another_answer_or_language_begins_anew() -> None:
    growing = Growing()
    for text in ("One.\n\nTwo.\n\n```\nx\n```\n\nEnd", "Other.\n\nTwo.\n\nThree."):
        for label in ("Copy", "复制"):
            assert growing.render(text, copy_label=label) == render(text, copy_label=label)


def test_what_is_final_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[int] = []
    real = renderer._parser()

    class Counting:
        def parse(self, text: str) -> object:
            parsed.append(len(text))
            return real.parse(text)

    monkeypatch.setattr(renderer, "_parser", Counting)
    growing, text = Growing(), ""
    while len(text) < 50_000:
        text += f"Paragraph **{len(text)}** with some words in it.\n\n"
        growing.render(text)
    assert max(parsed) < 300
