import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { useQuery } from "urql";

import type { InstalledAppSourceInput } from "../api/schema.generated";
import { useAction } from "../api/useAction";
import { Failure } from "../parts/Failure";
import { Problems } from "../parts/Problems";
import { Working } from "../parts/Working";
import { SignIn } from "../sign-ins/SignIn";
import { AddInstalledAppDocument, ProviderToAddDocument } from "./AddInstalledApp.generated";
import { BringBack, type Stopped } from "./BringBack";
import { ClientForm } from "./ClientForm";
import type { FormProps, Provider } from "./form";
import { SecretForm } from "./SecretForm";

/** Add an installed app: by a sign-in, by the team's own OAuth client, or by a secret that the provider gave. */
export default function AddInstalledApp() {
  const { provider: key = "" } = useParams();
  const [{ data, error }] = useQuery({ query: ProviderToAddDocument, variables: { key } });
  if (error) return <Failure error={error} />;
  if (!data) return <Working what="Reading what the provider needs" />;
  if (!data.provider) return <p>There is no provider “<bdi>{key}</bdi>”.</p>;
  return <Adding provider={data.provider} />;
}

function Adding({ provider }: { provider: Provider }) {
  const navigate = useNavigate();
  const add = useAction(AddInstalledAppDocument);
  const [stopped, setStopped] = useState<Stopped>();
  const save = async (using: InstalledAppSourceInput, name?: string): Promise<void> => {
    const added = (await add.run({ using, name: name || null }))?.addInstalledApp;
    const isOffered = provider.sharing !== "SHARED_CLIENT"; // there each comes back with its member's sign-in
    if (isOffered && added?.installedApp && added.couldBringBack?.totalCount) setStopped({ app: added.installedApp, integrations: added.couldBringBack });
    else if (added) await navigate("/settings/installed-apps");
  };
  if (stopped) return <BringBack {...stopped} />;
  return (
    <>
      <title>{`Add ${provider.name}`}</title>
      <h1>Add {provider.name}</h1>
      <p>{provider.description}</p>
      {provider.available ? (
        <Ways provider={provider} save={save} isWorking={add.isWorking} problems={add.problems} />
      ) : (
        <p className="notice">{provider.unavailableReason}</p>
      )}
    </>
  );
}

function Ways(props: FormProps) {
  const { provider, save, problems } = props;
  if (!provider.viewerCanAddInstalledApp) return <p className="notice">Team Admins can add {provider.name}.</p>;
  switch (provider.sharing) {
    case "SHARED_CLIENT":
      return <ClientForm {...props} />;
    case "SHARED_SECRET":
      return <SecretForm {...props} />;
    default:
      return (
        <>
          <Problems of={problems} />
          <SignIn label={`Sign in to ${provider.name}`} purpose={{ provider: provider.key }} onFinished={({ id }) => void save({ authorizationId: id })} />
        </>
      );
  }
}
