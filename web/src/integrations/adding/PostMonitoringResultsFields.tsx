import { useEffect, useState } from "react";

import type { NotifyRule } from "../../api/schema.generated";
import { about } from "../../api/useAction";
import { Choice } from "../../parts/Choice";
import { ChannelPicker } from "./ChannelPicker";
import type { FieldsProps } from "./KindForm";
import { MonitorPicker } from "./MonitorPicker";

const RULES = [
  ["ALL_RUNS", "Every run"],
  ["THREE_FAILURES_THEN_FIRST_SUCCESS", "The third failure in a row, and the first success after it"],
] as const;

/** Which monitor's results go to which channel, and when. */
export function PostMonitoringResultsFields({ using, problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "PostMonitoringResults" ? now : null;
  const [monitorKey, setMonitorKey] = useState(before?.monitor.key ?? "");
  const [channelId, setChannelId] = useState<string | null>(before?.channelId ?? null);
  const [notify, setNotify] = useState<NotifyRule>(before?.notify ?? "ALL_RUNS");
  useEffect(() => {
    onChange(monitorKey && channelId ? { postMonitoringResults: { monitorKey, channelId, notify } } : null);
  }, [monitorKey, channelId, notify, onChange]);
  return (
    <>
      <MonitorPicker now={before?.monitor.key} onChange={setMonitorKey} problem={about(problems, "monitorKey")} />
      <ChannelPicker using={using} now={before?.channelName} chosen={channelId} onChoose={setChannelId} problem={about(problems, "channelId")} />
      <Choice<NotifyRule> label="When to post" value={notify} onChange={setNotify} choices={RULES} />
    </>
  );
}
