"""What a voice is fed: a text as it is spoken, and its phonemes, one way for check, pod and speaking. No torch."""

from pod_image.phonemes.folding import folded
from pod_image.phonemes.phonemes_error import PhonemesError

__all__ = ["PhonemesError", "folded"]
