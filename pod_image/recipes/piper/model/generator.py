"""The whole generator: text, posterior, flow, durations and decoder put together for training and for speaking."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pod_image.recipes.piper.alignment import durations_of_best_paths
from pod_image.recipes.piper.model.decoder import Decoder
from pod_image.recipes.piper.model.durations import DurationPredictor
from pod_image.recipes.piper.model.flow import Draw, Flow, PosteriorEncoder
from pod_image.recipes.piper.model.layers import length_mask
from pod_image.recipes.piper.model.text import TextEncoder
from pod_image.recipes.piper.quality import (
    SEGMENT_FRAMES,
    SPEAKER_WIDTH,
    SYMBOLS,
    Sizes,
)


@dataclass(frozen=True)
class ForwardResult:
    """What one training pass yields. Frames are T, phonemes N, channels C.

    `sound` [B, 1, 8192] is the fake slice that begins at frame `starts` [B]; `duration_nll` [B] is in nats;
    `z_p`, `m_p`, `logs_p`, `logs_q` are [B, C, T] for the KL term under `frame_mask` [B, 1, T].
    """

    sound: Tensor
    starts: Tensor
    duration_nll: Tensor
    durations: Tensor
    text_mask: Tensor
    frame_mask: Tensor
    z_p: Tensor
    m_p: Tensor
    logs_p: Tensor
    logs_q: Tensor


class Generator(nn.Module):
    """VITS with Piper's tensor names. `speakers` above one adds a speaker embedding to every part but the text."""

    def __init__(self, sizes: Sizes, *, symbols: int = SYMBOLS, speakers: int = 1) -> None:
        super().__init__()
        self.sizes, self.symbols, self.speakers = sizes, symbols, speakers
        width = SPEAKER_WIDTH if speakers > 1 else 0
        self.enc_p = TextEncoder(sizes, symbols)
        self.dec = Decoder(sizes, width)
        self.enc_q = PosteriorEncoder(sizes, width)
        self.flow = Flow(sizes, width)
        self.dp = DurationPredictor(sizes, width)
        if speakers > 1:
            self.emb_g = nn.Embedding(speakers, SPEAKER_WIDTH)

    def forward(
        self,
        ids: Tensor,
        id_lengths: Tensor,
        spectrogram: Tensor,
        frame_lengths: Tensor,
        speaker_ids: Tensor | None = None,
        *,
        starts: Tensor | None = None,
        draw: Draw = torch.randn_like,
    ) -> ForwardResult:
        """One training pass: ids [B, N], linear spectrogram [B, 513, T]; every clip has T >= N and T >= 32 frames."""
        speaker = self._speaker(speaker_ids)
        text, m_p, logs_p, text_mask = self.enc_p(ids, id_lengths)
        frame_mask = length_mask(frame_lengths, spectrogram.shape[2], torch.float32)
        z, _, logs_q = self.enc_q(spectrogram, frame_mask, speaker, draw)
        z_p = self.flow(z, frame_mask, speaker)
        with torch.autocast(z.device.type, enabled=False):
            text, m_p, logs_p, z_p = text.float(), m_p.float(), logs_p.float(), z_p.float()
            text_mask = text_mask.float()
            durations = self._align(z_p, m_p, logs_p, id_lengths, frame_lengths)
            path = spread(durations, frame_mask.shape[2]).to(z_p.dtype)
            nll = self.dp(text, text_mask, durations[:, None].float(), _float(speaker), draw)
            m_p, logs_p = m_p @ path, logs_p @ path
        if starts is None:
            starts = random_starts(frame_lengths)
        sound = self.dec(slices(z, starts, SEGMENT_FRAMES), speaker)
        return ForwardResult(
            sound.float(), starts, nll, durations, text_mask, frame_mask, z_p, m_p, logs_p, logs_q
        )

    def speak(
        self,
        ids: Tensor,
        id_lengths: Tensor,
        speaker_ids: Tensor | None = None,
        *,
        noise_scale: float | Tensor = 0.667,
        length_scale: float | Tensor = 1.0,
        noise_w: float | Tensor = 0.8,
        draw: Draw = torch.randn_like,
    ) -> Tensor:
        """Waveform [B, 1, samples] of phoneme ids [B, N]; padding of shorter sentences is near silence."""
        speaker = self._speaker(speaker_ids)
        text, m_p, logs_p, text_mask = self.enc_p(ids, id_lengths)
        log_durations = self.dp.predict(text, text_mask, speaker, noise_w, draw)
        durations = torch.ceil(log_durations.exp() * text_mask * length_scale)[:, 0]
        frame_lengths = durations.sum(dim=1).clamp_min(1).long()
        frame_mask = length_mask(frame_lengths, frame_lengths.max(), text_mask.dtype)
        path = spread(durations, frame_lengths.max()).to(m_p.dtype)
        m_p, logs_p = m_p @ path, logs_p @ path
        z_p = m_p + draw(m_p) * logs_p.exp() * noise_scale
        z = self.flow(z_p, frame_mask, speaker, reverse=True)
        sound: Tensor = self.dec(z * frame_mask, speaker)
        return sound

    def _speaker(self, speaker_ids: Tensor | None) -> Tensor | None:
        if self.speakers == 1:
            return None
        if speaker_ids is None:
            raise ValueError("a voice of several speakers needs a speaker id for each clip")
        embedded: Tensor = self.emb_g(speaker_ids)
        return embedded.unsqueeze(-1)

    @torch.no_grad()
    def _align(
        self, z_p: Tensor, m_p: Tensor, logs_p: Tensor, id_lengths: Tensor, frame_lengths: Tensor
    ) -> Tensor:
        """Frames of each phoneme [B, N] on the likeliest monotonic path (Glow-TTS, arXiv 2005.11129)."""
        return durations_of_best_paths(log_likelihood(z_p, m_p, logs_p), frame_lengths, id_lengths)


def log_likelihood(z_p: Tensor, m_p: Tensor, logs_p: Tensor) -> Tensor:
    """[B, T, N]: how likely each frame is under each phoneme's Gaussian, summed over channels."""
    precision = torch.exp(-2 * logs_p)
    constant = (-0.5 * math.log(2 * math.pi) - logs_p).sum(dim=1, keepdim=True)
    squares = (-0.5 * z_p.square()).transpose(1, 2) @ precision
    products = z_p.transpose(1, 2) @ (m_p * precision)
    means = (-0.5 * m_p.square() * precision).sum(dim=1, keepdim=True)
    return constant + squares + products + means


def spread(durations: Tensor, frames: int | Tensor) -> Tensor:
    """[B, N, T]: true where frame t belongs to phoneme n."""
    ends = durations.cumsum(dim=1)[:, :, None]
    places = torch.arange(frames, device=durations.device)  # type: ignore[arg-type]
    return (places >= ends - durations[:, :, None]) & (places < ends)


def random_starts(frame_lengths: Tensor) -> Tensor:
    """A first frame for each clip's training slice, [B]."""
    room = (frame_lengths - SEGMENT_FRAMES + 1).clamp_min(1)
    draws = torch.rand(frame_lengths.shape, device=frame_lengths.device)
    return (draws * room).long()


def slices(x: Tensor, starts: Tensor, length: int) -> Tensor:
    """[B, C, length]: from each clip of [B, C, T] the stretch that begins at its start, by one indexing operation."""
    index = starts[:, None] + torch.arange(length, device=x.device)[None, :]
    return x.gather(2, index[:, None, :].expand(-1, x.shape[1], -1))


def _float(x: Tensor | None) -> Tensor | None:
    return None if x is None else x.float()
