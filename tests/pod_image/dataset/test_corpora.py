"""Known corpora are read as what they are, from the layout that their own downloads have."""

from __future__ import annotations

import json
from pathlib import Path

from launcher.cli.terminal.next_steps import in_terminal
from pod_image.contract.findings import Severity
from pod_image.dataset import Code, Survey, read_dataset
from tests.kit.dataset_files import SHORT, look, write

VOICE = "client_id\tpath\tsentence_id\tsentence\tup_votes\n"


def clips(folder: Path, *names: str) -> Path:
    return write(folder, dict.fromkeys(names, SHORT))


def heard(found: Survey) -> list[tuple[str | None, str, str | None]]:
    assert not [each for each in found.findings if each.severity is Severity.ERROR]
    return [(each.path, each.text, each.speaker) for each in found.utterances]


def notes(found: Survey, code: Code) -> str:
    return "\n".join(
        f"{each.place}: {in_terminal(each.message)}" for each in found.findings if each.code is code
    )


def test_common_voice_reads_what_was_validated_and_says_what_was_not(tmp_path: Path) -> None:
    at = "cv-corpus-21.0/de"
    clips(tmp_path, *(f"{at}/clips/c_{n}.mp3" for n in range(5)))
    line = "anna\tc_{0}.mp3\ts{0}\tSatz {0} ist gut.\t2\n"
    write(
        tmp_path,
        {
            f"{at}/validated.tsv": VOICE + "".join(map(line.format, (0, 1, 2))),
            f"{at}/train.tsv": VOICE + line.format(0),
            f"{at}/dev.tsv": VOICE + line.format(1),
            f"{at}/other.tsv": VOICE + line.format(3),
            f"{at}/invalidated.tsv": VOICE + line.format(4),
            f"{at}/clip_durations.tsv": "clip\tduration[ms]\nc_0.mp3\t2500\n",
            f"{at}/reported.tsv": "sentence_id\tsentence\tlocale\treason\n",
            f"{at}/validated_sentences.tsv": "sentence_id\tsentence\ns0\tSatz 0 ist gut.\n",
            f"{at}/unvalidated_sentences.tsv": "sentence_id\tsentence\ns9\tNoch einer.\n",
            f"{at}/times-de.txt": "c_0.mp3\t2500\n",
        },
    )
    found = look(tmp_path)
    assert heard(found) == [
        (f"{at}/clips/c_{n}.mp3", f"Satz {n} ist gut.", "anna") for n in range(3)
    ]
    left = notes(found, Code.TABLE_IGNORED)
    assert f"{at}/other.tsv" in left
    assert f"{at}/invalidated.tsv" in left
    assert "2 sound files have no transcript" in notes(found, Code.FILE_UNUSED)


def test_common_voice_without_the_validated_table_reads_its_splits(tmp_path: Path) -> None:
    clips(tmp_path, "clips/a.mp3", "clips/b.mp3", "clips/c.mp3")
    write(
        tmp_path,
        {
            "validated.tsv": VOICE,
            "train.tsv": VOICE + "x\ta.mp3\t1\tOne here.\t2\n",
            "test.tsv": VOICE + "x\tb.mp3\t2\tTwo here.\t2\n",
            "invalidated.tsv": VOICE + "x\tc.mp3\t3\tThree here.\t0\n",
        },
    )
    assert sorted(text for _, text, _ in heard(look(tmp_path))) == ["One here.", "Two here."]


def test_vctk_reads_the_first_microphone_and_names_its_speakers(tmp_path: Path) -> None:
    clips(
        tmp_path,
        *(f"V/wav48_silence_trimmed/p225/p225_00{n}_mic{m}.flac" for n in (1, 2) for m in (1, 2)),
        "V/wav48_silence_trimmed/p280/p280_001_mic1.flac",
    )
    write(
        tmp_path,
        {
            "V/txt/p225/p225_001.txt": "Please call Stella.\n",
            "V/txt/p225/p225_002.txt": "Ask her to bring\nthese things.",
            "V/txt/p280/p280_001.txt": "Please call Stella.",
            "V/speaker-info.txt": "ID  AGE  GENDER\np225  23  F\np280  25  F\n",
        },
    )
    found = look(tmp_path)
    at = "V/wav48_silence_trimmed"
    assert heard(found) == [
        (f"{at}/p225/p225_001_mic1.flac", "Please call Stella.", "p225"),
        (f"{at}/p225/p225_002_mic1.flac", "Ask her to bring these things.", "p225"),
        (f"{at}/p280/p280_001_mic1.flac", "Please call Stella.", "p280"),
    ]
    assert "2 recordings of VCTK are not read" in notes(found, Code.TABLE_IGNORED)
    assert not notes(found, Code.FILE_UNUSED)


def test_a_table_that_contradicts_a_known_corpus_is_asked_about(tmp_path: Path) -> None:
    clips(tmp_path, "wav48/p1/p1_1.wav")
    write(tmp_path, {"txt/p1/p1_1.txt": "Hello there.", "mine.csv": "file,text\np1_1,Good day.\n"})
    found = look(tmp_path)
    assert [each.text for each in found.utterances] == ["Hello there."]
    (which,) = [each for each in found.findings if each.severity is Severity.ERROR]
    assert which.code is Code.TABLES_DIFFER
    assert in_terminal(which.hint).startswith("If this table is right, --table mine.csv;")


def test_vctk_of_the_first_edition_has_one_microphone(tmp_path: Path) -> None:
    clips(tmp_path, "wav48/p1/p1_1.wav")
    write(tmp_path, {"txt/p1/p1_1.txt": "Hello."})
    assert heard(look(tmp_path)) == [("wav48/p1/p1_1.wav", "Hello.", "p1")]


def test_libritts_speaks_the_normalised_text(tmp_path: Path) -> None:
    at = "train-clean-100/19/198/19_198_00000"
    clips(tmp_path, f"{at}0_000000.wav", f"{at}1_000000.wav", f"{at}2_000000.wav")
    write(
        tmp_path,
        {
            f"{at}0_000000.normalized.txt": "Chapter one.",
            f"{at}0_000000.original.txt": "Chapter 1.",
            f"{at}1_000000.original.txt": "Only this.",
            "train-clean-100/19/198/19_198.trans.tsv": "19_198_000002_000000\t2 of us.\tTwo of us.\n",
            "train-clean-100/19/198/19_198.book.tsv": "19_198_000002_000000\t2 of us.\t0\t1\n",
            "SPEAKERS.txt": ";ID |SEX|SUBSET\n19 | F | train-clean-100\n",
        },
    )
    assert heard(look(tmp_path)) == [
        (f"{at}0_000000.wav", "Chapter one.", "19"),
        (f"{at}1_000000.wav", "Only this.", "19"),
        (f"{at}2_000000.wav", "Two of us.", "19"),
    ]


def test_librispeech_reads_each_chapter_and_names_a_clip_that_is_gone(tmp_path: Path) -> None:
    at = "dev-clean/84/121123"
    clips(tmp_path, f"{at}/84-121123-0000.flac", "dev-clean/174/50561/174-50561-0000.flac")
    write(
        tmp_path,
        {
            f"{at}/84-121123.trans.txt": "84-121123-0000 GO ON\n84-121123-0001 GONE\n",
            "dev-clean/174/50561/174-50561.trans.txt": "174-50561-0000 STAY HERE\n",
            "SPEAKERS.TXT": ";ID |SEX|SUBSET\n84 | F | dev-clean | 8.0 | Christie\n",
        },
    )
    found = look(tmp_path)
    assert [(each.text, each.speaker) for each in found.utterances] == [
        ("STAY HERE", "174"),
        ("GO ON", "84"),
    ]
    absent = [each.place for each in found.findings if each.code is Code.FILE_ABSENT]
    assert absent == [f"{at}/84-121123.trans.txt line 2"]


def test_mls_finds_its_clips_below_speaker_and_book(tmp_path: Path) -> None:
    at = "mls_german/train"
    clips(tmp_path, f"{at}/audio/1844/931/1844_931_000000.flac")
    write(
        tmp_path,
        {
            f"{at}/transcripts.txt": "1844_931_000000\tes war einmal\n",
            f"{at}/segments.txt": "1844_931_000000\thttps://example.org/a.mp3\t1.2\t15.3\n",
            f"{at}/limited_supervision/9hr/handles.txt": "1844_931_000000\n",
            "mls_german/metainfo.txt": "SPEAKER | GENDER | PARTITION\n1844 | F | train\n",
        },
    )
    assert heard(look(tmp_path)) == [
        (f"{at}/audio/1844/931/1844_931_000000.flac", "es war einmal", "1844")
    ]


def test_m_ailabs_reads_the_table_of_each_book_with_the_speaker_of_its_path(tmp_path: Path) -> None:
    home = "de_DE/by_book/female"
    for book, speaker in (("haus", "eva_k"), ("hof", "ramona")):
        at = f"{home}/{speaker}/{book}"
        clips(tmp_path, f"{at}/wavs/{book}_1.wav")
        again = {f"{book}_1.wav": {"original": "Es sind 2.", "clean": "Es sind zwei."}}
        write(
            tmp_path,
            {
                f"{at}/metadata.csv": f"{book}_1|Es sind 2.|Es sind zwei.\n",
                f"{at}/metadata_mls.json": json.dumps(again),
            },
        )
    assert heard(look(tmp_path)) == [
        (f"{home}/eva_k/haus/wavs/haus_1.wav", "Es sind zwei.", "eva_k"),
        (f"{home}/ramona/hof/wavs/hof_1.wav", "Es sind zwei.", "ramona"),
    ]
    (tmp_path / f"{home}/eva_k/haus/metadata.csv").unlink()
    assert len(heard(look(tmp_path))) == 2


def test_lists_of_festival_are_read(tmp_path: Path) -> None:
    clips(tmp_path, "wav/arctic_a0001.wav", "wav/arctic_a0002.wav")
    lines = '( arctic_a0001 "Author of the trail." )\n( arctic_a0002 "Not \\"now\\", he said." )\n'
    write(tmp_path, {"etc/txt.done.data": lines})
    assert [text for _, text, _ in heard(look(tmp_path))] == [
        "Author of the trail.",
        'Not "now", he said.',
    ]


def test_lists_of_other_trainers_are_read_with_paths_of_other_computers(tmp_path: Path) -> None:
    clips(tmp_path, "raw/a_0.wav", "raw/a_1.wav")
    lists = {
        "sovits.list": "D:\\work\\out\\raw\\a_0.wav|anna|EN|Hello there.\n"
        "D:\\work\\out\\raw\\a_1.wav|anna|EN|Bye now.\n",
        "esd.list": "./Data/x/a_0.wav|anna|EN|Hello there.|HH AH|0 1|2 2\n"
        "./Data/x/a_1.wav|anna|EN|Bye now.|B AY|0 1|1 2\n",
        "filelists/x_train_filelist.txt": "DUMMY1/a_0.wav|0|Hello there.\nDUMMY1/a_1.wav|0|Bye now.\n",
        "kaldi/text": "a_0 Hello there.\na_1 Bye now.\n",
        "mozilla.txt": "Hello there.|a_0.wav\nBye now.|a_1.wav\n",
        "up/down/list.csv": "../../raw/a_0.mp3,Hello there.\n../../raw/a_1.mp3,Bye now.\n",
    }
    for name, content in lists.items():
        path = write(tmp_path, {name: content}) / name
        found = heard(look(tmp_path))
        assert [(at, text) for at, text, _ in found] == [
            ("raw/a_0.wav", "Hello there."),
            ("raw/a_1.wav", "Bye now."),
        ], name
        assert next(one for *_, one in found) in (None, "anna", "0")
        path.unlink()


KALDI = {
    "data/train/wav.scp": "ann-1 /export/corpus/wav/x1.wav\nann-2 sph2pipe -f wav wav/x2.wav |\nben-1 wav/x3.wav\n",
    "data/train/text": "ann-1 The ferry leaves at noon.\nann-2 Nobody saw the bridge.\nben-1 Rain fell all night.\n",
    "data/train/utt2spk": "ann-1 ann\nann-2 ann\nben-1 ben\n",
    "data/train/spk2utt": "ann ann-1 ann-2\nben ben-1\n",
}


def test_a_data_folder_of_kaldi_gives_the_files_and_the_speakers_too(tmp_path: Path) -> None:
    again = {name.replace("data/", "dump/raw/"): text for name, text in KALDI.items()}
    write(tmp_path, {**{f"wav/x{n}.wav": SHORT for n in (1, 2, 3)}, **KALDI, **again})
    dataset = read_dataset(tmp_path)
    assert [(clip.path.name, clip.text, clip.speaker) for clip in dataset.clips] == [
        ("x1.wav", "The ferry leaves at noon.", "ann"),
        ("x2.wav", "Nobody saw the bridge.", "ann"),
        ("x3.wav", "Rain fell all night.", "ben"),
    ]
    assert all(each.severity is not Severity.ERROR for each in look(tmp_path).findings)


def test_where_kaldi_knows_no_speaker_the_utterances_are_none(tmp_path: Path) -> None:
    known = {**KALDI, "data/train/utt2spk": "ann-1 ann-1\nann-2 ann-2\nben-1 ben-1\n"}
    write(tmp_path, {**{f"wav/x{n}.wav": SHORT for n in (1, 2, 3)}, **known})
    assert read_dataset(tmp_path).speakers == []
