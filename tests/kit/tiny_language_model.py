"""A language model of some thousand random weights, as transformers reads it: bytes for tokens, two layers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

WIDTH, INNER, LAYERS, HEADS = 32, 64, 2, 2
MARKS = ("<pad>", "<s>", "</s>")
LETTERS = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256))]
# The letters that byte-level tokenizers write for bytes that cannot be printed: 256 and on.
LETTERS += [chr(256 + number) for number in range(256 - len(LETTERS))]
WORDS = {letter: number for number, letter in enumerate([*MARKS, *LETTERS])}
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "dtype": "float32",
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS,
    "max_position_embeddings": 128,
    "vocab_size": len(WORDS),
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def tiny_language_model(folder: Path) -> Path:
    """Write its files into `folder`; the same ones each time."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "model.safetensors").write_bytes(_weights())
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    marks = {f"{name}_token": mark for name, mark in zip(("pad", "bos", "eos"), MARKS, strict=True)}
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", **marks})
    )
    return folder


def _weights() -> bytes:
    """In the form of safetensors: the length of a JSON header, the header, the numbers."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (len(WORDS), WIDTH),
        "model.norm.weight": (WIDTH,),
        "lm_head.weight": (len(WORDS), WIDTH),
    }
    for layer in range(LAYERS):
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            shapes[f"model.layers.{layer}.self_attn.{name}.weight"] = (WIDTH, WIDTH)
        for name in ("gate_proj", "up_proj"):
            shapes[f"model.layers.{layer}.mlp.{name}.weight"] = (INNER, WIDTH)
        shapes[f"model.layers.{layer}.mlp.down_proj.weight"] = (WIDTH, INNER)
        for name in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"model.layers.{layer}.{name}.weight"] = (WIDTH,)
    random, header, data = np.random.default_rng(1), {}, b""
    for name, shape in shapes.items():
        numbers = np.ones(shape) if len(shape) == 1 else random.normal(0, 0.02, shape)
        raw = numbers.astype("<f4").tobytes()
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        data += raw
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    return len(head).to_bytes(8, "little") + head + data


def _tokenizer() -> dict[str, object]:
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    marks = [
        {"id": WORDS[mark], "content": mark, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for mark in MARKS
    ]  # fmt: skip
    return {
        "version": "1.0",
        "added_tokens": marks,
        "pre_tokenizer": byte_level,
        "decoder": byte_level,
        "model": {"type": "BPE", "vocab": WORDS, "merges": []},
    }
