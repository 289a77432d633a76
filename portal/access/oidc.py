"""Sign-in through an identity provider (OpenID Connect, authorization code with PKCE).

The provider says who somebody is; what he may do is said by the account to which an administrator
has bound that identity. Nobody gets an account by signing in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import Engine, delete, insert, select

from portal.access.secret import digest, new_secret
from portal.settings import PortalSettings
from warehouse.core.clock import utc_now
from warehouse.ledger import desk_tables as t
from warehouse.ledger.database import writing

CALLBACK = "/sign-in/oidc/callback"
MINUTES = 10
"""How long somebody may take at the provider."""
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_LEEWAY_SECONDS = 60
_TIMEOUT_SECONDS = 10.0
_METADATA_SECONDS = 600.0
_LONGEST_ANSWER = 1 << 20


class OidcError(Exception):
    """The provider's answer is not to be believed; `reason` is for the audit log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Oidc:
    """The identity provider of one installation."""

    settings: PortalSettings
    engine: Engine
    _metadata: dict[str, Any] = field(default_factory=dict)
    _read_at: float = 0.0

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to: register it there."""
        return f"{self.settings.public_url}{CALLBACK}"

    def begin(self, target: str) -> tuple[str, str]:
        """The provider's address to go to, and the state that must come back with the browser."""
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        endpoint = self._endpoint("authorization_endpoint")
        now, request = utc_now(), t.oidc_request
        with writing(self.engine) as connection:
            connection.execute(delete(request).where(request.c.expires_at < now))
            connection.execute(
                insert(request).values(
                    state_sha256=digest(state),
                    nonce=nonce,
                    code_verifier=verifier,
                    target=target,
                    expires_at=now + timedelta(minutes=MINUTES),
                )
            )
        query = {
            "response_type": "code",
            "client_id": self.settings.oidc_client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.settings.oidc_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}", state

    def finish(self, query: dict[str, str], browser_state: str) -> tuple[str, str]:
        """Who came back, by the configured claim, and where he wanted to go. Raises OidcError."""
        state = query.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), browser_state.encode()):
            raise OidcError("the state is not that of this browser")
        nonce, verifier, target = self._used(state)
        if "error" in query:
            raise OidcError(f"the provider refused: {query['error'][:80]}")
        if query.get("iss", self.settings.oidc_issuer) != self.settings.oidc_issuer:
            raise OidcError("the answer comes from another issuer")
        if not query.get("code"):
            raise OidcError("the answer holds no code")
        return self._identity(self._claims(query["code"], verifier, nonce)), target

    def _used(self, state: str) -> tuple[str, str, str]:
        """What was kept for the state; it is good once."""
        request = t.oidc_request
        mine = request.c.state_sha256 == digest(state)
        with writing(self.engine) as connection:
            row = connection.execute(select(request).where(mine)).mappings().first()
            gone = connection.execute(delete(request).where(mine)).rowcount
        if row is None or gone != 1:
            raise OidcError("the state is unknown or was used before")
        if row["expires_at"] < utc_now():
            raise OidcError("the state has expired")
        return row["nonce"], row["code_verifier"], row["target"]

    def _claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
            "client_id": self.settings.oidc_client_id,
        }
        token = self._asked("POST", self._endpoint("token_endpoint"), data=form)
        keys = self._asked("GET", self._endpoint("jwks_uri"))
        registry = jwt.JWTClaimsRegistry(
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.settings.oidc_issuer},
            aud={"essential": True, "value": self.settings.oidc_client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            read = jwt.decode(
                str(token["id_token"]),
                KeySet.import_key_set(keys),  # type: ignore[arg-type]
                algorithms=_ALGORITHMS,
            )
            registry.validate(read.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise OidcError(f"the token does not hold: {error}"[:200]) from error
        claims: dict[str, Any] = read.claims
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1:
            self._check_party(claims)
        return claims

    def _check_party(self, claims: dict[str, Any]) -> None:
        """A token for several must say that it was made for us."""
        if claims.get("azp") != self.settings.oidc_client_id:
            raise OidcError("the token was made for another client")

    def _identity(self, claims: dict[str, Any]) -> str:
        name = self.settings.oidc_claim
        value = claims.get(name)
        if not isinstance(value, str) or not value.strip():
            raise OidcError(f"the token has no claim {name}")
        if name == "email" and claims.get("email_verified") is not True:
            raise OidcError("the provider has not verified the e-mail address")
        return value

    def _endpoint(self, name: str) -> str:
        if time.monotonic() - self._read_at > _METADATA_SECONDS or not self._metadata:
            issuer = self.settings.oidc_issuer
            read = self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if read.get("issuer") != issuer:
                raise OidcError("the provider says that it is another issuer")
            self._metadata, self._read_at = read, time.monotonic()
        found = self._metadata.get(name)
        if not isinstance(found, str) or not self.settings.is_trustworthy(found):
            raise OidcError(f"the provider has no safe {name}")
        return found

    def _asked(
        self, method: str, url: str, *, data: dict[str, str] | None = None
    ) -> dict[str, Any]:
        secret = self.settings.oidc_client_secret
        auth = (self.settings.oidc_client_id, secret) if data is not None and secret else None
        try:
            answer = httpx.request(
                method,
                url,
                data=data,
                auth=auth,
                headers={"accept": "application/json"},
                timeout=_TIMEOUT_SECONDS,
            )
            if not answer.is_success or len(answer.content) > _LONGEST_ANSWER:
                raise OidcError(f"the provider answered {answer.status_code}")
            read = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise OidcError(f"the provider cannot be asked: {type(error).__name__}") from error
        if not isinstance(read, dict):
            raise OidcError("the provider's answer is malformed")
        return read


def _challenge(verifier: str) -> str:
    hashed = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
