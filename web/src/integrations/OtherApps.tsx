import { useState } from "react";
import { Button } from "react-aria-components";
import { useQuery } from "urql";

import { Working } from "../parts/Working";
import { OtherAppsDocument, type IntegrationDetailsFragment } from "./Integration.generated";
import { usable } from "./usable";

interface Props {
  integration: IntegrationDetailsFragment;
  onUse: (app: { id: string; viewerConnectionMessage: string }) => void;
  isWorking: boolean;
}

/** The team's other installed apps for the same account, looked up when asked for: using one needs no sign-in. */
export function OtherApps({ integration, onUse, isWorking }: Props) {
  const { provider, connectedTo, installedApp } = integration;
  const [isAsked, setAsked] = useState(false);
  const [{ data }] = useQuery({ query: OtherAppsDocument, variables: { filter: { provider: provider.key } }, pause: !isAsked });
  if (!isAsked) return <Button onPress={() => setAsked(true)}>Use an installed app</Button>;
  if (!data) return <Working what="Looking for installed apps" />;
  const others = usable(data.installedApps.nodes).filter((app) => app.id !== installedApp?.id && app.connectedTo === connectedTo);
  if (others.length === 0) return <p className="quiet">Your team has no other installed app for <bdi>{connectedTo}</bdi> that you can use.</p>;
  return others.map((app) => (
    <Button key={app.id} isPending={isWorking} onPress={() => onUse(app)}><span>Use the installed app <bdi>{app.name}</bdi></span></Button>
  ));
}
