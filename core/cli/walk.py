"""The wizard's path in a terminal, for a machine without a display: look, ask, set up, answer."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from dataclasses import replace
from decimal import Decimal

from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.assembly import Assembly
from core.cli import commands, shown
from core.cli.advice_lines import Lines
from core.cli.choosing import Wishes
from core.cli.output import Output
from core.domain import Answers, Money, Plan, Profile, Sensitivity
from core.progress import Cancelled, CancelToken
from core.setup.deploy import deploy

FIRST_QUESTION = "What is the capital of France?"


def walk(assembly: Assembly, options: Namespace, output: Output, token: CancelToken) -> None:
    """Look, three questions, plan, set-up, an answer.

    Where nobody can type, nobody can agree to a download either: then the first answer comes from
    the starter model, which needs none, and the recommended model is named.
    """
    say = output.text
    somebody = sys.stdin.isatty()
    output.say(say("cli.walk.look"))
    probe = commands.look(assembly, options, output, token)
    output.say(*shown.describe(probe, output))
    if somebody:
        assembly.save(replace(assembly.settings, answers=ask_three(output)))
    elif assembly.settings.answers is None:
        output.say(say("cli.walk.assumed"))
    answers = commands.answers_of(assembly, options)
    profile = build_profile(probe, answers, assembly.measured())
    plan = _plan(assembly, profile, output, starter=not somebody)
    if somebody and not agreed(output):
        output.say(say("cli.walk.nothing_changed"))
        return
    endpoint = deploy(
        plan, assembly.providers, assembly.journal, assembly.places, output.progress, token
    )
    question = FIRST_QUESTION
    if somebody:
        question = _typed(say("cli.walk.ask")) or FIRST_QUESTION
    output.say("", f"> {question}")
    data = commands.converse(endpoint, question, output, token)
    output.result(data, "", shown.meta_line(data, output), "", say("cli.walk.next"))


def _plan(assembly: Assembly, profile: Profile, output: Output, *, starter: bool) -> Plan:
    """The plan that is set up already or under way, or a new one, shown with its reasons."""
    if deployment := assembly.journal.current():
        output.say(
            "", output.text("cli.walk.already", model=output.text.model(deployment.plan.model))
        )
        return deployment.plan
    cards = recommend(profile, assembly.catalog, assembly.offers).recommendations
    if cards:
        lines = Lines(say=output.text, answers=profile.answers).card(cards[0])
        output.say("", output.text("cli.walk.advice"), *lines)
    chosen, plan = commands.plan_for(assembly, profile, Wishes(starter=starter))
    if starter:
        output.say("", output.text("cli.walk.nobody"))
    if chosen.pending:
        output.say("", output.text.note(chosen.pending))
    show_plan(output.text.model(plan.model), commands.download_bytes(plan), output)
    return plan


def ask_three(output: Output) -> Answers:
    """The three questions; Enter takes the first answer of each."""
    private = _pick(output, "sensitivity", [kind.value for kind in Sensitivity], default=1)
    monthly = _pick(output, "budget", ["0", "50", "200"], default=0)
    months = _pick(output, "horizon", ["1", "6", "24"], default=0)
    budget = Money(amount=Decimal(monthly) * int(months), currency="USD")
    return Answers(sensitivity=Sensitivity(private), budget=budget, horizon_months=int(months))


def _pick(output: Output, question: str, values: list[str], default: int) -> str:
    output.say("", output.text(f"cli.ask.{question}"))
    for number, value in enumerate(values, start=1):
        output.say(f"  {number}. {output.text(f'cli.ask.{question}.{value}')}")
    typed = _typed(f"[{default + 1}]")
    chosen = int(typed) - 1 if typed.isdigit() and 0 < int(typed) <= len(values) else default
    return values[chosen]


def show_plan(model: str, download_bytes: int, output: Output) -> None:
    size = output.text.size(download_bytes)
    output.say("", output.text("cli.walk.plan", model=model, size=size))


def agreed(output: Output) -> bool:
    """Consent is the word itself; Enter alone changes nothing on the computer."""
    return _typed(output.text("cli.walk.agree")).lower() in ("y", "yes", "是", "好")


def _typed(prompt: str) -> str:
    """What the person types. Ctrl-C and the end of the input mean: stop here.

    Raises: Cancelled.
    """
    asked_to_stop = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(f"{prompt} ").strip()
    except (EOFError, KeyboardInterrupt) as error:
        raise Cancelled from error
    finally:
        signal.signal(signal.SIGINT, asked_to_stop)
