"""The results of the commands as they are shown: plain data for programs, lines for people."""

from __future__ import annotations

from collections.abc import Mapping

from core.cli.choosing import Chosen
from core.cli.output import Output
from core.domain import Endpoint, Note, Probe, Receipt


def describe(probe: Probe, output: Output) -> list[str]:
    """The computer in a few plain sentences."""
    say = output.text
    lines = [say("cli.detect.system", system=probe.os_version, arch=probe.arch)]
    if isinstance(probe.ram_free_bytes, int) and isinstance(probe.ram_bytes, int):
        free, total = say.size(probe.ram_free_bytes), say.size(probe.ram_bytes)
        lines.append(say("cli.detect.memory", free=free, total=total))
    for gpu in probe.gpus if isinstance(probe.gpus, tuple) else ():
        free = say.size(gpu.vram_free_bytes) if isinstance(gpu.vram_free_bytes, int) else "?"
        lines.append(say("cli.detect.gpu", name=gpu.name, free=free))
    if not probe.gpus or not isinstance(probe.gpus, tuple):
        lines.append(say("cli.detect.no_gpu"))
    for disk in probe.disks:
        if isinstance(disk.free_bytes, int) and "models" in disk.holds:
            lines.append(say("cli.detect.disk", path=disk.path, free=say.size(disk.free_bytes)))
    return lines


def meta_line(data: Mapping[str, object], output: Output) -> str:
    """Where it ran and how fast, under an answer."""
    speed = data["tokens_per_s"]
    tokens = output.text.number(float(str(speed))) if speed is not None else "?"
    first = output.text.number(float(str(data["first_token_s"])))
    line = output.text("cli.chat.meta", model=data["model"], tokens=tokens, first=first)
    return f"{line} {output.text('cli.starter')}" if data["starter"] else line


def endpoint_json(endpoint: Endpoint) -> dict[str, object]:
    """What programs learn of a running model. The key and its place are not part of it."""
    proof = endpoint.proof
    return {
        "model": endpoint.model.id,
        "model_name": endpoint.model.name,
        "starter": endpoint.model.starter,
        "distilled": endpoint.model.distilled,
        "quant": endpoint.quant_name,
        "engine": endpoint.engine.value,
        "provider": endpoint.handle.provider,
        "where": endpoint.where,
        "url": endpoint.url,
        "context": endpoint.context,
        "deployment": endpoint.handle.deployment_id,
        "proof": {
            "answer": proof.answer,
            "first_token_s": round(proof.first_token_s, 3),
            "tokens_per_s": round(proof.tokens_per_s, 2),
        }
        if proof
        else None,
    }


def pending_json(output: Output, chosen: Chosen | None) -> dict[str, object] | None:
    if chosen is None or chosen.pending is None:
        return None
    wanted = chosen.recommended
    return {
        "code": chosen.pending.code.removeprefix("pending."),
        "message": output.text.note(chosen.pending),
        "recommended": wanted.model.id if wanted and wanted.model else None,
    }


def receipt_json(receipt: Receipt, output: Output) -> dict[str, object]:
    def plain(notes: tuple[Note, ...]) -> list[dict[str, object]]:
        return [{"code": n.code, "message": output.text.note(n), **dict(n.params)} for n in notes]

    return {
        "removed": plain(receipt.removed),
        "kept": plain(receipt.kept),
        "freed_bytes": receipt.freed_bytes,
    }


def receipt_lines(receipt: Receipt, output: Output) -> list[str]:
    lines = [f"- {output.text.note(note)}" for note in receipt.removed]
    lines += [f"= {output.text.note(note)}" for note in receipt.kept]
    return [*lines, output.text("cli.down.freed", size=output.text.size(receipt.freed_bytes))]
