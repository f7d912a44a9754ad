import { Button } from "react-aria-components";

import { SignIn } from "../../sign-ins/SignIn";
import type { Using } from "../adding/Credentials";
import type { IntegrationDetailsFragment } from "../Integration.generated";
import { OtherApps } from "../OtherApps";

/** What is to authorize an integration from the save on, where that is to be something else. */
export interface Other {
  using: Using;
  /** What it connects to, for people. */
  message: string;
}

interface Props {
  integration: IntegrationDetailsFragment;
  other: Other | null;
  onUse: (other: Other | null) => void;
}

/** Another installed app for the same account, or a sign-in of its own. */
export function OtherCredentials({ integration, other, onUse }: Props) {
  const { id, provider, status } = integration;
  if (other) {
    return (
      <p role="status" className="notice good">
        <span role="img" aria-label="Connected" className="check">✓</span> <bdi>{other.message}</bdi> It is used as soon as you save.{" "}
        <Button className="link" onPress={() => onUse(null)}>Leave it as it was</Button>
      </p>
    );
  }
  const isStopped = status === "NEEDS_REAUTHENTICATION";
  const finish = (authorizationId: string, message: string): void =>
    onUse({ using: { kind: "sign-in", id: authorizationId, message, share: false }, message });
  return (
    <div className="actions">
      {provider.sharing === "SHARED_AUTHORIZATION" && (
        <SignIn
          label={isStopped ? "Re-authenticate" : "Use other credentials"} purpose={{ integrationId: id }} isQuiet={!isStopped}
          onFinished={(finished) => finish(finished.id, finished.viewerConnectionMessage)}
        />
      )}
      <OtherApps integration={integration} isWorking={false} onUse={(app) => onUse({ using: { kind: "app", id: app.id }, message: app.viewerConnectionMessage })} />
    </div>
  );
}
