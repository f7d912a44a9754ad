import { useState } from "react";
import { Link } from "react-router";

import { usePages } from "../api/usePages";
import { Empty } from "../parts/Empty";
import { Failure } from "../parts/Failure";
import { More } from "../parts/More";
import { Working } from "../parts/Working";
import { InstalledApp } from "./InstalledApp";
import { InstalledAppsDocument, type InstalledAppsQuery } from "./InstalledApps.generated";
import { Stopped, type StoppedIntegrations } from "./Stopped";

const A_PAGE = 50;

/** What the team shares: each installed app, what it is connected to, who set it up, and whether it works. */
export default function InstalledApps() {
  const [stopped, setStopped] = useState<StoppedIntegrations>();
  const { data, found, error, fetching, more } = usePages(InstalledAppsDocument, { first: A_PAGE }, ({ installedApps }) => installedApps);
  return (
    <>
      <title>Installed apps</title>
      <h1>Installed apps</h1>
      {stopped && <Stopped integrations={stopped} />}
      {error && <Failure error={error} />}
      {!found && fetching && <Working what="Reading the installed apps" />}
      {found && found.nodes.length === 0 && (
        <Empty title="No installed apps yet">
          <p>
            An installed app is a sign-in that your team shares: somebody signs in once at a service, and every member can add integrations
            with it, without ever seeing a password or a token.
          </p>
        </Empty>
      )}
      {found && found.nodes.length > 0 && (
        <ul className="rows" aria-label="Installed apps">
          {found.nodes.map((app) => <InstalledApp key={app.id} app={app} onDeleted={setStopped} />)}
        </ul>
      )}
      <More has={found?.pageInfo.hasNextPage ?? false} isWorking={fetching} load={more} />
      {data && <AddOne providers={data.providers} />}
    </>
  );
}

function AddOne({ providers }: { providers: InstalledAppsQuery["providers"] }) {
  const addable = providers.filter(({ viewerCanAddInstalledApp }) => viewerCanAddInstalledApp);
  const others = providers.filter(({ viewerCanAddInstalledApp }) => !viewerCanAddInstalledApp);
  const [forMembers, forAdmins] = [true, false].map((isSignIn) =>
    others.filter(({ sharing }) => (sharing === "SHARED_AUTHORIZATION") === isSignIn).map(({ name }) => name).join(", "),
  );
  return (
    <section aria-label="Add an installed app">
      <h2>Add an installed app</h2>
      <ul className="choices">
        {addable.map(({ id, key, name, available, unavailableReason }) => (
          <li key={id}>
            {available ? <Link className="button" to={`/settings/installed-apps/add/${key}`}>Add {name}</Link> : <p className="quiet">{name}: {unavailableReason}</p>}
          </li>
        ))}
      </ul>
      {forMembers && <p className="quiet">Members and Team Admins can add {forMembers}.</p>}
      {forAdmins && <p className="quiet">Team Admins can add {forAdmins}.</p>}
    </section>
  );
}
