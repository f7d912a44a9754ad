import { useState } from "react";
import { Button } from "react-aria-components";
import { Link } from "react-router";

import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import type { AddInstalledAppMutation } from "./AddInstalledApp.generated";
import { BringBackDocument, type BringBackMutation } from "./InstalledApps.generated";
import { count } from "./Stopped";

type Added = NonNullable<AddInstalledAppMutation["addInstalledApp"]>;
type Answer = NonNullable<BringBackMutation["reauthenticateIntegrations"]>;

export interface Stopped {
  app: NonNullable<Added["installedApp"]>;
  integrations: NonNullable<Added["couldBringBack"]>;
}

/** Offers to bring all back that stopped with an earlier installed app for the same workspace or server. */
export function BringBack({ app, integrations }: Stopped) {
  const bringBack = useAction(BringBackDocument);
  const [answer, setAnswer] = useState<Answer>();
  const act = async (): Promise<void> => {
    const done = await bringBack.run({ stoppedBy: app.id, using: { installedAppId: app.id } });
    if (done?.reauthenticateIntegrations) setAnswer(done.reauthenticateIntegrations);
  };
  if (answer) return <Result answer={answer} />;
  return (
    <section className="notice" aria-label="Bring back">
      <p>{count(integrations.totalCount)} stopped with an installed app for <bdi>{app.connectedTo}</bdi>, and can go on with this one:</p>
      <ul>{integrations.nodes.map(({ id, name }) => <li key={id}><bdi>{name}</bdi></li>)}</ul>
      <Problems of={bringBack.problems} />
      <div className="actions">
        <Button className="primary" isPending={bringBack.isWorking} onPress={() => void act()}>Bring them all back</Button>
        <Link className="button" to="/settings/installed-apps">Not now</Link>
      </div>
    </section>
  );
}

function Result({ answer }: { answer: Answer }) {
  const refused = answer.refused?.nodes ?? [];
  return (
    <section className={refused.length > 0 ? "notice" : "notice good"} role="status">
      <p>{count(answer.integrations?.totalCount ?? 0)} came back.</p>
      {refused.length > 0 && (
        <ul>
          {refused.map(({ integration, message }) => (
            <li key={integration.id}><Link to={`/integrations/${encodeURIComponent(integration.id)}`}><bdi>{integration.name}</bdi></Link>: {message}</li>
          ))}
        </ul>
      )}
      <p><Link to="/integrations">Go to the integrations</Link></p>
    </section>
  );
}
