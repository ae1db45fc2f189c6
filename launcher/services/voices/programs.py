"""How a finished voice is used elsewhere: short numbered steps for Home Assistant, Piper and sherpa-onnx.

Looked up in November 2026: Home Assistant's Piper app 2.3, wyoming-piper 2.4, piper-tts 1.8, sherpa-onnx 1.13 and 2.0.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from launcher.services.voices.voice_description import DescribedVoice
from pod_image.contract.phoneme_types import PhonemeType

"""Of piper-tts's own, for the voices that need one."""
_SHERPA_FILES = "https://github.com/k2-fsa/sherpa-onnx/releases/download/tts-models"
_NAMED_AT_MOST = 5
_HELLO = "'Hello there.'"


@dataclass(frozen=True)
class UseStep:
    """One step, and the command to copy where there is one."""

    text: str
    command: str = ""


@dataclass(frozen=True)
class Program:
    """A program that speaks with the voice. `files` are those that it needs of the zip."""

    key: str
    title: str
    files: str
    steps: tuple[UseStep, ...]


def programs(described: DescribedVoice) -> tuple[Program, ...]:
    return _home_assistant(described), _piper(described), _sherpa(described)


def how_to(described: DescribedVoice) -> str:
    """The same as a text file that lies beside the voice."""
    return "\n".join([f"The voice {described.stem}", *_lines(described)]) + "\n"


def _lines(described: DescribedVoice) -> Iterator[str]:
    for program in programs(described):
        yield from ("", program.title, f"Needs: {program.files}")
        for number, step in enumerate(program.steps, start=1):
            yield f"{number}. {step.text}"
            if step.command:
                yield f"       {step.command}"


def _home_assistant(described: DescribedVoice) -> Program:
    onnx, beside = f"{described.stem}.onnx", f"{described.stem}.onnx.json"
    copied = " ".join(map(shlex.quote, (onnx, beside)))
    steps = [
        UseStep("Install and start the Piper app: Settings, Apps, Install app, Piper."),
        UseStep(
            "Copy both files into the folder /share/piper, with the Samba, SSH or Studio Code Server app. "
            "Keep their names: the voice is found by them. With SSH:",
            f"scp {copied} root@homeassistant.local:/share/piper/",
        ),
        UseStep(
            "Restart the Piper app. Then reload it under Settings, Devices & services, Wyoming Protocol."
        ),
        UseStep(
            "Choose it under Settings, Voice assistants, your assistant, Text-to-speech: Piper, "
            f"{_language(described)}, {described.stem}. It is listed only under that language."
        ),
    ]
    if described.speaker_count > 1:
        steps.append(
            UseStep(
                "It speaks as the speaker whose number is set in the Piper app's option “speaker”: "
                f"{_numbers(described)}."
            )
        )
    return Program("home-assistant", "Home Assistant", f"{onnx} and {beside}", tuple(steps))


def _piper(described: DescribedVoice) -> Program:
    onnx = f"{described.stem}.onnx"
    extra = (_kind(described) or PhonemeType.ESPEAK).piper_extra
    package = shlex.quote(f"piper-tts[{extra}]") if extra else "piper-tts"
    several = described.speaker_count > 1
    speaker = " --speaker 0" if several else ""
    steps = [
        UseStep("Install Piper.", f"pip install {package}"),
        UseStep(
            "Speak, in the folder with both files.",
            f"piper --model {shlex.quote(onnx)}{speaker} --output-file hello.wav -- {_HELLO}",
        ),
    ]
    if several:
        steps.append(UseStep(f"The speakers by number: {_numbers(described)}."))
    return Program("piper", "Piper", f"{onnx} and {onnx}.json", tuple(steps))


def _sherpa(described: DescribedVoice) -> Program:
    onnx = f"{described.stem}.onnx"
    files = f"{onnx} and tokens.txt"
    if not described.is_read_by_espeak:
        why = "sherpa-onnx reads text for Piper voices only with espeak-ng, which this voice does not use."
        return Program("sherpa-onnx", "sherpa-onnx", files, (UseStep(why),))
    speaker = " --sid=0" if described.speaker_count > 1 else ""
    begins = f"sherpa-onnx-offline-tts --vits-model={shlex.quote(onnx)} --vits-tokens=tokens.txt"
    ends = f"{speaker} --output-filename=hello.wav {_HELLO}"
    steps = [
        UseStep(
            "Version 1 reads text with espeak-ng's data. Fetch it once.",
            f"curl -L {_SHERPA_FILES}/espeak-ng-data.tar.bz2 | tar xj",
        ),
        UseStep("Speak with version 1.", f"{begins} --vits-data-dir=espeak-ng-data{ends}"),
    ]
    if described.language.casefold().replace("-", "_").startswith("en"):
        steps += [
            UseStep(
                "Version 2 has no espeak-ng. For English there is a list of words; fetch it once.",
                f"curl -LO {_SHERPA_FILES}/lexicon-en-us.txt",
            ),
            UseStep("Speak with version 2.", f"{begins} --vits-lexicon=lexicon-en-us.txt{ends}"),
        ]
    else:
        steps.append(
            UseStep(
                "Version 2 has no espeak-ng: it needs phonemes from another program, or a list of words (a lexicon) "
                "of the language. With neither, stay with version 1."
            )
        )
    if described.speaker_count > 1:
        steps.append(UseStep(f"The speakers by number: {_numbers(described)}."))
    return Program("sherpa-onnx", "sherpa-onnx", files, tuple(steps))


def _language(described: DescribedVoice) -> str:
    if described.english_name in ("", described.language):
        return described.language
    return f"{described.english_name} ({described.language})"


def _kind(described: DescribedVoice) -> PhonemeType | None:
    try:
        return PhonemeType(described.phoneme_type)
    except ValueError:
        return None


def _numbers(described: DescribedVoice) -> str:
    named = [f"{number} is {name}" for name, number in described.speakers.items()][:_NAMED_AT_MOST]
    left = described.speaker_count - len(named)
    if not named:
        return f"0 to {described.speaker_count - 1}"
    return ", ".join(named) + (f", and {left:,} more" if left > 0 else "")
