"""What a voice is called and what its JSON says, complete for piper-tts, Home Assistant and sherpa-onnx. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pod_image.contract.phoneme_types import PhonemeType
from pod_image.phonemes.symbols import SYMBOL_IDS, symbols_of
from pod_image.recipes.piper.languages import english_name, language_block
from pod_image.recipes.piper.quality import HOP_SAMPLES, SYMBOLS, Quality

NOISE_SCALE, LENGTH_SCALE, NOISE_W = 0.667, 1.0, 0.8
PIPER_VERSION = "1.0.0"


@dataclass(frozen=True)
class VoiceIdentity:
    """Who a voice is. `speakers` lists names by id and is empty for one without a name."""

    name: str
    language: str
    quality: Quality
    sample_rate_hz: int
    espeak_voice: str
    speakers: tuple[str, ...] = ()
    phoneme_type: PhonemeType = PhonemeType.ESPEAK
    symbols: Mapping[str, int] | None = None
    """Each with its id, where they are not simply the kind's own."""

    @property
    def symbol_ids(self) -> Mapping[str, int]:
        return symbols_of(self.phoneme_type) if self.symbols is None else self.symbols

    @property
    def stem(self) -> str:
        """File name without `.onnx`: the form that voice lists parse, such as `en_US-anna-x_low`."""
        return f"{self.language}-{self.name}-{self.quality.value}"

    @property
    def speaker_count(self) -> int:
        return max(1, len(self.speakers))

    def to_json(self) -> dict[str, Any]:
        """The document beside the `.onnx`."""
        is_several = len(self.speakers) > 1
        return {
            "audio": {"sample_rate": self.sample_rate_hz, "quality": self.quality.value},
            "espeak": {"voice": self.espeak_voice},
            "language": language_block(self.language),
            "inference": {
                "noise_scale": NOISE_SCALE,
                "length_scale": LENGTH_SCALE,
                "noise_w": NOISE_W,
            },
            "phoneme_type": self.phoneme_type.value,
            "phoneme_map": {},
            "phoneme_id_map": {symbol: [number] for symbol, number in self.symbol_ids.items()},
            "num_symbols": SYMBOLS,
            "num_speakers": self.speaker_count,
            "speaker_id_map": {n: i for i, n in enumerate(self.speakers)} if is_several else {},
            "hop_length": HOP_SAMPLES,
            "piper_version": PIPER_VERSION,
            # Home Assistant finds a voice only where this is the name of its file.
            "dataset": self.stem,
        }

    def onnx_metadata(self) -> dict[str, str]:
        """What sherpa-onnx reads from the `.onnx` itself."""
        return {
            "model_type": "vits",
            "comment": "piper",
            "language": english_name(self.language),
            "voice": self.espeak_voice,
            "has_espeak": str(int(self.phoneme_type is PhonemeType.ESPEAK)),
            "has_g2pw": "0",
            "n_speakers": str(self.speaker_count),
            "sample_rate": str(self.sample_rate_hz),
            "version": "1",
        }


def tokens_text(symbols: Mapping[str, int] = SYMBOL_IDS) -> str:
    """sherpa-onnx's `tokens.txt`: a symbol and its id on each line. It ends at a symbol of more than one code point."""
    single = {symbol: number for symbol, number in symbols.items() if len(symbol) == 1}
    return "".join(f"{symbol} {number}\n" for symbol, number in single.items())
