"""The key that signs the log's checkpoints: an Ed25519 key in a file of the data directory."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ...domain.errors import StoreError
from ...domain.proofs.merkle import leaf_hash
from ...domain.proofs.signed_notes import VerifierKey

ORIGIN = "opencode-ledger"
WHAT_TO_DO = "Restore it from a backup; auditors with the old public key will not accept another key."


class SigningKey:
    """A private key. The log's name, its `origin`, is made from the public key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        public = private.public_key().public_bytes_raw()
        self.verifier = VerifierKey(f"{ORIGIN}/{leaf_hash(public).hex()[:16]}", public)

    @classmethod
    def open(cls, path: Path, *, make: bool = True) -> "SigningKey":
        """The key in this file; a new key and file where there is none. Blocks. Raises `StoreError`."""
        of_log = f"The key of the log's checkpoints, {path}"
        try:
            if make and not path.exists():
                _write(path, Ed25519PrivateKey.generate())
            return cls.read(path, path.read_bytes())
        except OSError as error:
            raise StoreError(f"{of_log}, can't be used: {error.strerror}. {WHAT_TO_DO}") from None

    @classmethod
    def read(cls, path: Path, content: bytes) -> "SigningKey":
        """The key from a file's content. `path`: the file's path, for error messages. Raises `StoreError`."""
        of_log = f"The key of the log's checkpoints, {path}"
        try:
            private = load_pem_private_key(content, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise StoreError(f"{of_log}, is not a private key in PEM. {WHAT_TO_DO}") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise StoreError(f"{of_log}, is not an Ed25519 key. {WHAT_TO_DO}")
        return cls(private)

    def sign(self, text: bytes) -> bytes:
        """The signature over a text."""
        return self._private.sign(text)


def verify(public: bytes, signature: bytes, text: bytes) -> bool:
    """Whether the owner of this public key signed the text."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def _write(path: Path, private: Ed25519PrivateKey) -> None:
    """Write the key so that only its owner can read it, completely or not at all."""
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
