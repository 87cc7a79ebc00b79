"""The words of the command line, and the one place where an error becomes an exit code."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType
from typing import NoReturn

from core.assembly import assemble
from core.cli import commands
from core.cli.output import Output
from core.cli.walk import walk
from core.domain import EngineKind
from core.errors import AppError
from core.progress import Cancelled, CancelToken
from core.text import LANGUAGES, Text, system_language

DONE, USAGE, REFUSED, FAILED, CANCELLED = 0, 2, 3, 4, 130
# What `up` can set up; the advice names more.
ENGINES = (EngineKind.LLAMA_CPP.value, EngineKind.BUILTIN.value)
# A check said no before anything was changed.
REFUSALS = frozenset(
    {
        "answers_file_invalid",
        "assumption_unknown",
        "assumption_unreadable",
        "busy_elsewhere",
        "cannot_set_up",
        "consent_needed",
        "context_not_possible",
        "cost_inputs_invalid",
        "engine_not_here",
        "file_not_readable",
        "model_file_truncated",
        "model_too_large",
        "model_unknown",
        "not_a_model_file",
        "not_running",
        "nothing_set_up",
        "prices_file_invalid",
        "probe_file_invalid",
    }
)


class _UsageError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{self.prog}: {message}")


def build_parser(text: Text) -> argparse.ArgumentParser:
    """Every command, with its help in the person's language."""
    parser = _Parser(prog="deepberth", description=text("cli.about"))
    parser.add_argument("--language", choices=LANGUAGES, help=text("cli.help.language"))
    words = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)

    def word(name: str) -> argparse.ArgumentParser:
        sentence = text(f"cli.help.{name}")
        sub = words.add_parser(name, help=sentence, description=sentence)
        sub.add_argument("--json", action="store_true", help=text("cli.help.json"))
        # Before the command or after it; SUPPRESS, so that the one before is not undone.
        sub.add_argument(
            "--language",
            choices=LANGUAGES,
            default=argparse.SUPPRESS,
            help=text("cli.help.language"),
        )
        return sub

    word("detect")
    for sub in (advise := word("recommend"), up := word("up")):
        sub.add_argument("--machine", metavar="FILE", help=text("cli.help.machine"))
        sub.add_argument("--answers", metavar="FILE", help=text("cli.help.answers"))
    _recommend_words(advise, text)
    up.add_argument("--yes", action="store_true", help=text("cli.help.yes"))
    up.add_argument("--model", metavar="ID", help=text("cli.help.model"))
    up.add_argument("--quant", metavar="NAME", help=text("cli.help.quant"))
    up.add_argument("--starter", action="store_true", help=text("cli.help.starter"))
    up.add_argument("--file", metavar="GGUF", help=text("cli.help.file"))
    up.add_argument("--context", type=int, metavar="N", help=text("cli.help.context"))
    up.add_argument("--engine", choices=ENGINES, help=text("cli.help.engine"))
    chat = word("chat")
    chat.add_argument("question", help=text("cli.help.question"))
    for name in ("status", "stop", "start"):
        word(name)
    word("down").add_argument("--models", action="store_true", help=text("cli.help.models"))
    word("walk")
    return parser


def _recommend_words(advise: argparse.ArgumentParser, text: Text) -> None:
    advise.add_argument("--all", action="store_true", help=text("cli.help.all"))
    advise.add_argument(
        "--assume", action="append", default=[], metavar="KEY=VALUE", help=text("cli.help.assume")
    )
    advise.add_argument("--prices", metavar="FILE", help=text("cli.help.prices"))
    advise.add_argument("--gguf", metavar="FILE_OR_URL", help=text("cli.help.gguf"))


def _parsed(arguments: list[str], text: Text) -> argparse.Namespace:
    options = build_parser(text).parse_args(arguments)
    if options.command == "recommend" and options.gguf:
        for word in ("assume", "prices"):
            if getattr(options, word):  # a file's memory and speed have no price
                raise _UsageError(f"argument --{word}: not allowed with argument --gguf")
    return options


def run(arguments: list[str]) -> int:
    """Carries out one command line; never raises for what a person can cause."""
    as_json = "--json" in arguments
    output = Output(text=_text(arguments) or Text(system_language()), as_json=as_json)
    try:
        assembly = assemble()
        output = Output(text=_text(arguments) or assembly.text, as_json=as_json)
        options = _parsed(arguments, output.text)
        token = _cancel_on_interrupt()
        act = walk if options.command == "walk" else commands.COMMANDS[options.command]
        act(assembly, options, output, token)
    except _UsageError as usage:
        output.usage(str(usage))
        return USAGE
    except Cancelled:
        output.cancelled()
        return CANCELLED
    except AppError as error:
        output.error(error)
        return REFUSED if error.code in REFUSALS else FAILED
    except BrokenPipeError:
        return DONE  # whoever read us has seen enough
    except Exception as bug:
        output.error(AppError("unexpected", detail=f"{type(bug).__name__}: {bug}"[:300]))
        return FAILED
    return DONE


def _text(arguments: list[str]) -> Text | None:
    """The sentences that are asked for. Looked up first, as what follows may be wrong."""
    for word, value in zip(arguments, [*arguments[1:], ""], strict=True):
        wanted = word.partition("=")[2] if word.startswith("--language=") else value
        if word.partition("=")[0] == "--language" and wanted in LANGUAGES:
            return Text(wanted)
    return None


def _cancel_on_interrupt() -> CancelToken:
    """Ctrl-C and a polite kill ask the running work to stop; it then cleans up after itself."""
    token = CancelToken()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        token.cancel()

    signal.signal(signal.SIGINT, stop)
    if sys.platform != "win32":
        signal.signal(signal.SIGTERM, stop)
    return token
