import { useEffect, useState } from "react";

import type { EventType } from "../../api/schema.generated";
import { about } from "../../api/useAction";
import { ChannelPicker } from "./ChannelPicker";
import { EventTypesField } from "./EventTypesField";
import { InstalledAppsField } from "./InstalledAppsField";
import type { FieldsProps } from "./fields";

/** Which channel is told of what happens in the team, and of what. */
export function PostTeamActivityFields({ using, problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "PostTeamActivity" ? now : null;
  const [channelId, setChannelId] = useState<string | null>(before?.channelId ?? null);
  const [types, setTypes] = useState<readonly EventType[] | null>(before?.types ?? null);
  const [apps, setApps] = useState<readonly string[] | null>(before?.installedApps?.map(({ id }) => id) ?? null);
  useEffect(() => {
    onChange(channelId ? { postTeamActivity: { channelId, types: types && [...types], installedAppIds: apps && [...apps] } } : null);
  }, [channelId, types, apps, onChange]);
  return (
    <>
      <ChannelPicker using={using} now={before?.channelName} chosen={channelId} onChoose={setChannelId} problem={about(problems, "channelId")} />
      <EventTypesField types={types} onChange={setTypes} problem={about(problems, "types")} />
      <InstalledAppsField ids={apps} onChange={setApps} problem={about(problems, "installedAppIds")} />
    </>
  );
}
