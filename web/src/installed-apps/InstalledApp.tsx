import { memo } from "react";
import { Button } from "react-aria-components";

import { useAction } from "../api/useAction";
import { useViewer } from "../frame/viewer";
import { ForecastNotice } from "../parts/ForecastNotice";
import { Problems } from "../parts/Problems";
import { Status } from "../parts/Status";
import { Time } from "../parts/Time";
import { SignIn } from "../sign-ins/SignIn";
import { Deletion } from "./Deletion";
import { CheckInstalledAppDocument, ReauthenticateInstalledAppDocument, type InstalledAppRowFragment } from "./InstalledApps.generated";
import { Edit } from "./Edit";
import type { StoppedIntegrations } from "./Stopped";

/** One installed app, with what the viewer may do with it: drawn again where it has changed, not where more are shown. */
export const InstalledApp = memo(function InstalledApp({ app, onDeleted }: { app: InstalledAppRowFragment; onDeleted: (stopped: StoppedIntegrations) => void }) {
  return (
    <li>
      <div>
        <h2><bdi>{app.name}</bdi></h2>
        <p className="quiet">
          {app.provider.name}, connected to <bdi>{app.connectedTo}</bdi>
          {app.installedBy && <>, set up by <bdi>{app.installedBy.name}</bdi></>}. {app.lastUsedAt ? <>Last used <Time at={app.lastUsedAt} />.</> : "Never used."}
        </p>
        <ForecastNotice forecast={app.forecast} />
        {app.statusMessage && <p className="message">{app.statusMessage}</p>}
        <Actions app={app} onDeleted={onDeleted} />
      </div>
      <Status of={app.status} />
    </li>
  );
});

function Actions({ app, onDeleted }: { app: InstalledAppRowFragment; onDeleted: (stopped: StoppedIntegrations) => void }) {
  const { role } = useViewer().member;
  const check = useAction(CheckInstalledAppDocument);
  const reauthenticate = useAction(ReauthenticateInstalledAppDocument);
  return (
    <>
      <Problems of={[...check.problems, ...reauthenticate.problems]} />
      <div className="actions">
        {app.viewerCanEdit && <Edit key={app.updatedAt} app={app} />}
        {app.viewerCanEdit && <Button isPending={check.isWorking} onPress={() => void check.run({ id: app.id })}>Check now</Button>}
        {app.viewerCanReauthenticate && app.provider.sharing === "SHARED_AUTHORIZATION" && (
          <SignIn
            label="Re-authenticate" purpose={{ installedAppId: app.id }} isQuiet={app.status === "ACTIVE"}
            onFinished={({ id }) => void reauthenticate.run({ id: app.id, authorizationId: id })}
          />
        )}
        {app.provider.sharing === "SHARED_CLIENT" && !app.viewerIsAuthenticated && app.status === "ACTIVE" && role !== "VIEWER" && (
          <SignIn label={<span>Sign in to <bdi>{app.connectedTo}</bdi></span>} purpose={{ installedAppId: app.id }} onFinished={() => undefined} />
        )}
        {app.viewerCanDelete && <Deletion app={app} onDeleted={onDeleted} />}
      </div>
      {!app.viewerCanDelete && <p className="quiet">Team Admins can delete it.</p>}
    </>
  );
}
