import { Link } from "react-router";

import { useAction } from "../api/useAction";
import { usePages } from "../api/usePages";
import { Confirm } from "../parts/Confirm";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Problems } from "../parts/Problems";
import { Working } from "../parts/Working";
import { ConnectedAccountsDocument, EndAuthorizationDocument, type ConnectedAccountsQuery } from "./ConnectedAccounts.generated";

const A_PAGE = 50;

type Account = ConnectedAccountsQuery["viewer"]["connectedAccounts"]["nodes"][number];

/** The viewer's own sign-ins at the team's servers, each to end. */
export default function ConnectedAccounts() {
  const { found, error, fetching, more } = usePages(ConnectedAccountsDocument, { first: A_PAGE }, ({ viewer }) => viewer.connectedAccounts);
  const accounts = found?.nodes.filter(({ status }) => status === "COMPLETED") ?? []; // one that was just ended is known as such at once
  return (
    <>
      <title>Connected accounts</title>
      <h1>Connected accounts</h1>
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading your sign-ins" />}
      {found && accounts.length === 0 && (
        <Empty title="No connected accounts">
          <p>When you sign in at one of your team's Git servers, your account there is listed here. <Link to="/settings/installed-apps">Go to the installed apps</Link>, where the servers are.</p>
        </Empty>
      )}
      <ul className="rows" aria-label="Connected accounts">
        {accounts.map((account) => <ConnectedAccount key={account.id} account={account} />)}
      </ul>
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
    </>
  );
}

function ConnectedAccount({ account }: { account: Account }) {
  const end = useAction(EndAuthorizationDocument);
  const server = account.installedApp?.connectedTo ?? account.provider.name;
  const act = async (): Promise<boolean> => (await end.run({ id: account.id })) !== null;
  return (
    <li>
      <div>
        <h2><bdi>{account.connectedTo}</bdi></h2>
        <p className="quiet">{account.provider.name}: <bdi>{server}</bdi></p>
        <Confirm trigger="End the sign-in" title={<>End your sign-in at <bdi>{server}</bdi>?</>} act="End it" isWorking={end.isWorking} onAct={act}>
          <p>The authorization is given back, and integrations that use it stop until somebody re-authenticates them.</p>
          <Problems of={end.problems} />
        </Confirm>
      </div>
    </li>
  );
}
