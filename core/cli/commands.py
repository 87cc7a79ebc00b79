"""What each word of the command line does. Each act calls the core and prints one result."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from core.advice.advice_json import advice_json
from core.advice.cost import default_inputs
from core.advice.offers import parse_offers
from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.assembly import Assembly
from core.cli import shown
from core.cli.advice_lines import Lines
from core.cli.all_lines import all_lines
from core.cli.assume import assume
from core.cli.choosing import Chosen, Wishes, choose
from core.cli.output import Output
from core.cli.own_file import own_file_json, own_file_lines, read_model, tell
from core.domain import (
    Answers,
    ChatDelta,
    ChatDone,
    Endpoint,
    EndpointState,
    EngineKind,
    Message,
    Money,
    Offers,
    Plan,
    Probe,
    Profile,
    Sensitivity,
)
from core.edges.travel_files import decode_answers, decode_probe, encode_probe
from core.errors import AppError
from core.machine.detect import detect
from core.progress import CancelToken
from core.providers.engine_failures import failure
from core.serve import endpoint as serving
from core.serve.chat import stream_chat
from core.setup import sources
from core.setup.deploy import deploy
from core.setup.gguf_check import check_gguf
from core.setup.plan import make_plan

Act = Callable[[Assembly, Namespace, Output, CancelToken], None]

# Until the person has answered: what they type stays here, nothing is spent, for a year.
DEFAULT_ANSWERS = Answers(
    sensitivity=Sensitivity.PRIVATE,
    budget=Money(amount=Decimal(0), currency="USD"),
    horizon_months=12,
)


def read_file(path: str) -> bytes:
    """Raises: AppError("file_not_readable")."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise AppError(
            "file_not_readable", {"path": path}, remedy="fix_file", detail=error.strerror or ""
        ) from error


def look(assembly: Assembly, options: Namespace, output: Output, token: CancelToken) -> Probe:
    if getattr(options, "machine", None):
        return decode_probe(read_file(options.machine))
    places = replace(assembly.places, models=Path(assembly.model_folder))
    return detect(output.progress, token, places=places)


def answers_of(assembly: Assembly, options: Namespace) -> Answers:
    if getattr(options, "answers", None):
        return decode_answers(read_file(options.answers))
    return assembly.settings.answers or DEFAULT_ANSWERS


def detect_command(
    assembly: Assembly, options: Namespace, output: Output, token: CancelToken
) -> None:
    probe = look(assembly, options, output, token)
    output.result(encode_probe(probe), *shown.describe(probe, output))


def profile_of(
    assembly: Assembly, options: Namespace, output: Output, token: CancelToken
) -> Profile:
    """The computer that is asked about, with what was measured on it where it is this one."""
    probe = look(assembly, options, output, token)
    measured = () if getattr(options, "machine", None) else assembly.measured()
    return build_profile(probe, answers_of(assembly, options), measured)


def offers_of(assembly: Assembly, options: Namespace) -> Offers:
    """The prices of the catalogue, or of the person's own file.

    Raises: AppError("file_not_readable"), AppError("prices_file_invalid").
    """
    if not options.prices:
        return assembly.offers
    try:
        return parse_offers(read_file(options.prices), assembly.offers.today)
    except AppError as error:
        if not error.code.startswith("catalog_"):
            raise
        raise AppError(
            "prices_file_invalid",
            {"path": options.prices},
            remedy="fix_prices",
            field="prices",
            detail=error.detail or f"format {error.params.get('found', '?')}",
        ) from error


def recommend_command(
    assembly: Assembly, options: Namespace, output: Output, token: CancelToken
) -> None:
    if options.gguf:
        own_file_command(assembly, options, output, token)
        return
    answers = answers_of(assembly, options)  # what is wrong in a file is said before a look
    offers = offers_of(assembly, options)
    inputs = assume(default_inputs(answers, offers), options.assume)
    profile = profile_of(assembly, options, output, token)
    advice = recommend(profile, assembly.catalog, offers, inputs)
    lines = Lines(say=output.text, answers=answers, everything=options.all)
    shown_lines = lines.advice(advice)
    if options.all:
        shown_lines += all_lines(advice, lines, offers.today)
    else:
        shown_lines += ["", output.text("cli.more")]
    output.result(advice_json(advice), *shown_lines)


def own_file_command(
    assembly: Assembly, options: Namespace, output: Output, token: CancelToken
) -> None:
    """Memory, fit and speed of one model file, known to the catalogue or not."""
    model, quant = read_model(options.gguf, token)
    profile = profile_of(assembly, options, output, token)
    told = tell(model, quant, profile, assembly.catalog)
    lines = Lines(say=output.text, answers=profile.answers, everything=options.all)
    output.result(
        own_file_json(options.gguf, model, quant, told), *own_file_lines(model, quant, told, lines)
    )


def up_command(assembly: Assembly, options: Namespace, output: Output, token: CancelToken) -> None:
    chosen = None
    plan = _kept_plan(assembly, options)
    if plan is None:
        profile = profile_of(assembly, options, output, token)
        chosen, plan = plan_for(assembly, profile, wishes_of(options))
    if plan.local_file:
        check_own_file(Path(plan.local_file))
    if not options.yes:
        raise AppError(
            "consent_needed",
            {"model": plan.model.name, "download_bytes": download_bytes(plan)},
            remedy="say_yes",
        )
    endpoint = deploy(
        plan, assembly.providers, assembly.journal, assembly.places, output.progress, token
    )
    pending = chosen.pending if chosen else None
    data = {**shown.endpoint_json(endpoint), "pending": shown.pending_json(output, chosen)}
    where = output.text(f"cli.where.{endpoint.engine.name.lower()}")
    model = output.text.model(endpoint.model)
    lines = [output.text("cli.up.done", model=model, where=where)]
    if pending:
        lines.append(output.text.note(pending))
    output.result(data, *lines)


def files_here(assembly: Assembly) -> frozenset[str]:
    """The names of the model files that need no download."""
    fetched = {path.name for path in Path(assembly.model_folder).glob("*/*.gguf")}
    starters = [m for m in assembly.catalog.models if m.starter]
    came_along = {q.file for m in starters for q in m.quants if sources.packaged_file(m, q)}
    return frozenset(fetched | came_along)


def check_own_file(path: Path) -> None:
    """Looks at the person's own file before anything is written down about it.

    Raises: AppError("file_not_readable", "not_a_model_file", "model_file_truncated").
    """
    if not path.is_file():
        raise AppError("file_not_readable", {"path": str(path)}, remedy="fix_file", field="file")
    try:
        check_gguf(path)
    except AppError as error:
        raise replace(error, remedy="choose_file", field="file") from error


def download_bytes(plan: Plan) -> int:
    """What would really be fetched: the starter model may have come with the app."""
    return 0 if sources.packaged(plan) else plan.download_bytes


def wishes_of(options: Namespace) -> Wishes:
    own = Path(options.file).absolute() if options.file else None
    return Wishes(
        model=options.model,
        quant=options.quant,
        file=str(own) if own else None,
        file_bytes=own.stat().st_size if own and own.is_file() else None,
        engine=EngineKind(options.engine) if options.engine else None,
        context=options.context,
        starter=options.starter,
    )


def plan_for(assembly: Assembly, profile: Profile, wishes: Wishes) -> tuple[Chosen, Plan]:
    """Decides and plans; nothing is changed yet."""
    here = files_here(assembly)
    if wishes.model or wishes.quant:  # the download knows what is missing of what is half here
        parts = Path(assembly.model_folder).glob("*/*.gguf.part")
        here |= {path.name.removesuffix(".part") for path in parts}
    chosen = choose(profile, assembly.catalog, assembly.offers, wishes, here)
    plan = make_plan(
        chosen.recommendation, chosen.choices, profile, model_folder=assembly.model_folder
    )
    return chosen, plan


def _kept_plan(assembly: Assembly, options: Namespace) -> Plan | None:
    """The plan that is under way or done already, if nothing else is asked for.

    What was begun last is gone on with. A running model takes memory, so that looking again would
    recommend less.
    """
    asked = (options.model, options.quant, options.file, options.engine, options.context)
    if any(asked) or options.starter or options.machine or options.answers:
        return None
    deployment = assembly.journal.pending() or assembly.journal.current()
    return deployment.plan if deployment else None


def status_command(
    assembly: Assembly, _options: Namespace, output: Output, _token: CancelToken
) -> None:
    now = serving.current(assembly.journal, assembly.providers)
    state = state_word(now)
    pending = assembly.journal.pending()
    aside = damaged_files(assembly)
    data: dict[str, object] = {
        "state": state,
        "setting_up": pending.plan.model.id if pending else None,
        "set_aside": [str(path) for path in aside],
        "overridden": list(assembly.places.overridden),
    }
    if now.endpoint:
        data |= shown.endpoint_json(now.endpoint)
    elif now.deployment:
        data["model"] = now.deployment.plan.model.id
    if now.status.note:
        data["note"] = now.status.note
    model = output.text.model(now.deployment.plan.model) if now.deployment else ""
    lines = [output.text(f"cli.state.{state}", model=model)]
    if now.status.note:
        lines.append(output.text.error(failure(now.status))["happened"])
    if pending and state != "setting_up":
        lines.append(
            output.text("cli.state.setting_up", model=output.text.model(pending.plan.model))
        )
    lines += [output.text("cli.set_aside", path=path) for path in aside]
    output.result(data, *lines)


def state_word(now: serving.Current) -> str:
    """The state of an endpoint, or why there is none yet."""
    if now.deployment is None:
        return "nothing_set_up"
    return now.status.state.value if now.endpoint else "setting_up"


def damaged_files(assembly: Assembly) -> list[Path]:
    """Settings and journals that could not be used, by this run or an earlier one."""
    _ = assembly.journal  # looks at its file, and sets a damaged one aside
    return sorted(assembly.places.state.glob("*.damaged-*"))


def chat_command(
    assembly: Assembly, options: Namespace, output: Output, token: CancelToken
) -> None:
    endpoint = running_endpoint(assembly)
    data = converse(endpoint, options.question, output, token)
    output.result(data, "", shown.meta_line(data, output))


def running_endpoint(assembly: Assembly) -> Endpoint:
    """Raises: AppError("nothing_set_up", "not_running", "endpoint_gone"), or why it failed."""
    now = serving.current(assembly.journal, assembly.providers)
    if now.endpoint is None:
        raise AppError("nothing_set_up", remedy="set_up_first")
    if now.status.state in {EndpointState.FAILED, EndpointState.UNKNOWN}:
        raise failure(now.status)
    if now.status.state is EndpointState.GONE:
        raise AppError("endpoint_gone", remedy="set_up_again")
    if now.status.state is not EndpointState.RUNNING:
        raise AppError("not_running", {"state": now.status.state.value}, remedy="start_it")
    return now.endpoint


def converse(
    endpoint: Endpoint, question: str, output: Output, token: CancelToken
) -> dict[str, object]:
    """Asks one question, streams the answer to a person, and returns it whole."""
    answer, reasoning, done = "", "", None
    for piece in stream_chat(endpoint, (Message(role="user", content=question),), token):
        if isinstance(piece, ChatDelta):
            answer += piece.text
            reasoning += piece.reasoning
            output.stream(piece.text)
        elif isinstance(piece, ChatDone):
            done = piece
    if done is None:
        raise AppError("engine_reply_broken", remedy="try_again", retryable=True)
    return {
        "answer": answer.strip(),
        "reasoning": reasoning.strip(),
        "model": done.model,
        "starter": endpoint.model.starter,
        "where": done.where,
        "engine": endpoint.engine.value,
        "first_token_s": round(done.first_token_s, 3),
        "tokens_per_s": round(done.tokens_per_s, 2) if done.tokens_per_s else None,
        "completion_tokens": done.completion_tokens,
        "prompt_tokens": done.prompt_tokens,
        "finish_reason": done.finish_reason,
    }


def stop_command(
    assembly: Assembly, _options: Namespace, output: Output, _token: CancelToken
) -> None:
    serving.stop(assembly.journal, assembly.providers)
    output.result({"state": "stopped"}, output.text("cli.state.stopped", model=""))


def start_command(
    assembly: Assembly, _options: Namespace, output: Output, token: CancelToken
) -> None:
    endpoint = serving.start(assembly.journal, assembly.providers, output.progress, token)
    data = {"state": "running", **shown.endpoint_json(endpoint)}
    output.result(data, output.text("cli.state.running", model=output.text.model(endpoint.model)))


def down_command(
    assembly: Assembly, options: Namespace, output: Output, _token: CancelToken
) -> None:
    receipt = serving.remove(assembly.journal, assembly.providers, models=options.models)
    output.result(shown.receipt_json(receipt, output), *shown.receipt_lines(receipt, output))


COMMANDS: Mapping[str, Act] = {
    "detect": detect_command,
    "recommend": recommend_command,
    "up": up_command,
    "status": status_command,
    "chat": chat_command,
    "stop": stop_command,
    "start": start_command,
    "down": down_command,
}
