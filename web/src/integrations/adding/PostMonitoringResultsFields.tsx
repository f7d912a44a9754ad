import { useEffect, useState } from "react";
import { Checkbox } from "react-aria-components";

import type { FollowUps, NotifyRule } from "../../api/schema.generated";
import { about } from "../../api/useAction";
import { Choice } from "../../parts/Choice";
import { ChannelPicker } from "./ChannelPicker";
import type { FieldsProps } from "./fields";
import { MentionField } from "./MentionField";
import { MonitorPicker } from "./MonitorPicker";

const RULES = [
  ["ALL_RUNS", "Every run"],
  ["THREE_FAILURES_THEN_FIRST_SUCCESS", "The third failure in a row, and the first success after it"],
] as const;

const FOLLOW_UPS = [
  ["SILENT", "Do not tell of them"],
  ["IN_THREAD", "Answer in the thread of the first one"],
] as const;

/** Which monitor's results go to which channel, and when. */
export function PostMonitoringResultsFields({ using, sharing, problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "PostMonitoringResults" ? now : null;
  const [monitorKey, setMonitorKey] = useState(before?.monitor.key ?? "");
  const [channelId, setChannelId] = useState<string | null>(before?.channelId ?? null);
  const [notify, setNotify] = useState<NotifyRule>(before?.notify ?? "ALL_RUNS");
  const [followUps, setFollowUps] = useState<FollowUps>(before?.followUps ?? "SILENT");
  const [recoveryInChannel, setRecovery] = useState(before?.recoveryInChannel ?? true);
  const [mention, setMention] = useState<string | null>(before?.mention ?? null);
  useEffect(() => {
    onChange(monitorKey && channelId && mention !== "" ? { postMonitoringResults: { monitorKey, channelId, notify, followUps, recoveryInChannel, mention } } : null);
  }, [monitorKey, channelId, notify, followUps, recoveryInChannel, mention, onChange]);
  const isToAddress = sharing === "SHARED_SECRET"; // nobody signed in there: it has no threads, and nobody whom a message could call
  return (
    <>
      <MonitorPicker now={before?.monitor.key} onChange={setMonitorKey} problem={about(problems, "monitorKey")} />
      <ChannelPicker using={using} now={before?.channelName} chosen={channelId} onChoose={setChannelId} problem={about(problems, "channelId")} />
      <Choice<NotifyRule> label="When to post" value={notify} onChange={setNotify} choices={RULES} />
      {!isToAddress && (
        <>
          <Choice<FollowUps> label="Failures in between" value={followUps} onChange={setFollowUps} choices={FOLLOW_UPS} />
          <Checkbox className="checkbox" isSelected={recoveryInChannel} onChange={setRecovery}>
            <span className="box" aria-hidden>{recoveryInChannel ? "✓" : ""}</span>
            Show the success that ends them in the channel too, not only in their thread
          </Checkbox>
          <MentionField mention={mention} onChange={setMention} problem={about(problems, "mention")} />
        </>
      )}
    </>
  );
}
