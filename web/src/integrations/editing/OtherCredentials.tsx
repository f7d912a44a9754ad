import { Button } from "react-aria-components";
import { useQuery } from "urql";

import { Choice } from "../../parts/Choice";
import { SignIn } from "../../sign-ins/SignIn";
import type { Using } from "../adding/Credentials";
import { OtherAppsDocument, type IntegrationDetailsFragment } from "../Integration.generated";

const AS_IT_IS = "";

interface Props {
  integration: IntegrationDetailsFragment;
  using: Using | null;
  onUse: (using: Using | null) => void;
}

/** What else is to authorize an integration: another installed app for the same account, or a sign-in of its own. */
export function OtherCredentials({ integration, using, onUse }: Props) {
  const { id, provider, connectedTo, installedApp } = integration;
  const [{ data }] = useQuery({ query: OtherAppsDocument, variables: { filter: { provider: provider.key } } });
  const others = data?.installedApps.nodes.filter((app) => app.viewerIsAuthenticated && app.id !== installedApp?.id && app.connectedTo === connectedTo) ?? [];
  if (using?.kind === "sign-in") {
    return (
      <p role="status" className="notice good">
        <span role="img" aria-label="Connected" className="check">✓</span> You are connected to <bdi>{using.connectedTo}</bdi>: it is used when you save.{" "}
        <Button className="link" onPress={() => onUse(null)}>Leave it as it was</Button>
      </p>
    );
  }
  return (
    <>
      {others.length > 0 && (
        <Choice
          label="Authorization" value={using?.id ?? AS_IT_IS} onChange={(app) => onUse(app === AS_IT_IS ? null : { kind: "app", id: app })}
          choices={[[AS_IT_IS, "As it is"], ...others.map((app) => [app.id, `The installed app ${app.name}`] as const)]}
        />
      )}
      {provider.sharing === "SHARED_AUTHORIZATION" && (
        <SignIn
          label={integration.status === "NEEDS_REAUTHENTICATION" ? "Re-authenticate" : "Use other credentials"} purpose={{ integrationId: id }}
          onFinished={(finished) => onUse({ kind: "sign-in", id: finished.id, connectedTo: finished.connectedTo ?? connectedTo, share: false })}
        />
      )}
    </>
  );
}
