"""api.test, auth.*, apps.connections.open, oauth.v2.access. docs.slack.dev/reference/methods."""

from __future__ import annotations

from tests.servers.slack.apps import Installation
from tests.servers.slack.call import Answer, Call, method
from tests.servers.slack.limits import Tier
from tests.servers.slack.refusals import Refused


@method("api.test", Tier.FOUR, "error", "foo", token="none")
def api_test(call: Call) -> Answer:
    args = {name: value for name, value in call.args.items() if name != "token"}
    if error := call.string("error"):
        raise Refused(error, args=args)
    return {"args": args} if args else {}


@method("auth.test", Tier.NONE)
def auth_test(call: Call) -> Answer:
    who, team = call.who, call.team
    answer: Answer = {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": call.bot.name,
        "team_id": team.id,
        "user_id": who.bot_user,
        "bot_id": who.bot_id,
        "is_enterprise_install": who.team_id is None,
    }
    if team.enterprise_id:
        answer["enterprise_id"] = team.enterprise_id
    if call.token in who.expires:
        answer["expires_in"] = int(who.expires[call.token] - call.slack.clock.now())
    return answer


@method("auth.revoke", Tier.THREE, "test")
def auth_revoke(call: Call) -> Answer:
    if not call.flag("test"):
        call.who.state = "revoked"
    return {"revoked": not call.flag("test")}


@method("apps.connections.open", Tier.THREE, token="app", scopes=("connections:write",))
def connections_open(call: Call) -> Answer:
    if not call.slack.app.socket_mode:
        raise Refused("forbidden_team")
    return {"url": call.slack.sockets.ticket()}


@method(
    "oauth.v2.access",
    Tier.NONE,
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    token="none",
)
def oauth_access(call: Call) -> Answer:
    app = call.slack.app
    client = call.basic or (call.string("client_id") or "", call.string("client_secret") or "")
    if client[0] != app.client_id:
        raise Refused("invalid_client_id")
    if client[1] != app.client_secret:
        raise Refused("bad_client_secret")
    grant = call.string("grant_type") or "authorization_code"
    if grant == "refresh_token":
        return _granted(call, _refreshed(call))
    if grant != "authorization_code":
        raise Refused("invalid_grant_type")
    installation = call.slack.oauth.exchange(call.string("code"), call.string("redirect_uri"))
    return _granted(call, installation)


def _refreshed(call: Call) -> Installation:
    """A refresh token works once (docs.slack.dev/authentication/using-token-rotation)."""
    asked = call.string("refresh_token")
    for each in call.slack.installations:
        if asked and each.refresh_token == asked and each.state == "active":
            call.slack.issue(each)
            return each
    raise Refused("invalid_refresh_token")


def _granted(call: Call, installation: Installation) -> Answer:
    team = call.slack.teams[installation.home_team]
    answer: Answer = {
        "app_id": call.slack.app.id,
        "authed_user": {"id": installation.installer},
        "scope": ",".join(installation.scopes),
        "token_type": "bot",
        "access_token": installation.token,
        "bot_user_id": installation.bot_user,
        "team": None if installation.team_id is None else {"id": team.id, "name": team.name},
        "enterprise": {"id": team.enterprise_id, "name": team.enterprise_name} if team.enterprise_id else None,
        "is_enterprise_install": installation.team_id is None,
    }
    if installation.refresh_token:
        left = installation.expires[installation.token] - call.slack.clock.now()
        answer |= {"refresh_token": installation.refresh_token, "expires_in": round(left)}
    return answer
