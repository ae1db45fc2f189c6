"""What of the serving computer a request may name, and that nothing leads out of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from launcher.config import Config
from launcher.domain.plan import Composed
from launcher.errors import InvalidRequest
from launcher.presets import Preset
from launcher.serve.allowed import Allowed
from launcher.services.planning.brought.look import look_at_brought
from launcher.services.planning.compose import compose
from pod_image.contract.settings import RunSettings
from tests.kit.virtual_time import in_patient_time
from tests.serve.harness import served

GIVEN = {"recipe": "command", "argv": ["true"], "results_repo": "me/voice"}


@dataclass
class Disk:
    """A folder that is allowed, and a file beside it that is not."""

    inside: Path
    secret: Path
    allowed: Allowed

    def composed(self, **given: object) -> Composed:
        return self.allowed.held(compose(None, {**GIVEN, **given}))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    inside = tmp_path / "inside"
    (inside / "below").mkdir(parents=True)
    (inside / "train.py").write_text("print('hello')")
    secret = tmp_path / "secret.txt"
    secret.write_text("not for clients")
    config = Config(tmp_path / "home" / "config", tmp_path / "home" / "data")
    return Disk(inside, secret, Allowed.by(config, [inside], ["WANDB_API_KEY"]))


def test_what_lies_below_an_allowed_folder_may_be_named(disk: Disk) -> None:
    assert disk.allowed.path(str(disk.inside / "train.py")) == disk.inside / "train.py"
    assert disk.allowed.path(str(disk.inside)) == disk.inside
    assert disk.allowed.path(f"{disk.inside}/below/../train.py") == disk.inside / "train.py"


@pytest.mark.parametrize(
    "name",
    [
        "{secret}",
        "{inside}/../secret.txt",
        "{inside}/below/../../secret.txt",
        "{inside}/link",
        "{inside}/link-to-above/secret.txt",
        "{inside}/absent/../train.py",
        "{inside}-other",
        "/proc/self/root{secret}",
        "/proc/self/environ",
        "/proc/self/cwd/../secret.txt",
        "/dev/stdin",
        "train.py",
        "./train.py",
        "~/train.py",
        "",
        "{inside}/\0",
        "file://{inside}/train.py",
        "{inside}/train.py\n",
    ],
)
def test_nothing_leads_out_of_it(disk: Disk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(disk.inside)
    (disk.inside / "link").symlink_to(disk.secret)
    (disk.inside / "link-to-above").symlink_to(disk.inside.parent)
    (disk.inside.parent / "inside-other").mkdir()
    with pytest.raises(InvalidRequest, match="is not inside a folder"):
        disk.allowed.path(name.format(secret=disk.secret, inside=disk.inside))


def test_a_refusal_does_not_tell_whether_something_is_there(disk: Disk) -> None:
    said = []
    for name in (disk.secret, disk.secret.with_name("absent")):
        with pytest.raises(InvalidRequest) as caught:
            disk.allowed.path(str(name))
        said.append(str(caught.value).replace(str(name), "NAME"))
    assert said[0] == said[1]


def test_the_launchers_own_folders_are_private_even_below_an_allowed_one(tmp_path: Path) -> None:
    config = Config(tmp_path / "config", tmp_path / "data")
    audit = config.data_folder / "serve" / "audit.jsonl"
    clip = config.datasets_folder / "anna" / "a.wav"
    for path in (audit, clip):
        path.parent.mkdir(parents=True)
        path.write_text("")
    allowed = Allowed.by(config, [tmp_path], [])
    assert allowed.path(str(clip)) == clip
    for private in (audit, config.data_folder, tmp_path):
        with pytest.raises(InvalidRequest):
            allowed.path(str(private))


def test_a_hard_link_cannot_be_told_from_the_file_itself(disk: Disk) -> None:
    os.link(disk.secret, disk.inside / "hard-link")
    assert disk.allowed.path(str(disk.inside / "hard-link"))


@pytest.mark.parametrize("folder", ["absent", "train.py", "/"])
def test_what_is_allowed_is_a_folder_and_not_all_there_is(disk: Disk, folder: str) -> None:
    config = Config(disk.inside, disk.inside)
    with pytest.raises(InvalidRequest):
        Allowed.by(config, [disk.inside / folder], [])


def test_files_that_a_run_brings_along_are_held_to_where_they_truly_lie(disk: Disk) -> None:
    (disk.inside / "named.py").symlink_to(disk.inside / "train.py")
    composed = disk.composed(bring=[f"{disk.inside}/named.py", f"{disk.inside}/below/..:code"])
    assert composed.settings.model_dump()["bring"] == (
        f"{disk.inside}/train.py:named.py",
        f"{disk.inside}:code",
    )
    brought, findings = look_at_brought(composed.settings)
    assert {file.path for file in brought.files} == {"named.py", "code/train.py", "code/named.py"}
    assert not [found for found in findings if found.severity == "error"]


@pytest.mark.parametrize("name", ["bring", "requirements"])
def test_a_setting_that_names_a_file_elsewhere_is_refused_by_its_name(
    disk: Disk, name: str
) -> None:
    value = [str(disk.secret)] if name == "bring" else str(disk.secret)
    with pytest.raises(InvalidRequest) as caught:
        disk.composed(**{name: value})
    assert name in str(caught.value)


def test_a_link_in_a_folder_that_is_brought_along_leads_nowhere(disk: Disk) -> None:
    (disk.inside / "link").symlink_to(disk.secret)
    brought, _ = look_at_brought(disk.composed(bring=[str(disk.inside)]).settings)
    assert [file.path for file in brought.files] == ["inside/train.py"]


def test_a_list_of_packages_may_not_lead_to_a_list_elsewhere(disk: Disk) -> None:
    listed = disk.inside / "requirements.txt"
    listed.write_text("numpy\n-r more.txt\n")
    (disk.inside / "more.txt").write_text("tqdm\n")
    assert disk.composed(requirements=str(listed))
    (disk.inside / "more.txt").write_text("-r ../secret.txt\n")
    with pytest.raises(InvalidRequest, match="is not inside a folder"):
        disk.composed(requirements=str(listed))


def test_what_a_preset_names_is_held_to_the_same(disk: Disk) -> None:
    preset = Preset("mine", "", "", {**GIVEN, "bring": [str(disk.secret)]})
    with pytest.raises(InvalidRequest, match="bring"):
        disk.allowed.held(compose(preset, {}))


def test_a_command_gets_no_variable_of_the_server_that_was_not_allowed(disk: Disk) -> None:
    assert disk.composed(secret=["WANDB_API_KEY"])
    with pytest.raises(InvalidRequest, match="AWS_SECRET_ACCESS_KEY"):
        disk.composed(secret=["WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY"])
    with pytest.raises(InvalidRequest, match="AWS_SECRET_ACCESS_KEY"):
        disk.allowed.check(
            RunSettings.model_validate({**GIVEN, "secret": ["AWS_SECRET_ACCESS_KEY"]})
        )


def test_results_go_to_no_folder_that_clients_may_not_name(disk: Disk) -> None:
    given = {"recipe": "command", "argv": ["true"], "provider": "local"}

    def held(folder: Path) -> Composed:
        return disk.allowed.held(compose(None, {**given, "results_folder": str(folder)}))

    assert held(disk.inside / "voices" / "new").settings.results_folder
    with pytest.raises(InvalidRequest, match="not inside a folder that clients"):
        held(disk.secret.parent / "voices")


@pytest.mark.parametrize(
    "name",
    [
        "{inside}/absent/../../voices",
        "{inside}/below/../../voices",
        "{inside}/link/voices",
        "//etc/voices",
    ],
)
@pytest.mark.parametrize("setting", ["results_folder", "dataset_repo"])
def test_no_way_round_leads_results_or_a_dataset_out_of_an_allowed_folder(
    disk: Disk, name: str, setting: str
) -> None:
    (disk.inside / "link").symlink_to(disk.secret.parent)
    folder = name.format(inside=disk.inside)
    given = {**GIVEN, "provider": "local", setting: folder}
    if setting == "results_folder":
        del given["results_repo"]
    with pytest.raises(InvalidRequest, match="is not inside a folder that clients") as caught:
        disk.allowed.check(RunSettings.model_validate(given))
    assert repr(folder) in str(caught.value.message)


def test_a_refused_folder_is_named_alike_whether_it_is_there_or_not(disk: Disk) -> None:
    there, absent = disk.secret.parent / "there", disk.secret.parent / "absent"
    there.mkdir()
    for folder in (there, absent):
        settings = RunSettings(recipe="command", provider="local", results_folder=str(folder))
        with pytest.raises(InvalidRequest) as caught:
            disk.allowed.check(settings)
        assert repr(str(folder)) in str(caught.value.message)


def test_a_new_folder_may_be_named_beside_what_is_private(tmp_path: Path) -> None:
    config = Config(tmp_path / "home" / "config", tmp_path / "home" / "data")
    (tmp_path / "home" / "config").mkdir(parents=True)
    allowed = Allowed.by(config, [tmp_path / "home"], [])

    def check(folder: Path) -> None:
        allowed.check(RunSettings(recipe="command", provider="local", results_folder=str(folder)))

    check(tmp_path / "home" / "voices")
    with pytest.raises(InvalidRequest):
        check(tmp_path / "home" / "config" / "voices")


def test_a_folder_is_no_dataset_of_the_hub_and_is_not_read_where_one_is_asked_for(
    tmp_path: Path,
) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "metadata.csv").write_text("a.wav|what nobody may read\n")

    @in_patient_time
    async def story() -> None:
        async with served(tmp_path) as site:
            asked = {"dataset": str(private)}
            refused = await site.client.post("/api/v1/datasets/check", json=asked)
            assert refused.status_code == 422
            assert "but a repo is needed here" in refused.json()["detail"]

    story()
