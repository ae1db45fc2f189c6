"""The network of a Piper voice: generator and discriminators, with the tensor names that published voices use."""

from pod_image.recipes.piper.model.discriminators import Discriminators, Judgement
from pod_image.recipes.piper.model.generator import ForwardResult, Generator
from pod_image.recipes.piper.model.layers import fold_weights

__all__ = ["Discriminators", "ForwardResult", "Generator", "Judgement", "fold_weights"]
