"""The check of a JWT: it is the issuer's, good now, and made out to us."""

from datetime import datetime

from app.oidc.claims import Claims, Expected, read_claims
from app.oidc.compact import Rejected, take_apart
from app.oidc.issuer import Away, Issuer
from app.oidc.keys import fits
from app.sealing.secret import Secret


async def verify(token: Secret, *, issuer: Issuer, expected: Expected, now: datetime) -> Claims | Rejected | Away:
    """Return what the issuer says in the token; Rejected where it is not the issuer's word, Away where nobody can tell now.

    The issuer is asked for keys only for a token that would be good but for its signature.
    """
    taken = take_apart(token)
    if isinstance(taken, Rejected):
        return taken
    if taken.type not in expected.types:
        return Rejected(f"its typ has to be {' or '.join(sorted(name for name in expected.types if name))}")
    claims = read_claims(taken.jws.payload, algorithm=taken.algorithm, expected=expected, now=now)
    if isinstance(claims, Rejected):
        return claims
    key = await issuer.key_of(taken)
    if isinstance(key, Away):
        return key
    if key is None:
        return Rejected("its issuer publishes no key of that kid for that alg")
    return claims if fits(taken, key) else Rejected("its signature does not fit")
