"""SRT and WebVTT as programs write them: cues, and what each adds."""

from __future__ import annotations

import pytest

from launcher.workshop.timed_text import Cue, TimedTextFault, read_timed_text, sentences


def cues(raw: str | bytes, name: str = "talk.srt") -> list[Cue]:
    return read_timed_text(name, raw.encode() if isinstance(raw, str) else raw).cues


def texts(raw: str | bytes, name: str = "talk.srt") -> list[str]:
    return [cue.text for cue in cues(raw, name)]


def test_subtitles_are_read_with_markup_notes_and_speakers_taken_out() -> None:
    text = (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Hello</i> [door slams] there,\r\n- friend.\r\n\r\n"
        "2\r\n00:01:00,250 --> 00:01:02,000\r\n{\\an8}Tom &amp; Ann | left. ♪\r\n\r\n"
        "3\r\n00:01:03,000 --> 00:01:04,000\r\n[music]\r\n"
    )
    assert cues(text.encode("utf-8-sig")) == [
        Cue(1.0, 2.5, "Hello there, friend."),
        Cue(60.25, 62.0, "Tom & Ann left."),
    ]


def test_webvtt_is_read_without_hours_and_with_settings() -> None:
    text = "WEBVTT\n\nNOTE a note\n\nintro\n00:01.000 --> 00:02.000 align:start\n<v Ann>Hi.</v>\n"
    assert cues(text, "talk.vtt") == [Cue(1.0, 2.0, "Hi.")]


def test_numbers_of_cues_without_blank_lines_are_not_spoken() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n2\n00:00:03,000 --> 00:00:04,000\nTwo.\n"
    assert texts(text) == ["One.", "Two."]


@pytest.mark.parametrize(
    "raw", [b"", b"no times here", b"\xff\xfe\x00", b"00:00:05,0 --> 00:00:01,0\nx"]
)
def test_what_is_no_subtitle_gives_no_cues(raw: bytes) -> None:
    with pytest.raises(TimedTextFault):
        cues(raw)


def test_notes_styles_regions_and_names_of_cues_are_not_spoken() -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:fred\nwidth:40%\n\n"
        "NOTE\nwritten by hand --> not a time\n\nfirst words\n00:00:01.000 --> 00:00:02.000 line:90% region:fred\n"
        "<c.yellow>The ferry</c> <b>leaves</b>.\n\n00:00:03.000 --> 00:00:04.000\n3 < 5 and 7 > 2.\n"
    )
    assert texts(text, "talk.vtt") == ["The ferry leaves.", "3 < 5 and 7 > 2."]


def test_a_cue_with_two_voices_is_one_cue_for_each() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:04.000\n<v Ann>Where is it?\n<v.loud Ben>Over there.\n"
    assert [(cue.text, cue.speaker) for cue in cues(text, "talk.vtt")] == [
        ("Where is it?", "Ann"),
        ("Over there.", "Ben"),
    ]


def test_one_voice_for_all_cues_is_no_column_of_speakers() -> None:
    text = (
        "WEBVTT\n\n00:00.000 --> 00:01.000\n<v Ann>One.\n\n00:02.000 --> 00:03.000\n<v Ann>Two.\n"
    )
    assert {cue.speaker for cue in cues(text, "talk.vtt")} == {None}


def test_blank_lines_inside_a_subtitle_lose_nothing() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\n \nOne\n\nand a half.\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo.\n"
    assert texts(text) == ["One and a half.", "Two."]


def test_a_file_is_what_stands_in_it_whatever_its_ending_says() -> None:
    srt = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n"
    assert texts(srt, "talk.vtt") == texts(srt, "talk.txt") == ["One."]
    assert texts("WEBVTT\n\n00:01.000 --> 00:02.000\nOne.\n", "talk.srt") == ["One."]


def test_what_whisper_prints_on_a_terminal_is_read() -> None:
    text = "[00:00.000 --> 00:02.400]  The ferry leaves.\n[00:02.400 --> 00:04.000]  Nobody knew.\n"
    assert cues(text, "talk.txt") == [
        Cue(0.0, 2.4, "The ferry leaves."),
        Cue(2.4, 4.0, "Nobody knew."),
    ]


# Captions that roll


def rolled(*shown: str, step: float = 2.0) -> str:
    return "\n".join(
        f"{n + 1}\n{_at(n * step)} --> {_at(n * step + step)}\n{text}\n"
        for n, text in enumerate(shown)
    )


def _at(seconds: float) -> str:
    return f"00:{int(seconds) // 60:02d}:{int(seconds) % 60:02d},{round(seconds % 1 * 1000):03d}"


SAID = ["the ferry leaves at noon", "nobody told them", "a quiet street is worth more"]


def test_youtube_s_own_captions_give_each_word_once_with_pauses_between_the_cues() -> None:
    text = (
        "WEBVTT\nKind: captions\nLanguage: en\n\n"
        "00:00:00.000 --> 00:00:01.403 align:start position:0%\n \n"
        "the<00:00:00.283><c> ferry</c><00:00:00.565><c> leaves</c>\n\n"
        "00:00:01.403 --> 00:00:01.413 align:start position:0%\nthe ferry leaves\n \n\n"
        "00:00:02.313 --> 00:00:04.019 align:start position:0%\nthe ferry leaves\n"
        "nobody<00:00:02.656><c> told</c><00:00:02.999><c> them</c>\n\n"
        "00:00:04.019 --> 00:00:04.029 align:start position:0%\nnobody told them\n \n\n"
        "00:00:05.000 --> 00:00:06.000 align:start position:0%\nnobody told them\n[Music]\n\n"
    )
    found = cues(text, "talk.en.vtt")
    assert [cue.text for cue in found] == ["the ferry leaves", "nobody told them"]
    assert found[0].end < 1.5
    assert found[1].start == 2.313


@pytest.mark.parametrize(
    "shown",
    [
        (SAID[0], f"{SAID[0]}\n{SAID[1]}", f"{SAID[1]}\n{SAID[2]}"),
        (SAID[0], f"{SAID[0]}\n{SAID[1]}", "\n".join(SAID), "\n".join(SAID[1:])),
        (SAID[0], SAID[0], f"{SAID[0]}\n{SAID[1]}", SAID[1], f"{SAID[1]}\n{SAID[2]}", SAID[2]),
        (SAID[0], f"{SAID[0]} {SAID[1]}", " ".join(SAID)),
    ],
    ids=["two lines", "three lines", "as yt-dlp converts them", "one line that grows"],
)
def test_of_captions_that_roll_each_cue_gives_what_it_adds(shown: tuple[str, ...]) -> None:
    read = read_timed_text("talk.srt", rolled(*shown).encode())
    assert " ".join(cue.text for cue in read.cues) == " ".join(SAID)
    assert "captions-rolling" in {each.code for each in read.findings}


def test_captions_that_grow_word_by_word_are_joined_again() -> None:
    words = ["the", "ferry", "leaves", "at", "noon", "today"]
    shown = [" ".join(words[: n + 1]) for n in range(len(words))]
    assert texts(rolled(*shown, step=0.4)) == ["the ferry leaves at noon today"]


def test_what_somebody_says_twice_is_said_twice() -> None:
    said = ("No.", "No.", "I said no, never.", "I said no, never.", "Then go.")
    assert texts(rolled(*said)) == list(said)


def test_unmarked_captions_are_not_joined_over_a_pause() -> None:
    found = [Cue(0, 2, "the ferry leaves"), Cue(2.1, 4, "at noon"), Cue(4.9, 6, "nobody knew")]
    assert [cue.text for cue in sentences(found)] == ["the ferry leaves at noon", "nobody knew"]


def test_two_speakers_are_never_in_one_sentence() -> None:
    found = [Cue(0, 2, "And then", "Ann"), Cue(2, 4, "you left.", "Ben")]
    assert sentences(found) == found


# Times


def finding_codes(raw: str, name: str = "talk.srt") -> set[str]:
    return {str(each.code) for each in read_timed_text(name, raw.encode()).findings}


def block(start: str, end: str, text: str) -> str:
    return f"{start} --> {end}\n{text}\n\n"


def test_times_that_go_back_are_put_in_order_and_said() -> None:
    text = block("00:05.000", "00:06.000", "Two.") + block("00:01.000", "00:02.000", "One.")
    assert texts(text) == ["One.", "Two."]
    assert finding_codes(text) == {"times-backwards"}


def test_a_text_that_ends_before_it_begins_is_left_out_and_said() -> None:
    text = block("00:01.000", "00:02.000", "One.") + block("00:05.000", "00:03.000", "Two.")
    assert texts(text) == ["One."]
    assert finding_codes(text) == {"times-backwards"}


def test_an_overlap_ends_the_earlier_where_the_later_begins_and_is_said() -> None:
    text = block("00:01.000", "00:04.000", "One.") + block("00:03.000", "00:06.000", "Two.")
    assert cues(text) == [Cue(1, 3, "One."), Cue(3, 6, "Two.")]
    assert finding_codes(text) == {"times-overlap"}


def test_two_lines_of_one_moment_are_one_text() -> None:
    text = block("00:01.000", "00:04.000", "One,") + block("00:01.000", "00:04.000", "two.")
    assert cues(text) == [Cue(1, 4, "One, two.")]
    assert finding_codes(text) == set()


def test_a_text_inside_another_leaves_both_to_be_typed() -> None:
    text = (
        block("00:01.000", "00:09.000", "The whole of it.")
        + block("00:03.000", "00:04.000", "Stop.")
        + block("00:10.000", "00:11.000", "After.")
    )
    assert cues(text) == [Cue(1, 9, ""), Cue(10, 11, "After.")]
    assert finding_codes(text) == {"times-overlap"}
