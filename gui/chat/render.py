"""The only function that turns a model's words into something a window shows.

What a model writes is untrusted: it may have read a hostile page. So the Markdown is parsed in
Python, and only tags on the list below are written out; everything else becomes plain text. No
image, no HTML of the model, no address but http and https. The allow-list works on the parsed
tokens, after parsing, because filters before a parser are what attackers walk around.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_RICH_CHARS = 60_000  # an answer of 16 000 tokens; beyond it Markdown is shown as it is
MAX_SHOWN_CHARS = 200_000
MAX_RICH_LINES = 4_000
MAX_RICH_BRACKETS = 2_000  # open brackets make the parser look ahead each time
MAX_SHOWN_LINES = 10_000
MAX_LINE_CHARS = 4_000  # a longer line without a break stalls the text layout
MAX_NESTING = 24
MAX_TAGS = 8_000  # table cells, list items, emphasis: what the text layout has to place
MAX_URL_CHARS = 2_000

# Control codes except tab and line end; direction marks that make text read differently from what
# it is; invisible joiners and tag characters that smuggle text; lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n?|\u2028|\u2029")
_LONG_RUN = re.compile(rf"[^\n]{{{MAX_LINE_CHARS}}}")
_LOOKS_LIKE_ADDRESS = re.compile(r"(?i)://|^\s*(www\.|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(/|\s*$))")
# "[name]: address", also in a quote or a list; 999 is the longest name that CommonMark knows.
_DEFINITION = re.compile(r"(?m)^[ >\t*+\d.)-]*\[(?:[^\]\\]|\\.){0,999}\]:", re.DOTALL)
_HOST = re.compile(r"(?i)[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")

_PAIRS = {
    "strong": "b",
    "em": "i",
    "s": "s",
    "paragraph": "p",
    "bullet_list": "ul",
    "list_item": "li",
    "blockquote": "blockquote",
    "tr": "tr",
}
_ALIGN = {"text-align:center": ' align="center"', "text-align:right": ' align="right"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`html` for a QTextDocument; `codes` are the code blocks, found by their link `#copy-N`.

    `cut` says that the text was longer than what is shown.
    """

    html: str
    codes: tuple[str, ...] = ()
    cut: bool = False


def render(markdown: str, *, copy_label: str = "") -> Rendered:
    """Safe HTML of a model's Markdown. Never raises, whatever the text is.

    Where `copy_label` is given, each code block carries a link with that label.
    """
    text = clean(markdown[:MAX_SHOWN_CHARS])
    tokens = None if _heavy(text) else _parser().parse(text)
    if tokens is None or _too_much(tokens):
        return _unformatted(markdown, text)
    writer = _Writer(copy_label)
    writer.block(tokens)
    return Rendered(html="".join(writer.out), codes=tuple(writer.codes))


def _unformatted(markdown: str, text: str) -> Rendered:
    """The words as they are, for what would take too long as Markdown."""
    lines = text.split("\n", MAX_SHOWN_LINES)
    cut = len(markdown) > MAX_SHOWN_CHARS or len(lines) > MAX_SHOWN_LINES
    return Rendered(html=_plain(lines[:MAX_SHOWN_LINES]), cut=cut)


class Growing:
    """Renders an answer again and again while it grows, each time as `render` would, but parses
    only what is new: a block is final as soon as another one has begun below it.
    """

    def __init__(self) -> None:
        self._begin("")

    def _begin(self, label: str) -> None:
        self._label = label
        self._final = ""  # the text whose blocks are final
        self._html: list[str] = []
        self._codes: list[str] = []
        self._tags = 0
        self._too_much = False  # for good: an answer only grows

    def render(self, markdown: str, *, copy_label: str = "") -> Rendered:
        """Like `render`. The text may also be another one altogether."""
        text = clean(markdown[:MAX_SHOWN_CHARS])
        if not _heavy(text) and _DEFINITION.search(text):  # it changes links above it
            return render(markdown, copy_label=copy_label)
        if copy_label != self._label or not text.startswith(self._final):
            self._begin(copy_label)
        if self._too_much or _heavy(text):
            return _unformatted(markdown, text)
        rest = text[len(self._final) :]
        tokens = _parser().parse(rest)
        if _too_much(tokens, self._tags):
            self._too_much = True
            return _unformatted(markdown, text)
        final, line = _last_block(tokens, rest)
        if final:
            writer = self._writer()
            writer.block(tokens[:final])
            self._html += writer.out
            self._codes += writer.codes
            self._tags += _tags(tokens[:final])
            self._final += "".join(part + "\n" for part in rest.split("\n")[:line])
        writer = self._writer()
        writer.block(tokens[final:])
        html = "".join((*self._html, *writer.out))
        return Rendered(html=html, codes=(*self._codes, *writer.codes))

    def _writer(self) -> _Writer:
        return _Writer(self._label, before=len(self._codes))


def clean(text: str) -> str:
    """The text without hidden and control characters: what is shown is what is copied."""
    return _HIDDEN.sub("", _LINE_END.sub("\n", text))


def safe_target(href: str) -> str | None:
    """The address if a person may be asked to open it, with its host in ASCII, else None."""
    if not 0 < len(href) <= MAX_URL_CHARS or not href.isascii() or clean(href) != href:
        return None
    if re.search(r"[\s\\<>\"']", href):
        return None
    try:
        parts = urlsplit(href)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return None
    # A user name before the host makes one address look like another: https://bank.com@other.org
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not port_is_fine:
        return None
    return href if parts.hostname and _HOST.fullmatch(_bracketed(parts.hostname)) else None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # here, so that the first window does not wait for it

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    return parser.enable(["table", "strikethrough"])


def _too_much(tokens: Sequence[Token], before: int = 0) -> bool:
    """Whether the parser gave up on depth (it drops what is deeper) or the layout would stall.

    `before` are the tags that are there already.
    """
    for token in tokens:
        deepest = max((child.level for child in token.children or ()), default=0)
        if max(token.level, deepest) >= MAX_NESTING - 2:
            return True
    return before + _tags(tokens) > MAX_TAGS


def _tags(tokens: Sequence[Token]) -> int:
    return sum(1 + len(token.children or ()) for token in tokens)


def _last_block(tokens: Sequence[Token], text: str) -> tuple[int, int]:
    """Where the last block begins: its token and its line; zeros while that can still change.

    Its first line has to be complete: "1" would be a new paragraph, "1. x" belongs to a list.
    """
    for index in range(len(tokens) - 1, 0, -1):
        token = tokens[index]
        if token.level == 0 and token.nesting >= 0 and token.map is not None:
            line = token.map[0]
            return (index, line) if text.count("\n") > line else (0, 0)
    return 0, 0


def _heavy(text: str) -> bool:
    """Whether parsing alone could hold up the window."""
    return (
        len(text) > MAX_RICH_CHARS
        or text.count("\n") > MAX_RICH_LINES
        or text.count("[") > MAX_RICH_BRACKETS
        or _LONG_RUN.search(text) is not None
    )


def _plain(lines: Sequence[str]) -> str:
    """The lines as they are, with breaks in runs that have none."""
    broken = "\n".join(_LONG_RUN.sub(lambda run: run.group() + "\n", line) for line in lines)
    return "".join(f"<p>{escape(line) or '&nbsp;'}</p>" for line in broken.split("\n"))


@dataclass(slots=True)
class _Writer:
    """Writes tokens out as tags of the allow-list."""

    copy_label: str
    before: int = 0  # code blocks of the same answer above these
    out: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)

    def block(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            if token.type == "inline":
                self.inline(token.children or ())
            elif token.type in ("fence", "code_block"):
                self._code(token)
            elif token.type == "hr":
                self.out.append("<hr>")
            elif not token.hidden:
                self._pair(token)

    def inline(self, tokens: Sequence[Token]) -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.type == "link_open":
                index = self._link(tokens, index)
            elif token.type == "code_inline":
                self.out.append(f"<code>{escape(token.content)}</code>")
            elif token.type == "hardbreak":
                self.out.append("<br>")
            elif token.type == "softbreak":
                self.out.append("\n")
            elif token.type == "image":
                self._image(token)
            elif token.nesting:
                self._pair(token)
            else:
                self.out.append(escape(token.content))
            index += 1

    def _pair(self, token: Token) -> None:
        name, _, end = token.type.rpartition("_")
        slash = "/" if end == "close" else ""
        if name in _PAIRS:
            self.out.append(f"<{slash}{_PAIRS[name]}>")
        elif name == "heading":
            # Level 1 of an answer is no title of our page.
            self.out.append(f"<{slash}h{min(int(token.tag[1:]) + 2, 5)}>")
        elif name == "ordered_list":
            start = "" if slash else f' start="{int(token.attrGet("start") or 1)}"'
            self.out.append(f"<{slash}ol{start}>")
        elif name == "table":
            place = "" if slash else ' border="0" cellspacing="0" cellpadding="0"'
            self.out.append(f"<{slash}table{place}>")
        elif name in ("th", "td"):
            align = "" if slash else _ALIGN.get(str(token.attrGet("style")), "")
            self.out.append(f"<{slash}{name}{align}>")

    def _code(self, token: Token) -> None:
        language = clean((token.info or "").strip().split(" ")[0])[:24]
        link = f'<a href="#copy-{self.before + len(self.codes)}">{escape(self.copy_label)}</a>'
        head = (
            f'<tr><td class="codehead">{escape(language) or "&nbsp;"}</td>'
            f'<td class="codecopy" align="right">{link if self.copy_label else ""}</td></tr>'
        )
        code = token.content.rstrip("\n")
        self.codes.append(code)
        self.out.append(
            '<table class="code" width="100%" cellspacing="0" cellpadding="0" border="0">'
            f'{head}<tr><td class="code" colspan="2"><pre>{escape(code)}</pre></td></tr></table>'
        )

    def _image(self, token: Token) -> None:
        """The words of a picture; the picture itself is never fetched."""
        self.out.append(f"[{escape(token.content)}]")

    def _link(self, tokens: Sequence[Token], start: int) -> int:
        """Writes a link with its whole target in words, and returns the index of its end."""
        end = start + 1
        while end < len(tokens) and tokens[end].type != "link_close":
            end += 1
        label = "".join(part.content for part in tokens[start + 1 : end]).strip()
        target = safe_target(str(tokens[start].attrGet("href") or ""))
        if target is None:
            self.out.append(escape(label))
            return end
        # Words that look like another address are not shown at all.
        if not label or label == target or _LOOKS_LIKE_ADDRESS.search(label):
            self.out.append(f'<a href="{escape(target)}">{escape(target)}</a>')
        else:
            self.out.append(f'{escape(label)} (<a href="{escape(target)}">{escape(target)}</a>)')
        return end
