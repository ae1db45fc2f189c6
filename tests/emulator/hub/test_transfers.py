"""Bytes in and out, by whichever way this process takes: xet, or LFS with HF_HUB_DISABLE_XET=1."""

from __future__ import annotations

import math
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.utils._runtime import is_xet_available

from launcher.emulator.hub import HubEmulator
from tests.emulator.hub.conftest import SMALL, TOKENS
from tests.kit.checkout import ROOT

HERE = Path(__file__).parent


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Files of every way of packing: noise, repetition, floats, text, and nothing at all."""
    folder = tmp_path / "clips"
    (folder / "wavs").mkdir(parents=True)
    noise = random.Random(7)
    (folder / "wavs" / "one.wav").write_bytes(noise.randbytes(40_000))
    (folder / "wavs" / "gleich laut & ä.wav").write_bytes(noise.randbytes(20_000))
    (folder / "big.bin").write_bytes(noise.randbytes(1_500_000))
    (folder / "zeros.bin").write_bytes(bytes(700_000) + b"hello world " * 20_000)
    floats = [math.sin(i / 100) for i in range(100_001)]
    (folder / "weights.onnx").write_bytes(struct.pack(f"<{len(floats)}f", *floats) + b"xyz")
    (folder / "metadata.csv").write_text("one|Hello.\n")
    (folder / "empty.txt").touch()
    return folder


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts and path.name != ".gitattributes"
    }


def test_a_folder_comes_back_as_it_was_uploaded(emulator, client, clips, tmp_path):
    api = client()
    api.create_repo("demo/clips", repo_type="dataset", private=True)
    commit = api.upload_folder(repo_id="demo/clips", repo_type="dataset", folder_path=clips)
    back = tmp_path / "back"
    api.snapshot_download("demo/clips", repo_type="dataset", revision=commit.oid, local_dir=back)
    assert files_in(back) == files_in(clips)
    checked = api.verify_repo_checksums("demo/clips", repo_type="dataset", local_dir=back)
    assert checked.checked_count == 8
    assert not checked.mismatches
    assert not checked.missing_paths


def test_the_way_this_process_takes_is_the_one_that_was_tested(emulator, client, clips):
    api = client()
    api.create_repo("demo/clips", repo_type="dataset")
    api.upload_folder(repo_id="demo/clips", repo_type="dataset", folder_path=clips)
    by_xet = is_xet_available()
    assert bool(emulator.core.seen("POST", "^/xet/[^/]+/v1/xorbs/")) == by_xet
    assert bool(emulator.core.seen("PUT", "^/lfs-part/")) == (not by_xet)
    row = api.get_paths_info("demo/clips", ["big.bin"], repo_type="dataset")[0]
    assert bool(row.xet_hash) == by_xet
    assert row.lfs.size == 1_500_000


def test_people_find_the_files_of_the_head_as_plain_files(emulator, client, clips):
    api = client()
    api.create_repo("demo/clips", repo_type="dataset")
    api.upload_folder(repo_id="demo/clips", repo_type="dataset", folder_path=clips)
    shown = emulator.core.root / "datasets" / "demo" / "clips"
    assert files_in(shown) == files_in(clips)
    api.delete_file("wavs/one.wav", "demo/clips", repo_type="dataset")
    assert not (shown / "wavs" / "one.wav").exists()


def test_everything_is_still_there_after_a_restart(client, clips, tmp_path, emulator):
    api = client()
    api.create_repo("demo/clips", repo_type="dataset", private=True)
    commit = api.upload_folder(repo_id="demo/clips", repo_type="dataset", folder_path=clips)
    api.create_tag("demo/clips", tag="v1", repo_type="dataset")
    from huggingface_hub import HfApi

    with HubEmulator(emulator.core.root, tokens=TOKENS, sizes=SMALL) as again:
        api = HfApi(endpoint=again.url, token="demo-write")
        info = api.repo_info("demo/clips", repo_type="dataset", revision="v1")
        assert (info.sha, info.private) == (commit.oid, True)
        api.snapshot_download("demo/clips", repo_type="dataset", local_dir=tmp_path / "back")
    assert files_in(tmp_path / "back") == files_in(clips)


def test_content_that_is_there_already_is_not_sent_again(emulator, client, clips):
    api = client()
    for name in ("demo/one", "demo/two"):
        api.create_repo(name)
        api.upload_file(path_or_fileobj=clips / "big.bin", path_in_repo="big.bin", repo_id=name)
    sent = emulator.core.seen("PUT", "^/lfs-part/")
    assert len(sent) in (0, 4)  # four parts, once


def test_a_file_object_goes_by_plain_http_in_either_mode(emulator, client, tmp_path):
    api = client()
    api.create_repo("demo/voice")
    content = random.Random(1).randbytes(50_000)
    (tmp_path / "a.onnx").write_bytes(content)
    with (tmp_path / "a.onnx").open("rb") as stream:
        api.create_commit(
            "demo/voice", [CommitOperationAdd("a.onnx", stream)], commit_message="Add voice"
        )
    assert emulator.core.seen("PUT", "^/lfs-upload/")
    got = api.hf_hub_download("demo/voice", "a.onnx", local_dir=tmp_path / "back")
    assert Path(got).read_bytes() == content


def test_a_read_token_cannot_upload(client, clips):
    client().create_repo("demo/voice")
    from huggingface_hub.errors import HfHubHTTPError

    with pytest.raises(HfHubHTTPError) as refused:
        client("read").upload_file(path_or_fileobj=b"x", path_in_repo="a.txt", repo_id="demo/voice")
    assert refused.value.response.status_code == 403


class TestResolve:
    """The headers that downloads of any client rest on."""

    @pytest.fixture
    def url(self, emulator, client, clips):
        api = client()
        api.create_repo("demo/clips", repo_type="dataset", private=True)
        self.sha = api.upload_folder(
            repo_id="demo/clips", repo_type="dataset", folder_path=clips
        ).oid
        return f"{emulator.url}/datasets/demo/clips/resolve/main"

    def get(self, method, url, **headers):
        return httpx2.request(method, url, headers={"Authorization": "Bearer demo-read", **headers})

    def test_a_small_file_is_answered_with_its_git_id_and_the_commit(self, url):
        answer = self.get("HEAD", f"{url}/metadata.csv")
        assert answer.status_code == 200
        assert answer.headers["X-Repo-Commit"] == self.sha
        assert len(answer.headers["ETag"].strip('"')) == 40
        assert answer.headers["Content-Length"] == "11"

    def test_a_large_file_is_a_redirect_to_another_origin_with_its_sha256(self, url, clips):
        import hashlib

        answer = self.get("HEAD", f"{url}/big.bin")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("http://localhost:")
        assert answer.headers["X-Linked-Size"] == "1500000"
        digest = hashlib.sha256((clips / "big.bin").read_bytes()).hexdigest()
        assert answer.headers["X-Linked-Etag"] == f'"{digest}"'

    def test_the_cdn_refuses_a_hub_token(self, url):
        location = self.get("HEAD", f"{url}/big.bin").headers["Location"]
        assert self.get("GET", location).status_code == 400
        assert httpx2.get(location).status_code == 200

    @pytest.mark.parametrize(
        ("wanted", "status", "first", "length"),
        [
            ("bytes=10-19", 206, 10, 10),
            ("bytes=1499990-", 206, 1_499_990, 10),
            ("bytes=-5", 206, 1_499_995, 5),
            ("bytes=1499999-2000000", 206, 1_499_999, 1),
        ],
    )
    def test_ranges_are_honoured(self, url, clips, wanted, status, first, length):
        location = self.get("HEAD", f"{url}/big.bin").headers["Location"]
        answer = httpx2.get(location, headers={"Range": wanted})
        assert answer.status_code == status
        assert answer.content == (clips / "big.bin").read_bytes()[first : first + length]
        assert answer.headers["Content-Range"] == f"bytes {first}-{first + length - 1}/1500000"

    def test_a_range_past_the_end_is_416(self, url):
        assert self.get("GET", f"{url}/metadata.csv", Range="bytes=50-60").status_code == 416

    def test_a_private_repo_without_a_token_is_401_and_says_repo_not_found(self, url):
        answer = httpx2.head(f"{url}/metadata.csv")
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (401, "RepoNotFound")

    def test_a_page_lists_the_files_for_a_visitor_who_may_see_them(self, url):
        page = self.get("GET", url.replace("/resolve/main", ""))
        assert "metadata.csv" in page.text
        assert page.headers["Content-Type"].startswith("text/html")

    def test_an_unknown_address_is_a_404_that_says_so(self, emulator):
        answer = httpx2.get(f"{emulator.url}/api/nothing/here")
        assert (answer.status_code, "can't find" in answer.text) == (404, True)


def test_xet_storage_takes_no_upload_with_a_read_token(emulator, client):
    client().create_repo("demo/voice")
    url = f"{emulator.url}/api/models/demo/voice/xet-read-token/main"
    token = httpx2.get(url, headers={"Authorization": "Bearer demo-read"}).json()["accessToken"]
    answer = httpx2.post(
        f"{emulator.url}/xet/00/v1/xorbs/default/{'0' * 64}",
        content=b"x",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403


def test_another_hub_on_a_port_that_was_used_gets_the_content_again(tmp_path):
    """hf_xet remembers by address what it has sent; a new hub there has none of it."""
    content = random.Random(2).randbytes(300_000)
    (tmp_path / "a.onnx").write_bytes(content)
    port = 0
    for name in ("first", "second"):
        with HubEmulator(tmp_path / name, tokens=TOKENS, sizes=SMALL, port=port) as hub:
            port = int(hub.url.rsplit(":", 1)[1])
            api = HfApi(endpoint=hub.url, token=hub.tokens["write"])
            api.create_repo("demo/voice")
            api.upload_file(
                path_or_fileobj=tmp_path / "a.onnx", path_in_repo="a.onnx", repo_id="demo/voice"
            )
            api.hf_hub_download("demo/voice", "a.onnx", local_dir=tmp_path / f"from {name}")
    assert (tmp_path / "from second" / "a.onnx").read_bytes() == content


def test_a_shard_that_names_chunks_nobody_sent_is_refused(emulator, client):
    client().create_repo("demo/voice")
    headers = {"Authorization": "Bearer demo-write"}
    url = f"{emulator.url}/api/models/demo/voice/xet-write-token/main"
    grant = httpx2.get(url, headers=headers).json()
    record = struct.pack("<32sIII4x", b"\x01" * 32, 0, 10, 1)
    shard = bytes(48) + struct.pack("<32sII8x", b"\x02" * 32, 0, 1) + record + b"\xff" * 48
    answer = httpx2.post(
        f"{grant['casUrl']}/v1/shards",
        content=shard,
        headers={"Authorization": f"Bearer {grant['accessToken']}"},
    )
    assert answer.status_code == 400
    assert "01" * 32 in answer.text


def test_a_hub_without_xet_lists_no_xet_hash_and_has_no_storage_token(tmp_path, clips, emulator):
    with HubEmulator(emulator.core.root, tokens=TOKENS, xet=False) as plain:
        headers = {"Authorization": "Bearer demo-write"}
        httpx2.post(f"{plain.url}/api/repos/create", json={"name": "voice"}, headers=headers)
        url = f"{plain.url}/api/models/demo/voice/xet-write-token/main"
        assert httpx2.get(url, headers=headers).status_code == 404


def test_no_token_is_ever_in_the_request_log(emulator, client):
    client().whoami()
    assert [row.token for row in emulator.core.log] == ["write"]
    assert "demo-write" not in repr(emulator.core.log)


def test_all_of_this_holds_without_xet_too(tmp_path, request):
    """The library reads the switch when it is imported, hence a process of its own."""
    child = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(str(HERE / "test_transfers.py"), str(HERE / "test_repositories.py")),
            *("--deselect", request.node.nodeid),
        ],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stdout[-4000:]
    assert " passed" in child.stdout
