import { useQuery } from "urql";

import { useAction } from "../api/useAction";
import { Confirm } from "../parts/Confirm";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { Problems } from "../parts/Problems";
import { Working } from "../parts/Working";
import { ConnectedAccountsDocument, EndAuthorizationDocument, type ConnectedAccountsQuery } from "./ConnectedAccounts.generated";

type App = ConnectedAccountsQuery["installedApps"]["nodes"][number];

/** The viewer's own sign-ins at the team's servers, each to end. */
export default function ConnectedAccounts() {
  const [{ data, error, fetching }] = useQuery({ query: ConnectedAccountsDocument });
  const apps = data?.installedApps.nodes.filter(({ viewerAuthorization }) => viewerAuthorization?.status === "COMPLETED") ?? [];
  return (
    <>
      <title>Connected accounts</title>
      <h1>Connected accounts</h1>
      {error && <Failure error={error} />}
      {!data && fetching && <Working what="Reading your sign-ins" />}
      {data && apps.length === 0 && (
        <Empty title="No connected accounts">
          <p>When you sign in at one of your team's Git servers, your account there is listed here.</p>
        </Empty>
      )}
      <ul className="rows" aria-label="Connected accounts">
        {apps.map((app) => <Account key={app.id} app={app} />)}
      </ul>
    </>
  );
}

function Account({ app }: { app: App }) {
  const end = useAction(EndAuthorizationDocument);
  const account = app.viewerAuthorization;
  if (!account) return null;
  const act = async (): Promise<boolean> => (await end.run({ id: account.id })) !== null;
  return (
    <li>
      <div>
        <h2><bdi>{account.connectedTo}</bdi></h2>
        <p className="quiet">{app.provider.name}: <bdi>{app.connectedTo}</bdi></p>
        <Confirm trigger="End" title={`End your sign-in at ${app.connectedTo}?`} act="End the sign-in" isWorking={end.isWorking} onAct={act}>
          <p>The authorization is given back, and integrations that use it stop until somebody re-authenticates them.</p>
          <Problems of={end.problems} />
        </Confirm>
      </div>
    </li>
  );
}
