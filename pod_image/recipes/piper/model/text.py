"""The text encoder: phoneme ids to a prior over each phoneme's sound (VITS, arXiv 2106.06103, section 2.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from pod_image.recipes.piper.model.layers import ChannelNorm, length_mask
from pod_image.recipes.piper.quality import Sizes

WINDOW = 4
DROPOUT = 0.1
MASKED_SCORE = -1e4


class RelativeAttention(nn.Module):
    """Self-attention that also sees how far apart two places are, up to four (arXiv 1803.02155).

    The vectors for distances -4..4 are shared by the heads; beyond the window distance adds nothing.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads, self.width = heads, channels // heads
        spread = self.width**-0.5
        self.emb_rel_k = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, self.width) * spread)
        self.emb_rel_v = nn.Parameter(torch.randn(1, 2 * WINDOW + 1, self.width) * spread)
        self.conv_q = nn.Conv1d(channels, channels, 1)
        self.conv_k = nn.Conv1d(channels, channels, 1)
        self.conv_v = nn.Conv1d(channels, channels, 1)
        self.conv_o = nn.Conv1d(channels, channels, 1)
        self.drop = nn.Dropout(DROPOUT)
        for conv in (self.conv_q, self.conv_k, self.conv_v):
            nn.init.xavier_uniform_(conv.weight)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        query = self._by_head(self.conv_q(x)) / math.sqrt(self.width)
        key, value = self._by_head(self.conv_k(x)), self._by_head(self.conv_v(x))
        scores = query @ key.transpose(-2, -1) + self._distance_scores(query)
        both = mask.unsqueeze(2) * mask.unsqueeze(-1)
        weights = self.drop(torch.softmax(scores.masked_fill(both == 0, MASKED_SCORE), dim=-1))
        heard = weights @ value + self._distance_values(weights)
        return self.conv_o(heard.transpose(2, 3).flatten(1, 2))  # type: ignore[no-any-return]

    def _by_head(self, x: Tensor) -> Tensor:
        """[B, C, T] -> [B, heads, T, C / heads]."""
        # Not unflatten: the exporter would write the example's length into the graph.
        return x.view(x.shape[0], self.heads, self.width, x.shape[2]).transpose(2, 3)

    def _distance_scores(self, query: Tensor) -> Tensor:
        """[B, heads, T, T]: query i against the vector of distance j - i; zero outside the window."""
        by_distance = query @ self.emb_rel_k[0].t()
        places = torch.arange(query.shape[2], device=query.device)
        distance = places[None, :] - places[:, None] + WINDOW
        inside = (distance >= 0) & (distance <= 2 * WINDOW)
        index = distance.clamp(0, 2 * WINDOW).expand(query.shape[0], self.heads, -1, -1)
        return by_distance.gather(-1, index) * inside.to(query.dtype)

    def _distance_values(self, weights: Tensor) -> Tensor:
        """[B, heads, T, C / heads]: the window of each row of weights, applied to the vectors of its distances."""
        padded = functional.pad(weights, (WINDOW, WINDOW))
        places = torch.arange(weights.shape[2], device=weights.device)
        offsets = torch.arange(2 * WINDOW + 1, device=weights.device)
        index = (places[:, None] + offsets[None, :]).expand(weights.shape[0], self.heads, -1, -1)
        return padded.gather(-1, index) @ self.emb_rel_v[0]


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv1d(channels, inner, 3, padding=1)
        self.conv_2 = nn.Conv1d(inner, channels, 3, padding=1)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        inner = self.drop(torch.relu(self.conv_1(x * mask)))
        return self.conv_2(inner * mask) * mask  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Attention and feed-forward layers, normalised after each residual sum."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        count = range(sizes.text_layers)
        self.attn_layers = nn.ModuleList(
            RelativeAttention(sizes.hidden, sizes.heads) for _ in count
        )
        self.norm_layers_1 = nn.ModuleList(ChannelNorm(sizes.hidden) for _ in count)
        self.ffn_layers = nn.ModuleList(FeedForward(sizes.hidden, sizes.filter) for _ in count)
        self.norm_layers_2 = nn.ModuleList(ChannelNorm(sizes.hidden) for _ in count)
        self.drop = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x * mask
        layers = (self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2)
        for attend, norm_1, feed, norm_2 in zip(*layers, strict=True):
            x = norm_1(x + self.drop(attend(x, mask)))
            x = norm_2(x + self.drop(feed(x, mask)))
        return x * mask


class TextEncoder(nn.Module):
    """Phoneme ids [B, T] to (hidden, mean, log-deviation) of [B, C, T] each and the mask [B, 1, T]."""

    def __init__(self, sizes: Sizes, symbols: int) -> None:
        super().__init__()
        self.hidden = sizes.hidden
        self.emb = nn.Embedding(symbols, sizes.hidden)
        nn.init.normal_(self.emb.weight, 0.0, sizes.hidden**-0.5)
        self.encoder = Transformer(sizes)
        self.proj = nn.Conv1d(sizes.hidden, 2 * sizes.hidden, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = (self.emb(ids) * math.sqrt(self.hidden)).transpose(1, 2)
        mask = length_mask(lengths, ids.shape[1], x.dtype)
        x = self.encoder(x, mask)
        mean, log_deviation = (self.proj(x) * mask).chunk(2, dim=1)
        return x, mean, log_deviation, mask
