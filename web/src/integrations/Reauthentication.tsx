import { Button } from "react-aria-components";
import { useQuery } from "urql";

import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { SignIn } from "../sign-ins/SignIn";
import { OtherAppsDocument, ReauthenticateIntegrationDocument, type IntegrationDetailsFragment } from "./Integration.generated";

/** What is wrong with an integration, with the way back where a sign-in is one. Nothing while all is well. */
export function Reauthentication({ integration }: { integration: IntegrationDetailsFragment }) {
  const bringBack = useAction(ReauthenticateIntegrationDocument);
  const { id, provider, status, statusMessage, installedApp, viewerCanReauthenticate } = integration;
  if (statusMessage === null) return null;
  const isOwnSignIn = provider.sharing === "SHARED_CLIENT";
  const finish = (authorizationId: string): void => {
    if (!isOwnSignIn) void bringBack.run({ id, using: { authorization: { authorizationId, shareWithTeam: false } } });
    else if (installedApp) void bringBack.run({ id, using: { installedAppId: installedApp.id } });
  };
  return (
    <section className={`banner ${status === "PAUSED" ? "" : "bad"}`} aria-label="What is wrong">
      {status !== "PAUSED" && <span className="warning" role="img" aria-label="Warning">!</span>}
      <div>
        <p>{statusMessage}</p>
        <Problems of={bringBack.problems} />
        {status === "NEEDS_REAUTHENTICATION" && viewerCanReauthenticate && (
          <>
            <SignIn
              label="Re-authenticate" purpose={isOwnSignIn && installedApp ? { installedAppId: installedApp.id } : { integrationId: id }}
              onFinished={(authorization) => finish(authorization.id)}
            />
            <Apps integration={integration} onUse={(app) => void bringBack.run({ id, using: { installedAppId: app } })} isWorking={bringBack.isWorking} />
          </>
        )}
      </div>
    </section>
  );
}

/** The team's other installed apps for the same account: using one needs no sign-in. */
function Apps({ integration, onUse, isWorking }: { integration: IntegrationDetailsFragment; onUse: (app: string) => void; isWorking: boolean }) {
  const { provider, connectedTo, installedApp } = integration;
  const [{ data }] = useQuery({ query: OtherAppsDocument, variables: { filter: { provider: provider.key } } });
  const usable = data?.installedApps.nodes.filter((app) => app.viewerIsAuthenticated && app.id !== installedApp?.id && app.connectedTo === connectedTo) ?? [];
  return (
    <>
      {usable.map(({ id, name }) => <Button key={id} isPending={isWorking} onPress={() => onUse(id)}>Use the installed app {name}</Button>)}
    </>
  );
}
