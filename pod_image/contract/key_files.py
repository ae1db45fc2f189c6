"""Files that programs keep keys in, by their names."""

from __future__ import annotations

NAMES_OF_KEY_FILES = frozenset(
    {
        ".netrc", "_netrc", ".pgpass", ".pypirc", ".npmrc", ".git-credentials", ".htpasswd", "kaggle.json",
        "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "credentials.json", "client_secret.json",
    }
)  # fmt: skip
_MORE_NAMES = frozenset(
    {".env", "token", "stored_tokens", "credentials", "auth.json", "secrets.toml"}
)
_FOLDERS = frozenset({".ssh", ".aws", ".azure", ".gnupg", ".kube", ".docker", ".kaggle"})
_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".kdbx")


def is_of_keys(path: str) -> bool:
    """Whether a file with this path is one that keys are kept in, or lies in a folder of such."""
    *folders, name = path.lower().split("/")
    return (
        name in NAMES_OF_KEY_FILES
        or name in _MORE_NAMES
        or name.startswith(".env.")
        or name.endswith(_ENDINGS)
        or not _FOLDERS.isdisjoint(folders)
    )
