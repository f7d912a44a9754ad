import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { SignIn } from "../sign-ins/SignIn";
import { ReauthenticateIntegrationDocument, type IntegrationDetailsFragment } from "./Integration.generated";

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
          <SignIn
            label="Re-authenticate" purpose={isOwnSignIn && installedApp ? { installedAppId: installedApp.id } : { integrationId: id }}
            onFinished={(authorization) => finish(authorization.id)}
          />
        )}
      </div>
    </section>
  );
}
