import { useQuery } from "urql";

import { useAction } from "../api/useAction";
import { Confirm } from "../parts/Confirm";
import { Failure } from "../parts/Failure";
import { Problems } from "../parts/Problems";
import { Working } from "../parts/Working";
import { DeleteInstalledAppDocument, WouldStopDocument, type InstalledAppRowFragment } from "./InstalledApps.generated";
import { count, type StoppedIntegrations } from "./Stopped";

interface Props {
  app: InstalledAppRowFragment;
  onDeleted: (stopped: StoppedIntegrations) => void;
}

/** Delete an installed app, once it is said which integrations would stop. */
export function Deletion({ app, onDeleted }: Props) {
  const remove = useAction(DeleteInstalledAppDocument);
  const act = async (): Promise<boolean> => {
    const answer = await remove.run({ id: app.id });
    const stopped = answer?.deleteInstalledApp?.stoppedIntegrations;
    if (stopped) onDeleted(stopped);
    return answer !== null;
  };
  return (
    <Confirm trigger="Delete" title={<>Delete <bdi>{app.name}</bdi>?</>} act="Delete the installed app" isWorking={remove.isWorking} onAct={act}>
      <Consequences app={app} />
      <Problems of={remove.problems} />
    </Confirm>
  );
}

function Consequences({ app }: { app: InstalledAppRowFragment }) {
  const [{ data, error }] = useQuery({ query: WouldStopDocument, variables: { id: app.id }, requestPolicy: "network-only" });
  if (error) return <Failure error={error} />;
  const integrations = data?.installedApp?.integrations;
  if (!integrations) return <Working what="Looking which integrations use it" />;
  if (integrations.totalCount === 0) return <p>No integration uses it. The authorization is given back to {app.provider.name}.</p>;
  return (
    <>
      <p>{count(integrations.totalCount)} would stop, until somebody re-authenticates them:</p>
      <ul className="consequences">
        {integrations.nodes.map(({ id, name, createdBy }) => (
          <li key={id}><bdi>{name}</bdi>{createdBy && <>, made by <bdi>{createdBy.name}</bdi></>}</li>
        ))}
      </ul>
    </>
  );
}
