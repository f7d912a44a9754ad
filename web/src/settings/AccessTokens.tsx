import { useState } from "react";

import { useAction } from "../api/useAction";
import { usePages } from "../api/usePages";
import { Confirm } from "../parts/Confirm";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Problems } from "../parts/Problems";
import { ShownOnce } from "../parts/ShownOnce";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { AccessTokensDocument, RevokeTokenDocument, type TokenRowFragment } from "./AccessTokens.generated";
import { CreateToken, SCOPES } from "./CreateToken";

const A_PAGE = 50;

/** The viewer's own access tokens: for scripts and CI. */
export default function AccessTokens() {
  const [token, setToken] = useState<string>();
  const { found, error, fetching, more } = usePages(AccessTokensDocument, { first: A_PAGE }, ({ viewer }) => viewer.accessTokens);
  return (
    <>
      <title>Access tokens</title>
      <h1>Access tokens</h1>
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading your access tokens" />}
      {found?.nodes.length === 0 && <Empty title="No access tokens yet"><p>An access token lets a script or CI use the API as you.</p></Empty>}
      <ul className="rows" aria-label="Access tokens">
        {found?.nodes.map((row) => <Token key={row.id} token={row} />)}
      </ul>
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
      {token && <ShownOnce key={token} what="access token" text={token} note="Whoever has it can do what its scopes allow." />}
      <CreateToken onCreated={setToken} />
    </>
  );
}

function Token({ token }: { token: TokenRowFragment }) {
  const revoke = useAction(RevokeTokenDocument);
  const act = async (): Promise<boolean> => (await revoke.run({ id: token.id })) !== null;
  const scopes = token.scopes.map((scope) => SCOPES.find(([known]) => known === scope)?.[1] ?? scope);
  return (
    <li>
      <div>
        <h2><bdi>{token.name}</bdi></h2>
        <p className="quiet">
          Ends in {token.lastFour}. {scopes.join(", ")}. Expires <Time at={token.expiresAt} />. {token.lastUsedAt ? <>Last used <Time at={token.lastUsedAt} />.</> : "Never used."}
        </p>
        <Confirm trigger="Revoke" title={<>Revoke <bdi>{token.name}</bdi>?</>} act="Revoke the token" isWorking={revoke.isWorking} onAct={act}>
          <p>What uses it is refused from then on.</p>
          <Problems of={revoke.problems} />
        </Confirm>
      </div>
    </li>
  );
}
