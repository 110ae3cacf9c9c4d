"""What autograd keeps of a decoder layer, counted in this release against the estimate's count."""

from __future__ import annotations

from typing import Any

import pytest

from gemma_compat.memory import Adapter, Setup, read_shape
from gemma_compat.memory.layers import Count
from gemma_compat.memory.weights import tensors
from gemma_compat.tables import checkpoints
from tests import tiny

torch = pytest.importorskip("torch")
tf = pytest.importorskip("transformers")
if int(tf.__version__.partition(".")[0]) < 5:
    pytest.skip("before 5 a mask is built on a CPU where a GPU has none", allow_module_level=True)
TOKENS = 256  # so many that the scales of norms do not count
NEAR = 0.04


def kept(model: Any, index: int) -> float:
    """Bytes a token of the tensors that layer ``index`` saves for the backward pass."""
    layers = next(m.layers for m in model.modules() if hasattr(m, "layers"))
    inside: list[bool] = [False]
    handles = [
        layers[index].register_forward_pre_hook(lambda *_: inside.__setitem__(0, True)),
        layers[index].register_forward_hook(lambda *_: inside.__setitem__(0, False)),
    ]
    parameters = {p.untyped_storage().data_ptr() for p in model.parameters()}
    found: dict[int, int] = {}
    alive = []

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if inside[0] and storage.data_ptr() not in parameters and tensor.numel() >= TOKENS:
            alive.append(tensor)
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    ids = torch.randint(5, 200, (1, TOKENS))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        with torch.autocast("cpu", torch.bfloat16):
            model(input_ids=ids, labels=ids, use_cache=False)
    for handle in handles:
        handle.remove()
    return sum(found.values()) / TOKENS


@pytest.mark.parametrize("trained", ["all", "adapter"])
@pytest.mark.parametrize("family", ["gemma3_text", "gemma4_text"])
def test_a_layer_keeps_what_is_counted(family: str, trained: str) -> None:
    make = getattr(tiny, family, None)
    if make is None:
        pytest.skip(f"no tiny {family}")
    try:
        cls, config = make(tf, sliding_window=512)  # so that sdpa gets no mask
    except AttributeError:
        pytest.skip(f"this release has no {family}")
    config._attn_implementation = "sdpa"
    model = cls(config).to(torch.bfloat16).train()
    adapter = None
    if trained == "adapter":
        peft = pytest.importorskip("peft")
        names = r".*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"
        model = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules=names))
        adapter = Adapter(rank=4)
    shape = read_shape(config.to_dict())
    setup = Setup(tokens=TOKENS, adapter=adapter)
    counted = sum(Count(shape, shape.layers[0], setup).per_token())
    assert counted == pytest.approx(kept(model, 0), rel=NEAR)


@pytest.mark.parametrize(
    "name",
    ["gemma-4-12B", "embeddinggemma-2", "embeddinggemma-300m", "gemma-3-4b-it", "gemma-4-E2B"],
)
def test_a_published_model_has_as_many_numbers_as_transformers_builds(name: str) -> None:
    found = checkpoints.find(name)
    assert found is not None
    (architecture,) = found.config["architectures"]
    if not hasattr(tf, architecture):
        pytest.skip(f"this release has no {architecture}")
    cls = getattr(tf, architecture)
    with torch.device("meta"):
        model = cls(cls.config_class(**found.config))
    built = sum(parameter.numel() for parameter in model.parameters())
    assert tensors(read_shape(found.config)).all == pytest.approx(built, rel=0.005)
