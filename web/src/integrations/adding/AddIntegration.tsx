import { useState } from "react";
import { useParams } from "react-router";
import { useQuery } from "urql";

import { ForMembers } from "../../frame/ForMembers";
import { Failure } from "../../parts/Failure";
import { Working } from "../../parts/Working";
import { usable } from "../usable";
import { ToAddDocument, type ToAddQuery } from "./AddIntegration.generated";
import { Credentials, type Using } from "./Credentials";
import { KindForm } from "./KindForm";

type Provider = NonNullable<ToAddQuery["provider"]>;

/** Add an integration: first what authorizes it, then what it is to do. */
export default function AddIntegration() {
  const { provider = "", kind: key = "" } = useParams();
  const [{ data, error }] = useQuery({ query: ToAddDocument, variables: { provider, filter: { provider } } });
  if (error) return <Failure error={error} />;
  if (!data) return <Working what="Reading what there is to connect to" />;
  const kind = data.provider?.integrationKinds.find((each) => each.key === key);
  if (!data.provider || !kind) return <p>There is no such integration to add.</p>;
  return <Adding provider={data.provider} kind={kind} apps={data.installedApps.nodes} />;
}

interface Props {
  provider: Provider;
  kind: Provider["integrationKinds"][number];
  apps: ToAddQuery["installedApps"]["nodes"];
}

function Adding({ provider, kind, apps }: Props) {
  const [using, setUsing] = useState<Using | null>(() => firstUsable(apps));
  const title = `Add integration: ${kind.name}`;
  return (
    <>
      <title>{title}</title>
      <h1>{title}</h1>
      <p>{kind.description}</p>
      {provider.available ? (
        <ForMembers to="add integrations">
          <Credentials provider={provider} apps={apps} using={using} onUse={setUsing} />
          {using && <KindForm key={using.id} kind={kind.key} kindName={kind.name} sharing={provider.sharing} using={using} />}
        </ForMembers>
      ) : (
        <p className="notice">{provider.unavailableReason}</p>
      )}
    </>
  );
}

function firstUsable(apps: Props["apps"]): Using | null {
  const [app] = usable(apps);
  return app ? { kind: "app", id: app.id } : null;
}
