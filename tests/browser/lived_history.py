"""What an earlier session of the program would have left: runs in every state, a queue, a study, presets, a voice."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from launcher.domain.labels import LabelName
from launcher.domain.queued import EntryState
from launcher.domain.run import Run, RunState
from launcher.domain.studies.address import StudyAddress
from launcher.domain.studies.kept import study_text, trials_text
from launcher.services.live.journal import Journal
from launcher.stores.heard_samples import HeardSampleStore, sample_key
from launcher.stores.known_studies import KnownStudies
from launcher.stores.queue import QueueStore
from launcher.stores.queue_claims import Claim
from launcher.stores.runs import RunHistory
from launcher.stores.sqlite_file import transaction
from launcher.workshop.transcribing.suggestions import SuggestedWord, Suggestion, SuggestionsFile
from pod_image.contract.bodies import Sample
from pod_image.contract.events import Event, from_line, tells
from pod_image.contract.outcomes import EndReason
from tests.browser.pods import tone
from tests.kit.recognisers import demo_sound, demo_texts
from tests.kit.studies import well_under_way
from tests.kit.tiny_voice import tiny_voice

RECORDINGS = {
    "samples/reference.wav": "A good map is worth more than a fast horse.",
    "samples/reference-02.wav": "Could you please tell me when the next train leaves?",
    "samples/reference-03.wav": "It costs twelve dollars and fifty cents.",
}


def write_history(home: Path, now: datetime | None = None) -> None:
    """Runs in every state, with events, as an earlier session of the program would have left them."""
    now = now or datetime.now(UTC)
    data = home / "data"
    data.mkdir(parents=True, exist_ok=True)
    history = RunHistory(data / "runs.sqlite")
    journal = Journal(data / "events")
    runs = lived_runs(now)
    for run in runs:
        history.add(run)
        for event in _events(run):
            journal.write(run, event)
    with transaction(history._db):
        for run in _older(next(run for run in runs if run.nonce == "finished00")):
            history.add(run)
    _call(history, now)
    history.close()
    _hear(next(run for run in runs if run.nonce == "finished00"), data / "heard")
    write_queue(data, now)
    write_study(data, now)
    write_presets(home / "config" / "presets")
    write_heard(data / "datasets" / "dora")
    write_voice(data / "results" / "demo" / "voice" / "run-01")


def _hear(run: Run, folder: Path) -> None:
    """A recogniser has listened to the samples: the earlier ones it understood less well."""
    said = [event for event in _events(run) if tells(event, Sample) and event.body.kind == "sample"]
    heard = {
        sample_key(one.seq, one.body.path): one.body.text.replace("lazy dog", "lady")
        if one.body.step < said[-1].body.step
        else one.body.text
        for one in said
    }
    HeardSampleStore(folder).note(run.nonce, "base", "en_US", heard)


def write_study(data: Path, now: datetime) -> None:
    """A study that goes on, as it was read last: its repo cannot be read without keys."""
    known, address = KnownStudies(data), StudyAddress("demo/voice", "tune")
    study = well_under_way(now)
    known.remember(address)
    known.keep_copy(address, study_text(study), trials_text(study))


def write_voice(folder: Path) -> None:
    """A voice and its recordings as they lie here after they were brought: without keys nothing else can be had."""
    for name, body in tiny_voice().items():
        (folder / "voice").mkdir(parents=True, exist_ok=True)
        (folder / "voice" / name).write_bytes(body)
    for path in RECORDINGS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(tone(300.0, 0.8))


def _older(one: Run) -> list[Run]:
    """So many ended runs that they take several pages of a list."""
    ends = (EndReason.FINISHED, EndReason.STOPPED, EndReason.TIME_CAP, EndReason.TRAINER_DIED)
    return [
        replace(
            one,
            run_id=f"run-{number:02d}",
            results_repo=f"demo/voice-{number % 3}",
            nonce=f"older{number:05d}",
            planned_at=one.planned_at - timedelta(days=number),
            created_at=one.planned_at - timedelta(days=number),
            ended_at=one.planned_at - timedelta(days=number) + timedelta(minutes=9 * number),
            end_reason=ends[number % len(ends)],
            cost_usd=0.11 * number,
            billed_usd=None,
        )
        for number in range(10, 70)
    ]


def _call(history: RunHistory, now: datetime) -> None:
    for name, notes in (("Anna", ""), ("Anna, calm", "Softer than run-02.\nThe one to keep.")):
        typed = {LabelName.NAME: name, LabelName.TAGS: "keeper, German", LabelName.NOTES: notes}
        history.labels.change("demo/voice", "run-01", typed, now - timedelta(days=1))


def write_queue(data: Path, now: datetime) -> None:
    """Entries in every state, with a budget that some of them do not fit into."""
    store = QueueStore(data / "queue.sqlite")
    store.agree(budget_usd=6.0, at_most=2)
    cheap = {"max_price_usd": 0.3, "priority": 0}
    for agreed, why, rest in (
        (1.38, "", {}),
        (2.07, "", {}),
        (1.2, "No RTX 4090 is free now.", {"priority": 5}),
        (0.9, "The cheapest GPU that fits costs $0.34 an hour now; at most $0.30 an hour was agreed.", cheap),
        (40.0, "", {}),
        (0.5, "", {}),
    ):  # fmt: skip
        document = {"preset": "quality", "settings": {"recipe": "piper"}}
        entry = store.add(
            document, results_repo="demo/voice", place="runpod", agreed_usd=agreed, now=now, **rest
        )
        if why:
            later = now + timedelta(minutes=1)
            store.claims.put_off(entry.number, why=why, not_before=later)
    store.claims.settle(
        _claim(store, 1, "finished00", "run-01", now),
        EntryState.DONE,
        now=now,
        why="The run finished.",
        run_id="run-01",
        cost_usd=0.61,
        end_reason=EndReason.FINISHED,
    )
    store.claims.note_running(_claim(store, 2, "running000", "run-02", now), "run-02")
    store.pause(6)
    store.close()


def _claim(store: QueueStore, number: int, nonce: str, run_id: str, now: datetime) -> Claim:
    entry = store.entry(number)
    lease = now + timedelta(minutes=3)
    claim = store.claims.claim(
        number,
        worker="",
        run_id=run_id,
        most_usd=entry.agreed_usd,
        now=now,
        lease_until=lease,
    )
    assert isinstance(claim, Claim)
    store.claims.note_order(claim, nonce=nonce, pod_name="")
    return claim


def write_presets(folder: Path) -> None:
    """One that can be used, and a file that is none."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "softer.toml").write_text(
        'title = "Softer"\ndescription = "For Anna\'s voice."\n[settings]\nepochs = 400\n', "utf-8"
    )
    (folder / "torn.toml").write_text("[settings\nepochs = 4", "utf-8")


def write_heard(folder: Path) -> None:
    """A dataset whose first clip has a text: of the others some were heard, and one was not understood."""
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    names = list(demo_texts())[:5]
    for name in names:
        shutil.copy(demo_sound(name), folder / "wavs" / name)
    first, *others, last = names
    rows = [f"wavs/{name}|{demo_texts()[name] if name == first else ''}\n" for name in names]
    (folder / "metadata.csv").write_text("".join(rows), "utf-8")
    found = [
        Suggestion(f"wavs/{name}", "0" * 64, "en", "base", _rated(demo_texts()[name]))
        for name in others
    ]
    deaf = Suggestion(f"wavs/{last}", "0" * 64, "en", "base", why_not="Nobody speaks in it.")
    SuggestionsFile(folder).add((*found, deaf))


def _rated(text: str) -> tuple[SuggestedWord, ...]:
    """Short words are sure, long ones are not."""
    words = text.split()
    return tuple(SuggestedWord(each, 0.45 if len(each) > 6 else 0.97) for each in words)


def lived_runs(now: datetime) -> list[Run]:
    settings = (
        '{"recipe": "piper", "dataset_repo": "demo/clips", "results_repo": "demo/voice", '
        '"voice_name": "anna", "quality": "medium", "batch_size": 32, "epochs": 1000, '
        '"gpu_types": [], "max_hours": 8.0, "max_cost_usd": 8.0}'
    )
    base = Run(
        run_id="run-05",
        results_repo="demo/voice",
        attempt=1,
        nonce="running000",
        state=RunState.RUNNING,
        planned_at=now - timedelta(minutes=43),
        pod_name="launcher-run-05-a1-running000",
        pod_id="pod5",
        price_per_hour_usd=0.34,
        gpu_name="RTX 4090",
        max_hours=8.0,
        max_cost_usd=8.0,
        created_at=now - timedelta(minutes=42),
        armed_at=now - timedelta(minutes=39),
        deadline=now + timedelta(hours=7),
        preset="finetune-medium",
        settings_json=settings,
    )

    def ended(number: int, nonce: str, reason: EndReason, minutes: float = 130, **rest: Any) -> Run:
        start = now - timedelta(days=6 - number, hours=3)
        values: dict[str, Any] = {
            "run_id": f"run-0{number}",
            "nonce": nonce,
            "state": RunState.ENDED,
            "planned_at": start,
            "created_at": start,
            "ended_at": start + timedelta(minutes=minutes),
            "end_reason": reason,
            "detail": reason.sentence,
            "cost_usd": 0.74,
            "billed_usd": 0.75,
            **rest,
        }
        return replace(base, **values)

    return [
        replace(
            base,
            run_id="run-07",
            nonce="pictures00",
            pod_id="pod7",
            settings_json='{"recipe": "command", "argv": ["accelerate", "launch"], "results_repo": "demo/lora"}',
        ),
        ended(1, "finished00", EndReason.FINISHED),
        replace(
            ended(1, "capped0000", EndReason.TIME_CAP, minutes=120, cost_usd=0.68, billed_usd=0.68),
            run_id="run-07",
            max_hours=2.0,
            settings_json=settings.replace("anna", "bert").replace("8.0", "2.0"),
        ),
        replace(
            ended(1, "aborted000", EndReason.ABORTED, minutes=4, cost_usd=0.02, billed_usd=None),
            run_id="run-08",
        ),
        ended(
            2,
            "stopped000",
            EndReason.STOPPED,
            billed_usd=None,
            settings_json=settings.replace('"batch_size": 32', '"batch_size": 16'),
        ),
        ended(
            3,
            "failed0000",
            EndReason.FAILED,
            minutes=6,
            detail="The GPU ran out of memory in step 1.",
            cost_usd=0.03,
            billed_usd=0.03,
        ),
        replace(
            base,
            run_id="run-04",
            nonce="overdue000",
            pod_id="pod4",
            deadline=now - timedelta(minutes=20),
            planned_at=now - timedelta(hours=8, minutes=21),
            created_at=now - timedelta(hours=8, minutes=20),
        ),
        base,
        replace(
            base,
            run_id="run-06",
            nonce="starting00",
            pod_id="pod6",
            state=RunState.LAUNCHING,
            armed_at=None,
            planned_at=now - timedelta(seconds=90),
            created_at=now - timedelta(seconds=80),
        ),
    ]


def _events(run: Run) -> list[Event]:
    import json

    if run.nonce in ("starting00", "aborted000"):
        return []
    lines: list[dict[str, Any]] = [{"event": "armed", "works": True}]
    for phase in ("boot", "fetch", "prepare"):
        lines.append({"event": "phase", "phase": phase, "state": "started"})
        lines.append({"event": "phase", "phase": phase, "state": "ended", "seconds": 41.0})
    lines.append({"event": "phase", "phase": "train", "state": "started"})
    is_failed = run.end_reason is EndReason.FAILED
    if not is_failed:
        lines += _pictures(run) if run.nonce == "pictures00" else _training(run)
    if run.state is RunState.ENDED:
        trained = 90.0 if is_failed else (run.lasted_seconds() or 0.0) - 900.0
        seconds = {"train": trained, "export": 25.0, "deliver": 70.0}
        phases = [
            {"name": name, "seconds": took}
            for name, took in seconds.items()
            if not is_failed or name != "export"
        ]
        files = [
            {"path": f"{run.run_id}/voice/{name}", "size_bytes": 63_201_294, "sha256": "0" * 64}
            for name in tiny_voice()
        ]
        kept = {"path": f"{run.run_id}/checkpoints/step-00006000.ckpt", "size_bytes": 9 * 10**8}
        files.append({**kept, "sha256": "0" * 64})
        if not is_failed:
            lines.append({"event": "upload", "commit": "abc", "files": files})
        is_well = run.end_reason is not None and run.end_reason.is_success
        for each in phases:
            told = {"event": "phase", "phase": each["name"]}
            if each["name"] != "train":
                lines.append({**told, "state": "started"})
            went_well = is_well or each["name"] != "train"
            lines.append(
                {**told, "state": "ended", "seconds": each["seconds"], "went_well": went_well}
            )
        ended = {"event": "ended", "reason": run.end_reason, "phases": phases}
        lines.append({**ended, "delivered_count": 0 if is_failed else 12})
    start = run.created_at or run.planned_at
    found: list[Event] = []
    for seq, line in enumerate(lines, start=1):
        at = start + timedelta(seconds=2 * seq)
        event = from_line(
            json.dumps({**line, "at": at.isoformat(), "run_id": run.run_id, "seq": seq})
        )
        assert event is not None
        found.append(event)
    return found


def _reading(use_percent: float, gpus: int = 1) -> dict[str, Any]:
    gpu = {"memory_total_gb": 24.0, "temperature_c": 67.0}
    several = [
        {**gpu, "use_percent": use_percent - 9 * n, "memory_used_gb": 18.2 - n} for n in range(gpus)
    ]
    return {"event": "machine", "gpus": several, "cpu_percent": 31.0, "memory_used_gb": 9.0,
            "memory_total_gb": 62.0, "disk_free_gb": 21.0}  # fmt: skip


def _pictures(run: Run) -> list[dict[str, Any]]:
    """A command that trains a LoRA on four GPUs, with scalars of its own and pictures as samples."""
    lines: list[dict[str, Any]] = []
    for number in range(1, 121):
        lines.append(
            {"event": "step", "step": number * 10, "total_steps": 2_000, "steps_per_second": 0.4,
             "losses": {"loss/loss": 0.2 + 0.3 / number, "lr/unet": 1e-4 / number, "grad_norm": 1.5},
             "seconds_left": 2000.0, "cost_usd": 0.3, "cost_at_end_usd": 0.8}
        )  # fmt: skip
        if number % 4 == 0:
            lines.append(_reading(88.0 + number % 9, gpus=4))
        if number % 40 == 0:
            for name in ("a lighthouse at dusk", "a red bicycle"):
                path = f"files/out/samples/{name.replace(' ', '-')}-{number * 10}.png"
                sample = {"event": "sample", "step": number * 10, "path": path, "text": name}
                lines.append({**sample, "media": "image"})
    return lines


def _training(run: Run) -> list[dict[str, Any]]:
    import math

    speed = 60 if run.nonce == "stopped000" else 45
    lines: list[dict[str, Any]] = [
        {
            "event": "sample",
            "step": 0,
            "path": path,
            "kind": "reference",
            "text": text,
            "seconds": 3.1,
        }
        for path, text in RECORDINGS.items()
    ]
    references = [
        {"path": f"{run.run_id}/{path}", "size_bytes": 90_000, "sha256": "0" * 64}
        for path in RECORDINGS
    ]
    lines.append({"event": "upload", "commit": "abc", "files": references})
    for number in range(1, 241):
        noise = 0.12 * math.sin(number * 1.9) + 0.07 * math.sin(number * 7.7)
        lines.append(
            {"event": "step", "step": number * 25, "total_steps": 15_000,
             "losses": {"mel": 0.42 + 0.9 * math.exp(-number / speed) + noise / 3, "kl": 1.3 + noise},
             "steps_per_second": 2.4, "seconds_left": 3700.0, "cost_usd": 0.21, "cost_at_end_usd": 0.62}
        )  # fmt: skip
        if number % 5 == 0:
            lines.append(_reading(90.0 + 8 * math.sin(number / 3)))
        if number % 60 == 0:
            step = number * 25
            path = f"checkpoints/step-{step:08d}.ckpt"
            lines.append(
                {"event": "checkpoint", "step": step, "path": path, "size_bytes": 9 * 10**8}
            )
            for place, text in enumerate(("The quick brown fox jumps over the lazy dog.",
                                          "By noon the sun will be out."), start=1):  # fmt: skip
                name = f"samples/step-{step:08d}/{place:02d}.wav"
                lines.append(
                    {"event": "sample", "step": step, "path": name, "text": text, "seconds": 2.8}
                )
                file = {"path": f"{run.run_id}/{name}", "size_bytes": 90_000, "sha256": "0" * 64}
                lines.append({"event": "upload", "commit": "abc", "files": [file]})
    lines.append(_reading(96.0))
    lines.append({"event": "warning", "code": "clip_long", "message": "3 clips are longer than 15 seconds.",
                  "hint": "They are left out; cut them at pauses to keep them."})  # fmt: skip
    return lines
