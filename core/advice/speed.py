"""How fast a model will write, as a range that says it is an estimate.

Writing is bound by how fast the weights can be read: seconds per token are the bytes read divided
by the bandwidth that a model really gets, plus a fixed time per layer. Fitted on 17 published rows
of discrete cards (13 within 5 %, worst 17 %); the other shares are from published runs.
"""

from __future__ import annotations

from core.advice.cards import card_of, find_card
from core.domain import Catalog, Cpu, Device, Gpu, Model, Quant, Speed, known

DISCRETE_EFFICIENCY = 0.81
LAYER_S = 40e-6
MOE_LAYER_S = 120e-6  # experts cost more calls per layer: 100 to 140 µs measured
PROCESSOR_EFFICIENCY = (0.5, 0.7)  # 0.60 Raspberry Pi 5, 0.64 Ryzen with DDR5

# Around the formula: the worst of the fitted rows. Around the flat shares: shared-memory chips came
# within a tenth of theirs, data-centre cards got a third more with the largest models.
SPREAD = (0.8, 1.2)
WIDE_SPREAD = (0.8, 1.3)

# Where the bandwidth is not known, in GB/s: slowest and fastest of the usual kinds. Processors:
# Raspberry Pi 5, one channel of DDR4-3200, two channels of DDR5-5600. Cards: GTX 1050 Ti to RTX
# 4090. Shared memory: one channel of LPDDR5 to the largest laptop chips.
PROCESSOR_ARM_GBS, PROCESSOR_X86_GBS, PROCESSOR_FAST_GBS = 17.1, 25.6, 89.6
CARD_GBS = (112.0, 1008.0)
SHARED_GBS = (51.2, 546.0)

USED_CONTEXT = 1024  # tokens already in the conversation; a longer one is slower
COMFORTABLE_TOKENS_PER_S = 8.0  # below this, waiting for a model that thinks first is no pleasure


def predict_speed(
    model: Model, quant: Quant, device: Device, catalog: Catalog, cpu: Cpu, arch: str
) -> Speed:
    """Tokens per second when all of the model is on this device."""
    if device.gpu is None:
        low, high = _on_processor(model, quant, catalog, cpu, arch)
    else:
        low, high = _on_card(model, quant, device.gpu, catalog)
    return Speed(tokens_per_s=(round(low, 1), round(high, 1)), basis="estimate")


def bandwidth_known(device: Device, catalog: Catalog, cpu: Cpu) -> bool:
    """Whether the range is narrow because the hardware is known, or wide because it is not."""
    if device.gpu is not None:
        return card_of(catalog, device.gpu) is not None
    return _processor_gbs(catalog, cpu) is not None


def active_bytes(model: Model, quant: Quant) -> float:
    """What is read from memory for one token. Of a model with experts only the used share is."""
    weights = (quant.size_bytes - quant.token_embd_bytes) * model.params_active / model.params_total
    return weights + (model.kv_bytes_per_token_f16 or 0) * USED_CONTEXT


def _on_card(model: Model, quant: Quant, gpu: Gpu, catalog: Catalog) -> tuple[float, float]:
    card = card_of(catalog, gpu)
    if card is None or card.memory_bandwidth_gbs is None:
        slow, fast = SHARED_GBS if gpu.unified_memory else CARD_GBS
        low, high = _formula(model, quant, slow), _formula(model, quant, fast)
    elif card.efficiency is None:
        low = high = _formula(model, quant, card.memory_bandwidth_gbs)
    else:
        flat = card.memory_bandwidth_gbs * 1e9 * card.efficiency / active_bytes(model, quant)
        return flat * WIDE_SPREAD[0], flat * WIDE_SPREAD[1]
    return low * SPREAD[0], high * SPREAD[1]


def _formula(model: Model, quant: Quant, bandwidth_gbs: float) -> float:
    layer_s = LAYER_S if model.params_active == model.params_total else MOE_LAYER_S
    reading_s = active_bytes(model, quant) / (bandwidth_gbs * 1e9 * DISCRETE_EFFICIENCY)
    return 1 / (reading_s + model.layers * layer_s)


def _on_processor(
    model: Model, quant: Quant, catalog: Catalog, cpu: Cpu, arch: str
) -> tuple[float, float]:
    found = _processor_gbs(catalog, cpu)
    slowest = PROCESSOR_X86_GBS if arch == "x86_64" else PROCESSOR_ARM_GBS
    slow, fast = (slowest, PROCESSOR_FAST_GBS) if found is None else (found, found)
    per_gbs = 1e9 / active_bytes(model, quant)
    return slow * PROCESSOR_EFFICIENCY[0] * per_gbs, fast * PROCESSOR_EFFICIENCY[1] * per_gbs


def _processor_gbs(catalog: Catalog, cpu: Cpu) -> float | None:
    if cpu.memory_bandwidth_gbs is not None:
        return cpu.memory_bandwidth_gbs
    name = known(cpu.name)
    card = find_card(catalog, name, None) if name else None
    return card.memory_bandwidth_gbs if card else None
