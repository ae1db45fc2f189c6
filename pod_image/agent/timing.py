"""How long the agent waits for what; one frozen object, so that tests and simulations can change it."""

from __future__ import annotations

from dataclasses import dataclass

from pod_image.contract.environment import COMMITS_ALONE


@dataclass(frozen=True)
class Timing:
    """All in seconds unless the name says otherwise."""

    watch_seconds: float = 1.0
    spool_seconds: float = 1.0
    numbered_instructions_seconds: float = 30.0
    machine_seconds: float = 15.0
    heartbeat_seconds: float = 30.0
    event_gap_seconds: float = 1.0
    """Steps and other readings come at most this often; what comes sooner is merged."""

    request_seconds: float = 10.0
    """Limit of one request to the cloud."""
    boot_pod_seconds: float = 120.0
    """How long boot tries to read its own pod before it gives its verdict."""
    boot_hub_seconds: float = 90.0
    clock_skew_seconds: float = 600.0
    """A machine whose clock is further off fails at certificates and signed URLs sooner or later."""

    fetch_idle_seconds: float = 600.0
    prepare_idle_seconds: float = 1_800.0
    export_seconds: float = 900.0
    export_reserve_seconds: float = 120.0
    """Before delivery has to begin, training leaves so long for making the voice: at most a tenth of the run."""
    stop_grace_seconds: float = 120.0
    """From `stop` until a stage is told to end by signal: two steps on a slow machine and a checkpoint."""
    kill_grace_seconds: float = 10.0

    ride_along_seconds: float = 900.0
    """Samples and events wait for the next checkpoint's commit, at most this long."""
    first_backoff_seconds: float = 5.0
    longest_backoff_seconds: float = 300.0
    bare_end_seconds: float = 120.0
    """How long an end without results tries to deliver its log."""
    hold_heartbeat_seconds: float = 60.0
    delivery_reserve_seconds: float = 60.0
    outlook_seconds: float = 60.0
    """At most so long between two looks at how much is still to go; more often near the caps."""
    last_word_seconds: float = 30.0
    """Of the time for delivery, what is left to the record, the events and the log."""

    tag_seconds: float = 10.0
    """At the end, what naming the delivered version may cost of the GPU's time; it is done without, else."""
    flush_seconds: float = 2.0
    """Before the release, for what was said last to leave the container; nobody may be reading it."""
    longest_release_backoff_seconds: float = 30.0
    stop_instead_seconds: float = 300.0
    """From here on a pod that cannot be deleted is stopped, at least: that ends the GPU's price."""
    tell_unreleased_seconds: float = 120.0
    """A pod that still lives so long after its release was sent says so outside."""
    gone_seconds: float = 30.0
    """After a release that was accepted: if the agent still lives then, it was not."""
    guard_grace_seconds: float = 30.0
    guard_stopped_seconds: float = 60.0
    """An agent that the system holds (SIGSTOP) and that was not heard for so long is killed, to be started again."""
    guard_hung_seconds: float = 150.0
    """The same for one that runs and does not beat: something in its loop takes far too long."""
    guard_joins_seconds: float = 60.0
    """After the agent began to release the pod, the guard does so too."""
    guard_restart_seconds: float = 5.0
    """A guard that dies at once is not started more often than that."""

    linger_seconds: float = 60.0
    """A pod that lives so long after its release was sent goes on delivering what is not in the repo."""

    commits_per_hour: int = COMMITS_ALONE
    """Kept to also where the launcher, of an earlier release, allows more."""
    delivery_batch_bytes: int = 100 << 20
    """What comes first in importance is committed on its own when the rest is large."""
    same_resume_limit: int = 3
    """A run that came back so often to the same step will come back there again."""
