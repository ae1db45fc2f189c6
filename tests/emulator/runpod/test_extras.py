"""What is newer than the description works when it is on, and is as if never added when it is off."""

import pytest

from launcher.emulator.runpod import (
    EXTRAS,
    ExecOutcome,
    RunPodWorld,
    ScriptedContainer,
    ScriptedRunner,
)
from launcher.emulator.runpod.calls import OPERATIONS
from tests.emulator.runpod.conftest import Cloud
from tests.kit.clouds import GPU, pod_body

NOT_FOUND = "The requested path was not found."


def echo(container: ScriptedContainer, command: list[str]) -> ExecOutcome:
    return ExecOutcome(3, stdout=" ".join(command), stderr="careful")


async def test_exec_runs_a_command_in_the_running_pod(cloud: Cloud, runner: ScriptedRunner) -> None:
    runner.on_exec = echo
    pod = await cloud.rent()
    path, body = f"/v2/pods/{pod.id}/exec", {"command": ["echo", "hello"], "timeoutSeconds": 5}
    assert (await cloud.post(path, json=body)).status_code == 409
    cloud.advance(1)
    reply = await cloud.post(path, json=body)
    assert reply.json() == {
        "stdout": "echo hello",
        "stderr": "careful",
        "exitCode": 3,
        "timedOut": False,
    }
    assert (await cloud.post("/v2/pods/nothing/exec", json=body)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"command": []},
        {"command": "ls"},
        {"command": ["x" * 4097]},
        {"command": ["a\x00b"]},
        {"command": ["a"] * 257},
        {"command": ["a"], "timeoutSeconds": 26},
        {"command": ["a"], "cwd": "relative"},
        {"command": ["a"], "shell": True},
    ],
)
async def test_exec_holds_to_its_limits(cloud: Cloud, body: dict[str, object]) -> None:
    pod = await cloud.running()
    assert (await cloud.post(f"/v2/pods/{pod.id}/exec", json=body)).status_code == 422


async def test_a_command_may_come_as_arrays(cloud: Cloud, runner: ScriptedRunner) -> None:
    pod = await cloud.running(cmd=["-c", "print('a b')"], entrypoint=["python"])
    assert runner.started[0].spec.args == ("-c", "print('a b')")
    assert runner.started[0].spec.entrypoint == ("python",)
    shown = (await cloud.get(f"/v2/pods/{pod.id}")).json()
    assert (shown["cmd"], shown["entrypoint"]) == (["-c", "print('a b')"], ["python"])


async def test_both_ways_to_say_a_command_must_say_the_same(cloud: Cloud) -> None:
    clash = await cloud.post("/v2/pods", json=pod_body(cmd=["a"], args="b"))
    assert clash.status_code == 400
    assert (
        await cloud.post("/v2/pods", json=pod_body(cmd=["a", "b c"], args="a 'b c'"))
    ).is_success


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("", ()),
        ("python -m job", ("python", "-m", "job")),
        ("bash -lc 'a && b'", ("bash", "-lc", "a && b")),
        ("bash -lc python /app/x.py", ("bash", "-lc", "python", "/app/x.py")),
        ('{"cmd": ["a", "b"]}', ("a", "b")),
        ("{not json", ("{not", "json")),
    ],
)
async def test_args_are_split_as_a_shell_would_and_not_run_by_one(
    cloud: Cloud, runner: ScriptedRunner, args: str, expected: tuple[str, ...]
) -> None:
    await cloud.running(args=args)
    assert runner.started[0].spec.args == expected


async def test_args_that_cannot_be_split_are_an_error_in_the_system_log(cloud: Cloud) -> None:
    pod = await cloud.rent(args="bash -c 'unclosed")
    cloud.advance(1)
    assert pod.status == "ERROR"
    assert "cannot be split" in pod.log.texts("system")[-1]


async def test_the_balance_is_asked_by_graphql(cloud: Cloud) -> None:
    await cloud.rent()
    query = {
        "query": "query { myself { clientBalance currentSpendPerHr spendLimit underBalance } }"
    }
    myself = (await cloud.post("/graphql", json=query)).json()["data"]["myself"]
    assert myself["clientBalance"] == 25.0
    assert myself["currentSpendPerHr"] == pytest.approx(0.69, abs=0.01)
    assert (myself["spendLimit"], myself["underBalance"]) == (80.0, False)


async def test_graphql_takes_the_key_in_the_address_too_and_rest_does_not(cloud: Cloud) -> None:
    with_key = {"params": {"api_key": cloud.key}, "key": None}
    query = {"query": "{ myself { clientBalance } }"}
    reply = await cloud.post("/graphql", json=query, **with_key)
    assert reply.json() == {"data": {"myself": {"clientBalance": 25.0}}}
    assert (await cloud.get("/v2/pods", **with_key)).status_code == 401
    assert (await cloud.post("/graphql", json=query, key=None)).status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "{ myself { creditCard } }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ gpuTypes { id } }"}, "INTERNAL_SERVER_ERROR"),
        ({"question": "?"}, "BAD_REQUEST"),
        ([], "BAD_REQUEST"),
    ],
)
async def test_graphql_errors_come_with_200(cloud: Cloud, body: object, code: str) -> None:
    reply = await cloud.post("/graphql", json=body)
    assert reply.status_code == 200
    assert reply.json()["errors"][0]["extensions"]["code"] == code


async def test_paths_that_are_off_are_unknown(cloud: Cloud) -> None:
    pod = await cloud.running()
    cloud.world.extras.switch_off("exec", "secrets", "graphql")
    replies = [
        await cloud.post(f"/v2/pods/{pod.id}/exec", json={"command": ["a"]}),
        await cloud.get("/v2/account/secrets"),
        await cloud.delete("/v2/account/secrets/x"),
        await cloud.post("/graphql", json={"query": "{ myself { id } }"}),
    ]
    assert [(reply.status_code, reply.json()["detail"]) for reply in replies] == [
        (404, NOT_FOUND)
    ] * 4


async def test_keys_that_are_off_are_unknown(cloud: Cloud) -> None:
    cloud.world.extras.switch_off("command-arrays", "placement-filters", "host-figures")
    arrays = await cloud.post("/v2/pods", json=pod_body(cmd=["a"]))
    assert arrays.json()["errors"] == ["$: additional properties 'cmd' not allowed"]
    filters = await cloud.post(
        "/v2/pods", json=pod_body(gpu={"id": GPU, "count": 1, "minRamPerGpu": 8})
    )
    assert filters.status_code == 422
    shown = (await cloud.get(f"/v2/pods/{(await cloud.rent()).id}")).json()
    assert shown["gpu"] == {"id": GPU, "count": 1}
    assert not {"cmd", "entrypoint"} & set(shown)


def test_an_extra_can_be_switched_on_again_and_an_unknown_one_is_an_error(
    world: RunPodWorld,
) -> None:
    world.extras.switch_off("exec")
    assert "exec" not in world.extras
    world.extras.switch_on("exec")
    assert "exec" in world.extras
    with pytest.raises(KeyError, match="no such extra: telepathy"):
        world.extras.switch_off("telepathy")


def test_every_extra_has_a_sentence_and_every_extra_operation_is_listed() -> None:
    assert all(sentence.endswith(".") for sentence in EXTRAS.values())
    assert {operation.extra for operation in OPERATIONS} - {None} <= set(EXTRAS)
