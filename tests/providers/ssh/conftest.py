"""A real sshd for tests of a machine that ssh reaches."""

from tests.providers.ssh.sshd import ordinary_user, sshd, their_python

__all__ = ["ordinary_user", "sshd", "their_python"]
