"""A stand-in issuer of OpenID Connect, with real keys: its discovery document, its keys, and tokens that it signs."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, override

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.standins.served import Reply, Served

type Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a key once for all tests of a run, as it takes its time."""
    return rsa.generate_private_key(65537, bits)


@cache
def other_key(kind: str) -> Private:
    """Make a key for ES256 or EdDSA."""
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ES256" else ed25519.Ed25519PrivateKey.generate()


def private(algorithm: str) -> Private:
    """Give the key that the issuer signs with by this algorithm."""
    return rsa_key() if algorithm.startswith(("RS", "PS")) else other_key(algorithm)


class Issuer(Served):
    """The service; `keys` are what its JWKS has, by key id; `claims_to_be` and `jwks_uri` what its document says otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Mapping[str, Any]] = {"one": public(rsa_key())}
        self.claims_to_be = ""
        self.jwks_uri = ""

    @override
    def reply(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Answer with the document, or the keys."""
        if path == "/.well-known/openid-configuration":
            document: Mapping[str, Any] = {
                "issuer": self.claims_to_be or self.url,
                "jwks_uri": self.jwks_uri or f"{self.url}/keys",
            }
        elif path == "/keys":
            document = {"keys": [{**key, "kid": kid} for kid, key in self.keys.items()]}
        else:
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()

    def token(
        self,
        at: datetime,
        *,
        kid: str = "one",
        algorithm: str = "RS256",
        key: Any = None,
        head: Any = None,
        **claims: Any,
    ) -> str:
        """Sign a token, made at this moment, for five minutes; a claim that is None is left out."""
        now = int(at.timestamp())
        said = {
            "iss": self.url,
            "aud": "wheelgate",
            "sub": "repo:acme/demo:environment:release",
            "jti": "id-1",
            "iat": now,
            "nbf": now,
            "exp": int((at + timedelta(minutes=5)).timestamp()),
            "repository": "acme/demo",
            "ref": "refs/tags/v1",
            "run_id": "17",
            **claims,
        }
        kept = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(kept, key or private(algorithm), algorithm, {"kid": kid, **(head or {})})


def public(key: Private) -> Mapping[str, Any]:
    """Give a key's public half as a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        made = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        made = jwt.algorithms.OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in made.items() if name != "key_ops"}
