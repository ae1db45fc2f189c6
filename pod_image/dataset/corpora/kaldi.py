"""Kaldi's and ESPnet's data folders: `text` by utterance, wav.scp for the files, utt2spk for the speakers."""

from __future__ import annotations

from pod_image.dataset.corpora.corpus import Corpus, Listing, name_of, under
from pod_image.dataset.endings import is_audio, without_ending
from pod_image.dataset.names import folder_of
from pod_image.dataset.tables import Row, Table

TEXT, FILES, SPEAKERS, PIECES = "text", "wav.scp", "utt2spk", "segments"


def find(listing: Listing) -> Corpus | None:
    found = Corpus("a data folder of Kaldi", [])
    clips = {name_of(clip) for clip in listing.clips}
    seen: set[str] = set()
    for path in sorted(listing.named(TEXT), key=lambda each: (each.count("/"), each)):
        here = folder_of(path)
        beside = {name: under(here, name) for name in (FILES, SPEAKERS, PIECES)}
        there = {name: at for name, at in beside.items() if at in listing.sizes}
        if PIECES in there or not {FILES, SPEAKERS} & set(there):
            continue
        table = _read(listing, path, there)
        leading = sum(name_of(without_ending(row.file)) in clips for row in table.rows)
        if leading * 2 < len(table.rows) or not leading:
            continue
        found.texts |= {path, *there.values()}
        # ESPnet keeps the same utterances in data/ and dump/.
        table.rows = [row for row in table.rows if row.file not in seen]
        seen |= {row.file for row in table.rows}
        if table.rows:
            found.tables.append(table)
        else:
            found.left[path] = "everything in it is in another one too"
    return found if found.tables else None


def _read(listing: Listing, path: str, there: dict[str, str]) -> Table:
    files = _pairs(listing.text(there[FILES])) if FILES in there else {}
    speakers = _pairs(listing.text(there[SPEAKERS])) if SPEAKERS in there else {}
    table = Table(path, has_header=True)
    for number, line in enumerate(listing.text(path).splitlines(), 1):
        utterance, *text = line.split(None, 1)[:2] or [""]
        if not utterance:
            continue
        speaker = speakers.get(utterance)
        # Where nobody is known, Kaldi calls the speaker as the utterance.
        table.rows.append(
            Row(
                table.place(number),
                _file_of(files.get(utterance, ""), utterance),
                " ".join(text).strip(),
                speaker if speaker != utterance else None,
            )
        )
    return table


def _pairs(text: str) -> dict[str, str]:
    split = (line.split(None, 1) for line in text.splitlines())
    return {cells[0]: cells[1].strip() for cells in split if len(cells) == 2}


def _file_of(command: str, utterance: str) -> str:
    """The file itself, or that which a command such as `flac -c -d a.flac |` reads."""
    return next((word for word in [command, *command.split()] if is_audio(word)), utterance)
