import { useAction } from "../api/useAction";
import { ForMembers } from "../frame/ForMembers";
import { Problems } from "../parts/Problems";
import { SignIn } from "../sign-ins/SignIn";
import { ReauthenticateIntegrationDocument, type IntegrationDetailsFragment } from "./Integration.generated";
import { OtherApps } from "./OtherApps";
import { WhatIsWrong } from "./WhatIsWrong";

/** What is wrong with an integration, with the way back where a sign-in is one. Nothing while all is well. */
export function Reauthentication({ integration }: { integration: IntegrationDetailsFragment }) {
  const { status, viewerCanReauthenticate } = integration;
  return (
    <WhatIsWrong integration={integration}>
      {status === "NEEDS_REAUTHENTICATION" && (
        <ForMembers to="re-authenticate it">{viewerCanReauthenticate && <WaysBack integration={integration} />}</ForMembers>
      )}
    </WhatIsWrong>
  );
}

function WaysBack({ integration }: { integration: IntegrationDetailsFragment }) {
  const bringBack = useAction(ReauthenticateIntegrationDocument);
  const { id, provider, installedApp } = integration;
  const server = provider.sharing === "SHARED_CLIENT" ? installedApp : null; // there a member signs in as themselves
  const finish = (authorizationId: string): void => {
    void bringBack.run({ id, using: server ? { installedAppId: server.id } : { authorization: { authorizationId, shareWithTeam: false } } });
  };
  return (
    <>
      <Problems of={bringBack.problems} />
      <div className="actions">
        <SignIn
          label="Re-authenticate" purpose={server ? { installedAppId: server.id } : { integrationId: id }}
          onFinished={(authorization) => finish(authorization.id)}
        />
        <OtherApps integration={integration} isWorking={bringBack.isWorking} onUse={(app) => void bringBack.run({ id, using: { installedAppId: app.id } })} />
      </div>
    </>
  );
}
