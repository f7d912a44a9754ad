import { useEffect, useState } from "react";

import { about } from "../../api/useAction";
import { ChannelPicker } from "./ChannelPicker";
import type { FieldsProps } from "./KindForm";

/** Which channel is told of what stopped, what will stop, and what came back. */
export function PostTeamActivityFields({ using, problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "PostTeamActivity" ? now : null;
  const [channelId, setChannelId] = useState<string | null>(before?.channelId ?? null);
  useEffect(() => onChange(channelId ? { postTeamActivity: { channelId } } : null), [channelId, onChange]);
  return (
    <>
      <ChannelPicker using={using} now={before?.channelName} chosen={channelId} onChoose={setChannelId} problem={about(problems, "channelId")} />
      <p className="quiet">It tells of installed apps and integrations that stopped, that will stop, and that came back.</p>
    </>
  );
}
