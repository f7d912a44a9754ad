import { Link, useParams } from "react-router";

import { usePages } from "../api/usePages";
import { Failure } from "../parts/Failure";
import { ForecastNotice } from "../parts/ForecastNotice";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { Working } from "../parts/Working";
import { Actions } from "./Actions";
import { ActivityLog } from "./ActivityLog";
import { IntegrationDocument, type IntegrationDetailsFragment } from "./Integration.generated";
import { Paused } from "./Paused";
import { Reauthentication } from "./Reauthentication";
import { RunLog } from "./RunLog";
import { SettingsShown } from "./SettingsShown";

const A_PAGE = 25;

/** One integration: what it does, where, with what, whether it works, and what became of each of its messages. */
export default function Integration() {
  const { id = "" } = useParams();
  const { data, found, error, fetching, more } = usePages(IntegrationDocument, { id, first: A_PAGE }, ({ integration }) => integration?.deliveries);
  if (error && !data) return <Failure error={error} />;
  if (!data) return <Working what="Reading the integration" />;
  if (!data.integration || !found) return <Gone />;
  const { integration } = data;
  return (
    <>
      <title>{integration.name}</title>
      <div className="heading">
        <h1><bdi>{integration.name}</bdi></h1>
        <Status of={integration.status} />
      </div>
      <Reauthentication integration={integration} />
      <Paused integration={integration} />
      <ForecastNotice forecast={integration.forecast} />
      <About integration={integration} />
      <Actions integration={integration} />
      {integration.settings.__typename === "PostTeamActivity" && <ActivityLog id={integration.id} />}
      {!["ConnectApi", "PostTeamActivity"].includes(integration.settings.__typename) && (
        <RunLog deliveries={found} isWorking={fetching} load={more} />
      )}
    </>
  );
}

function About({ integration }: { integration: IntegrationDetailsFragment }) {
  return (
    <dl className="facts">
      <dt>What it does</dt>
      <dd>{integration.kind.description}</dd>
      <SettingsShown settings={integration.settings} />
      <dt>Connected to</dt>
      <dd>{integration.provider.name}: <bdi>{integration.connectedTo}</bdi></dd>
      <dt>Authorization</dt>
      <dd><Authorized integration={integration} /></dd>
      <dt>Made by</dt>
      <dd><bdi>{integration.createdBy?.name ?? "somebody who has left"}</bdi>, <Time at={integration.createdAt} /></dd>
    </dl>
  );
}

function Authorized({ integration }: { integration: IntegrationDetailsFragment }) {
  const { installedApp, usesInstalledApp, authorizedBy } = integration;
  if (installedApp) {
    return <>The team's installed app <Link to="/settings/installed-apps"><bdi>{installedApp.name}</bdi></Link>{installedApp.installedBy && <>, as set up by <bdi>{installedApp.installedBy.name}</bdi></>}</>;
  }
  if (usesInstalledApp) return <>An installed app that was deleted</>;
  return <>Its own sign-in{authorizedBy && <>, by <bdi>{authorizedBy.name}</bdi></>}</>;
}

function Gone() {
  return (
    <>
      <title>No such integration</title>
      <h1>There is no such integration</h1>
      <p>It may have been deleted. <Link to="/integrations">Go to the integrations</Link>.</p>
    </>
  );
}
