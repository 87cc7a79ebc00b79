"""From one recommendation to everything that will be done. Pure: nothing is looked up here."""

from __future__ import annotations

import hashlib

from core.advice.memory import CONTEXT_STEP, need, usable_bytes
from core.advice.placement import fit_on, fits, repacks
from core.domain import (
    Accelerator,
    Choices,
    Device,
    EngineKind,
    Fit,
    Model,
    Plan,
    Profile,
    Quant,
    Recommendation,
    Step,
    known,
)
from core.errors import AppError

# Rough seconds per step, only to share out one bar: a home line of 50 Mbit/s, an engine of half a
# gigabyte where its size is not known, a disk that is read and hashed at 500 MB/s.
_DOWNLOAD_BYTES_PER_S = 6.25e6
_READ_BYTES_PER_S = 5e8
_ENGINE_S = 90.0
_CHECK_S, _CREATE_S, _LOAD_LEAST_S, _REHEARSE_S = 1.0, 2.0, 2.0, 8.0


def make_plan(
    recommendation: Recommendation, choices: Choices, profile: Profile, *, model_folder: str
) -> Plan:
    """The plan of a recommendation with what the person settled.

    Raises: AppError("cannot_set_up", "engine_not_here", "context_not_possible",
    "model_too_large").
    """
    model, quant = recommendation.model, recommendation.quant
    if model is None or quant is None or not recommendation.can_set_up:
        raise AppError("cannot_set_up", remedy="choose_other_plan")
    engine, devices, image = _engine(recommendation, choices, profile)
    context = _context(recommendation, choices, model)
    fit = _fit(recommendation, model, quant, context, devices, profile)
    accelerator = devices[0].accelerator
    download_bytes = 0 if choices.local_file else quant.size_bytes
    return Plan(
        id=_plan_id(model, quant, engine, accelerator, context, choices.local_file),
        model=model,
        quant=quant,
        engine=engine,
        accelerator=accelerator,
        image=image,
        context=context,
        threads=known(profile.probe.cpu.physical_cores),
        repack=repacks(fit),
        model_folder=choices.model_folder or model_folder,
        local_file=choices.local_file,
        download_bytes=download_bytes,
        memory_bytes=fit.needed_bytes,
        steps=_steps(engine, quant, download_bytes),
    )


def _engine(
    recommendation: Recommendation, choices: Choices, profile: Profile
) -> tuple[EngineKind, tuple[Device, ...], str | None]:
    """The engine, what it computes on, and its image where it is a container."""
    advised = recommendation.engine or EngineKind.BUILTIN
    engine = choices.engine or advised
    devices = _devices(recommendation, profile)
    if engine is EngineKind.LLAMA_CPP:
        if not profile.containers or recommendation.image is None:
            raise AppError(
                "engine_not_here",
                remedy="use_builtin",
                field="engine",
                detail=profile.containers_why_not or "no image for this computer",
            )
        return engine, devices, recommendation.image
    if engine is advised or recommendation.accelerator is Accelerator.METAL:
        return engine, devices, None
    # Without a container the built-in engine computes on the processor; only Apple has more.
    return engine, profile.devices[-1:], None


def _devices(recommendation: Recommendation, profile: Profile) -> tuple[Device, ...]:
    """What the advice laid the model out on, as this computer has it now: its free memory may have
    changed since, and equal cards are told apart by their order."""
    here = list(profile.devices)
    found = []
    for part in recommendation.fit.parts if recommendation.fit else ():
        wanted = (part.device.name, part.device.accelerator)
        same = next((each for each in here if (each.name, each.accelerator) == wanted), None)
        if same is not None:
            here.remove(same)
            found.append(same)
    if not found or len(found) < len(recommendation.fit.parts if recommendation.fit else ()):
        # Advice for another computer than the one the plan is for.
        params = {"kind": recommendation.kind.value}
        raise AppError("cannot_set_up", params, remedy="choose_other_plan")
    return tuple(found)


def _fit(
    recommendation: Recommendation,
    model: Model,
    quant: Quant,
    context: int,
    devices: tuple[Device, ...],
    profile: Profile,
) -> Fit:
    """The advised one, or how it lies with what the person changed."""
    advised = recommendation.fit
    same = advised is not None and devices == tuple(part.device for part in advised.parts)
    if advised is not None and same and context == recommendation.context:
        return advised
    fit = (
        fit_on(model, quant, context, devices[0], profile)
        if len(devices) == 1
        else next(iter(fits(model, quant, context, profile, devices)), None)
    )
    if fit is None:
        raise _too_large(model, quant, context, devices[0])
    return fit


def _context(recommendation: Recommendation, choices: Choices, model: Model) -> int:
    context = recommendation.context if choices.context is None else choices.context
    if not CONTEXT_STEP <= context <= model.max_context:
        raise AppError(
            "context_not_possible",
            {"context": context, "least": CONTEXT_STEP, "most": model.max_context},
            remedy="change_context",
            field="context",
        )
    return context


def _too_large(model: Model, quant: Quant, context: int, device: Device) -> AppError:
    what = need(model, quant, context, device.accelerator, repack=False)
    needed = what.total_bytes if what else quant.size_bytes
    return AppError(
        "model_too_large",
        {"model": model.name},
        remedy="choose_smaller",
        detail=f"needs {needed} bytes, {usable_bytes(device)} may be used on {device.name}",
    )


def _plan_id(
    model: Model,
    quant: Quant,
    engine: EngineKind,
    accelerator: Accelerator,
    context: int,
    local_file: str | None,
) -> str:
    parts = (model.id, quant.name, engine, accelerator, str(context), local_file or "")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _steps(engine: EngineKind, quant: Quant, download_bytes: int) -> tuple[Step, ...]:
    read_s = quant.size_bytes / _READ_BYTES_PER_S
    fetch_s = download_bytes / _DOWNLOAD_BYTES_PER_S if download_bytes else read_s
    steps = [Step(id="check_engine", weight=_CHECK_S)]
    if engine is EngineKind.LLAMA_CPP:
        steps.append(Step(id="fetch_engine", weight=_ENGINE_S))
    steps += [
        Step(id="fetch_model", weight=max(1.0, fetch_s), total_bytes=quant.size_bytes),
        Step(id="create", weight=_CREATE_S),
        Step(id="load", weight=_LOAD_LEAST_S + read_s),
        Step(id="rehearse", weight=_REHEARSE_S),
    ]
    return tuple(steps)
