"""A field for each secret that the command's settings name, and nothing of it on the page once it is given."""

from __future__ import annotations

import pytest
from nicegui import ElementFilter, events, ui
from nicegui.testing import User
from pydantic import SecretStr

from launcher.stores.secrets import NamedSecret
from launcher.ui.widgets.elements import Button
from launcher.ui.widgets.inputs import SecretField
from pod_image.contract.environment import RUN_VARIABLE, RunDocument
from tests.kit.key_store import MemoryKeyStore
from tests.kit.page_verbs import click, enter, until, visit
from tests.ui.conftest import Ground

NAME, VALUE = "WANDB_API_KEY", "wandb-0123456789"


def give(user: User, value: str) -> None:
    with user:
        (one,) = ElementFilter(kind=SecretField, marker=f"secret-{NAME}")
        arguments = events.GenericEventArguments(sender=one, client=user._client, args=value)
        events.handle_event(one._received, arguments)


async def on_page(user: User) -> None:
    await visit(user, "/train")
    user.find(marker="train-command").trigger("change")
    for name, value in {"argv": "train", "results_repo": "demo/voice", "secret": NAME}.items():
        enter(user, name, value)
    await user.should_see("Secrets of the command")
    await user.should_see("RTX A4000, $0.25/h", retries=400)


@pytest.mark.promise("secrets-nowhere")
async def test_a_command_s_secret_is_typed_held_and_sent_with_the_run(
    holder: User, ground: Ground
) -> None:
    await on_page(holder)
    click(holder, "Check everything")
    await holder.should_see(f"There is no value for the secret {NAME}", retries=400)
    await holder.should_see(f"Enter {NAME} under “Secrets of the command”.")
    give(holder, "short")
    await holder.should_see("shorter than 8 characters")
    give(holder, VALUE)
    await holder.should_see(f"{NAME}: in memory")
    await holder.should_see("3 of 3 keys")
    with holder:
        page = " ".join(
            str(one._props) for one in ElementFilter(kind=ui.element, only_visible=False)
        )
    assert VALUE not in page
    click(holder, "Check everything")
    await holder.should_see("Ready", retries=400)
    click(holder, "Rent and start…")
    await holder.should_see(
        f"The Hugging Face tokens and {NAME} are stored as secrets in your RunPod account"
    )
    click(holder, next(iter(holder.find(kind=Button, marker="rent").elements)).label.text)
    await until(lambda: bool(ground.world.pods))
    (pod,) = ground.world.pods.values()
    assert RunDocument.from_json(pod.env[RUN_VARIABLE]).settings.model_dump()["secret"] == (NAME,)
    kept = {secret.name: secret for secret in ground.world.account.secrets.values()}
    (name,) = [name for name in kept if name.endswith("_command0")]
    assert kept[name].value == VALUE


async def test_it_is_taken_from_keyring_and_environment_after_a_click_alone(
    holder: User, ground: Ground
) -> None:
    store = MemoryKeyStore()
    store.save(NamedSecret(NAME), SecretStr(VALUE))
    ground.site.key_store, ground.site.environment = store, {NAME: "wandb-of-this-shell"}
    await on_page(holder)
    assert ground.site.vault.get(holder.tab_id, NamedSecret(NAME).value) is None
    click(holder, "Look in the keyring")
    await holder.should_see(f"{NAME}: in memory", retries=400)
    click(holder, "Forget")
    assert ground.site.vault.get(holder.tab_id, NamedSecret(NAME).value) is None
    click(holder, "Use the environment variable")
    await holder.should_see(f"{NAME}: in memory", retries=400)
    held = ground.site.vault.get(holder.tab_id, NamedSecret(NAME).value)
    assert held is not None
    assert held.get_secret_value() == "wandb-of-this-shell"
