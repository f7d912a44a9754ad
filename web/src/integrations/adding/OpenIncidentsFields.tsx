import { useEffect, useState } from "react";

import type { IncidentSeverity } from "../../api/schema.generated";
import { about } from "../../api/useAction";
import { Choice } from "../../parts/Choice";
import type { FieldsProps } from "./fields";
import { MonitorPicker } from "./MonitorPicker";

const SEVERITIES = [["CRITICAL", "Critical"], ["ERROR", "Error"], ["WARNING", "Warning"], ["INFO", "Info"]] as const;

/** Whose third failure in a row opens an incident, and how severe it is. */
export function OpenIncidentsFields({ problems, onChange, now }: FieldsProps) {
  const before = now?.__typename === "OpenIncidents" ? now : null;
  const [monitorKey, setMonitorKey] = useState(before?.monitor.key ?? "");
  const [severity, setSeverity] = useState<IncidentSeverity>(before?.severity ?? "ERROR");
  useEffect(() => onChange(monitorKey ? { openIncidents: { monitorKey, severity } } : null), [monitorKey, severity, onChange]);
  return (
    <>
      {!before && <MonitorPicker onChange={setMonitorKey} problem={about(problems, "monitorKey")} />}
      <Choice<IncidentSeverity> label="Severity" value={severity} onChange={setSeverity} choices={SEVERITIES} />
    </>
  );
}
