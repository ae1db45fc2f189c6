"""Names of images: completed as container hosts do, whatever is typed; refused where no registry could have them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from launcher.services.common.image_names import DOCKER_HUB, ImageName

SMALL = string.ascii_lowercase + string.digits
WORD = st.text(SMALL, min_size=1, max_size=12)
PATH = st.lists(WORD, min_size=1, max_size=4).map("/".join)
HOST = st.one_of(
    st.just("localhost"),
    st.tuples(WORD, st.sampled_from(["io", "com", "example.org"])).map(".".join),
    st.just("127.0.0.1"),
)
SERVER = st.tuples(HOST, st.one_of(st.none(), st.integers(1, 65535))).map(
    lambda pair: pair[0] if pair[1] is None else f"{pair[0]}:{pair[1]}"
)
TAG = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
FEW = settings(max_examples=60, deadline=None)


@FEW
@given(SERVER, PATH, st.one_of(st.just(""), TAG), st.one_of(st.just(""), DIGEST))
def test_server_path_tag_and_digest_come_back_out_of_a_whole_name(
    server: str, path: str, tag: str, digest: str
) -> None:
    name = f"{server}/{path}{f':{tag}' if tag else ''}{f'@{digest}' if digest else ''}"
    found = ImageName.parse(name)
    assert found == ImageName(server, path, digest or tag or "latest")
    assert found.fault == ""
    assert found.is_pinned is bool(digest)


@FEW
@given(WORD, st.one_of(st.just(""), TAG))
def test_a_name_without_a_server_is_docker_hubs_and_a_single_word_its_own_library(
    word: str, tag: str
) -> None:
    behind = f":{tag}" if tag else ""
    short = ImageName.parse(f"{word}{behind}")
    assert (short.server, short.repository) == (DOCKER_HUB, f"library/{word}")
    for written in (f"docker.io/{word}", f"docker.io/library/{word}", f"index.docker.io/{word}"):
        assert ImageName.parse(f"{written}{behind}") == short
    assert short.known_as == "docker.io"


@FEW
@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_name_or_says_why_it_is_none(typed: str) -> None:
    found = ImageName.parse(typed)
    if not found.fault:
        assert not set(found.repository + found.reference + found.server) & set(" ?#%&\\\n")
        assert ".." not in found.repository
        assert found.repository == found.repository.lower()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("ghcr.io/Me/Pod:1", "lower-case letters"),
        ("ghcr.io/me/../x:1", "not an image name"),
        ("ghcr.io/me/pod:1?x=2", "is not a tag"),
        ("ghcr.io/me/pod@sha256:12", "is not a digest"),
        ("ghcr.io/me/pod:", ""),
        ("", "not an image name"),
        ("https://ghcr.io/me/pod:1", "not the name of"),
        ("ghcr.io:port/me/pod", "not the name of a registry"),
        ("nvcr.io/nvidia/pytorch:25.01-py3", ""),
        ("quay.io/me/pod__x:1", ""),
    ],
)
def test_what_no_registry_could_have_is_told_before_any_is_asked(image: str, words: str) -> None:
    fault = ImageName.parse(image).fault
    assert words in fault
    assert bool(fault) is bool(words)
