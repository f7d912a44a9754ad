import { Link } from "react-router";

import type { DeleteInstalledAppMutation } from "./InstalledApps.generated";

export type StoppedIntegrations = NonNullable<NonNullable<DeleteInstalledAppMutation["deleteInstalledApp"]>["stoppedIntegrations"]>;

/** Which integrations stopped with an installed app, each with the way back. */
export function Stopped({ integrations }: { integrations: StoppedIntegrations }) {
  if (integrations.totalCount === 0) return <p role="status" className="notice">The installed app is deleted. Nothing used it.</p>;
  return (
    <div role="status" className="notice bad">
      <p>The installed app is deleted. {count(integrations.totalCount)} stopped until somebody re-authenticates them:</p>
      <ul>
        {integrations.nodes.map(({ id, name, createdBy }) => (
          <li key={id}>
            <Link to={`/integrations/${encodeURIComponent(id)}`}><bdi>{name}</bdi></Link>
            {createdBy && <>, made by <bdi>{createdBy.name}</bdi></>}
          </li>
        ))}
      </ul>
    </div>
  );
}

export const count = (integrations: number): string => (integrations === 1 ? "1 integration" : `${integrations} integrations`);
