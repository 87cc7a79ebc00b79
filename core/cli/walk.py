"""The wizard's path in a terminal, for a machine without a display: look, ask, set up, answer."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from decimal import Decimal

from core.assembly import Assembly
from core.cli import commands
from core.cli.output import Output
from core.domain import Answers, Money, Sensitivity
from core.progress import CancelToken
from core.setup.deploy import deploy

FIRST_QUESTION = "What is the capital of France?"
_NO_WISHES = {
    "machine": None,
    "answers": None,
    "model": None,
    "quant": None,
    "file": None,
    "engine": None,
    "context": None,
    "starter": False,
    "yes": True,
}


def walk(assembly: Assembly, options: Namespace, output: Output, token: CancelToken) -> None:
    """Walks to an answered question. Asks only where somebody can type; else the first answer
    comes from the starter model, which needs no download, and the rest is said."""
    say = output.text
    somebody = sys.stdin.isatty()
    wishes = Namespace(**{**_NO_WISHES, "starter": not somebody})
    output.say(say("cli.walk.look"))
    probe = commands.look(assembly, wishes, output, token)
    output.say(*commands.describe(probe, output))
    if somebody:
        assembly.save(replace(assembly.settings, answers=ask_three(output)))
    plan = None
    if deployment := assembly.journal.current():
        plan = deployment.plan
        output.say("", say("cli.walk.already", model=plan.model.name))
    else:
        _chosen, plan = commands.plan_for(assembly, wishes, output, token)
        show_plan(plan.model.name, commands.download_bytes(plan), output)
        if somebody and not agreed(output):
            output.say(say("cli.walk.nothing_changed"))
            return
    endpoint = deploy(
        plan, assembly.providers, assembly.journal, assembly.places, output.progress, token
    )
    question = FIRST_QUESTION
    if somebody:
        question = input(f"\n{say('cli.walk.ask')} ").strip() or FIRST_QUESTION
    output.say("", f"> {question}")
    data = commands.converse(endpoint, question, output, token)
    output.result(data, "", commands.meta_line(data, output), "", say("cli.walk.next"))


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
    typed = input(f"[{default + 1}] ").strip()
    chosen = int(typed) - 1 if typed.isdigit() and 0 < int(typed) <= len(values) else default
    return values[chosen]


def show_plan(model: str, download_bytes: int, output: Output) -> None:
    size = output.text.size(download_bytes)
    output.say("", output.text("cli.walk.plan", model=model, size=size))


def agreed(output: Output) -> bool:
    """Consent is the word itself; Enter alone changes nothing on the computer."""
    typed = input(f"{output.text('cli.walk.agree')} ").strip().lower()
    return typed in ("y", "yes", "是", "好")
