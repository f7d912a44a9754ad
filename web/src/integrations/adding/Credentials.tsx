import { useState } from "react";
import { Button, Checkbox } from "react-aria-components";
import { Link } from "react-router";

import { Choice } from "../../parts/Choice";
import { SignIn, type Finished } from "../../sign-ins/SignIn";
import { usable } from "../usable";
import type { ToAddQuery, UsableAppFragment } from "./AddIntegration.generated";

/** What authorizes the integration: an installed app of the team, or a sign-in that was just made. */
export type Using = { kind: "app"; id: string } | { kind: "sign-in"; id: string; message: string; share: boolean };

interface Props {
  provider: NonNullable<ToAddQuery["provider"]>;
  apps: readonly UsableAppFragment[];
  using: Using | null;
  onUse: (using: Using | null) => void;
}

/** Says with a green check what the integration will be connected with, or lets the member sign in. */
export function Credentials({ provider, apps, using, onUse }: Props) {
  if (using?.kind === "sign-in") return <Connected message={using.message} />;
  const app = apps.find(({ id }) => id === using?.id);
  if (app) {
    return (
      <>
        <Connected message={app.viewerConnectionMessage} />
        <Others apps={apps} app={app} onUse={onUse} />
        {provider.sharing === "SHARED_AUTHORIZATION" && <Button className="link" onPress={() => onUse(null)}>Use other credentials</Button>}
      </>
    );
  }
  switch (provider.sharing) {
    case "SHARED_AUTHORIZATION":
      return <OwnSignIn provider={provider} onUse={onUse} />;
    case "SHARED_CLIENT":
      return apps.length > 0 ? <MemberSignIn apps={apps} onUse={onUse} /> : <NoApp provider={provider.name} />;
    default:
      return <NoApp provider={provider.name} />;
  }
}

function Connected({ message }: { message: string }) {
  return (
    <p role="status" className="notice good">
      <span role="img" aria-label="Connected" className="check">✓</span> <bdi>{message}</bdi>
    </p>
  );
}

function Others({ apps, app, onUse }: { apps: readonly UsableAppFragment[]; app: UsableAppFragment; onUse: Props["onUse"] }) {
  const several = usable(apps);
  if (several.length < 2) return null;
  const choices = several.map((each) => [each.id, <Named app={each} />] as const);
  return <Choice label="Installed app" value={app.id} onChange={(id) => onUse({ kind: "app", id })} choices={choices} />;
}

function Named({ app: { name, connectedTo } }: { app: UsableAppFragment }) {
  return <span><bdi>{name}</bdi> (<bdi>{connectedTo}</bdi>)</span>;
}

function OwnSignIn({ provider, onUse }: { provider: Props["provider"]; onUse: Props["onUse"] }) {
  const [share, setShare] = useState(false);
  const finish = ({ id, viewerConnectionMessage, existingInstalledApp }: Finished): void =>
    onUse({ kind: "sign-in", id, message: viewerConnectionMessage, share: share && !existingInstalledApp });
  return (
    <>
      <Checkbox className="checkbox" isSelected={share} onChange={setShare}>
        <span className="box" aria-hidden>{share ? "✓" : ""}</span>
        Add {provider.name} for your team
      </Checkbox>
      <SignIn label={`Sign in to ${provider.name}`} purpose={{ provider: provider.key }} onFinished={finish} />
    </>
  );
}

function MemberSignIn({ apps, onUse }: { apps: readonly UsableAppFragment[]; onUse: Props["onUse"] }) {
  const [id, setId] = useState(apps[0]?.id ?? "");
  const app = apps.find((each) => each.id === id);
  return (
    <>
      {apps.length > 1 && <Choice label="Server" value={id} onChange={setId} choices={apps.map((each) => [each.id, <Named app={each} />] as const)} />}
      {app?.statusMessage && <p className="notice">{app.statusMessage}</p>}
      <SignIn key={id} label={<span>Sign in to <bdi>{app?.connectedTo ?? "the server"}</bdi></span>} purpose={{ installedAppId: id }} onFinished={() => onUse({ kind: "app", id })} />
    </>
  );
}

function NoApp({ provider }: { provider: string }) {
  return (
    <p className="notice">
      Your team has no installed app of {provider} that you can use. A Team Admin adds one under <Link to="/settings/installed-apps">Installed apps</Link>.
    </p>
  );
}
