# mypy: disable-error-code="import-not-found"
"""Read everything that the sandbox's GitHub has with githubkit, each answer as its typed model: read_github.py API TOKEN."""

import json
import sys

from githubkit import GitHub, TokenAuthStrategy

api, token = sys.argv[1:]
client = GitHub(TokenAuthStrategy(token), base_url=api)
rest = client.rest
place = ("acme", "payments-api")

own = rest.repos.list_for_authenticated_user(per_page=100).parsed_data
tree = rest.git.get_tree(*place, "main").parsed_data
blob = next(entry.sha for entry in tree.tree if entry.type == "blob")
told = {
    "viewer": rest.users.get_authenticated().parsed_data.login,
    "organizations": [each.login for each in rest.orgs.list_for_authenticated_user().parsed_data],
    "own repositories": len(own),
    "repositories of acme": len(rest.repos.list_for_org("acme").parsed_data),
    "repository": rest.repos.get(*place).parsed_data.full_name,
    "branches": len(rest.repos.list_branches(*place).parsed_data),
    "branch": rest.repos.get_branch(*place, "main").parsed_data.name,
    "commit": rest.repos.get_commit(*place, "main").parsed_data.commit.message != "",
    "references": [each.ref for each in rest.git.list_matching_refs(*place, "heads/fea").parsed_data],
    "tree": tree.sha != "",
    "blob": rest.git.get_blob(*place, blob).parsed_data.encoding,
    "file": rest.repos.get_content(*place, "openapi/openapi.yaml").parsed_data.name,
    "directory": len(rest.repos.get_content(*place, "openapi").parsed_data) > 0,
    "found": [each.full_name for each in rest.search.repos(q="payments in:name").parsed_data.items],
    "limit": rest.rate_limit.get().parsed_data.resources.core.limit > 0,
    "version": rest.meta.get().parsed_data.verifiable_password_authentication,
}
sys.stdout.write(json.dumps(told))
