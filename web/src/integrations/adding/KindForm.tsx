import { useState, type FormEvent, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { useNavigate } from "react-router";

import type { IntegrationSettingsInput, SharingModel } from "../../api/schema.generated";
import { about, besides, useAction } from "../../api/useAction";
import { Problems } from "../../parts/Problems";
import { TextInput } from "../../parts/TextInput";
import { AddIntegrationDocument } from "./AddIntegration.generated";
import { ConnectApiFields } from "./ConnectApiFields";
import type { Using } from "./Credentials";
import type { FieldsProps } from "./fields";
import { OpenIncidentsFields } from "./OpenIncidentsFields";
import { PostMonitoringResultsFields } from "./PostMonitoringResultsFields";
import { PostTeamActivityFields } from "./PostTeamActivityFields";

export const FIELDS: Record<string, (props: FieldsProps) => ReactNode> = {
  "post-monitoring-results": PostMonitoringResultsFields,
  "connect-api": ConnectApiFields,
  "open-incidents": OpenIncidentsFields,
  "post-team-activity": PostTeamActivityFields,
};

export const SHOWN_AT_FIELDS = ["name", "monitorKey", "channelId", "notify", "mention", "types", "installedAppIds", "severity", "apiName", "repositoryId", "branch", "schemaFile", "collectionDirectory"];

/** What the integration is to do: its name, and the fields of its kind. */
export function KindForm({ kind, kindName, sharing, using }: { kind: string; kindName: string; sharing: SharingModel; using: Using }) {
  const navigate = useNavigate();
  const [name, setName] = useState(kindName);
  const [settings, setSettings] = useState<IntegrationSettingsInput | null>(null);
  const add = useAction(AddIntegrationDocument);
  const Fields = FIELDS[kind];
  if (!Fields) return <p className="notice">This page cannot add integrations of this kind yet. The API can: see GraphiQL.</p>;
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!settings) return;
    const added = await add.run({ input: { name, using: inputOf(using), settings } });
    const id = added?.addIntegration?.integration?.id;
    if (id) await navigate(`/integrations/${encodeURIComponent(id)}`);
  };
  return (
    <form onSubmit={(event) => void save(event)}>
      <TextInput label="Name" value={name} onChange={setName} problem={about(add.problems, "name")} isRequired />
      <Fields using={using} sharing={sharing} problems={add.problems} onChange={setSettings} />
      <Problems of={besides(add.problems, SHOWN_AT_FIELDS)} />
      <Button className="primary" type="submit" isDisabled={!settings} isPending={add.isWorking}>Add integration</Button>
    </form>
  );
}

export const inputOf = (using: Using) =>
  using.kind === "app"
    ? { installedAppId: using.id }
    : { authorization: { authorizationId: using.id, shareWithTeam: using.share } };
