import { useState } from "react";

import { Picker } from "../../parts/Picker";
import { useLookup } from "../../parts/useLookup";
import { KnownMonitorsDocument } from "./AddIntegration.generated";

/** A monitor: one of the known ones, or a key that no run has named yet. */
export function MonitorPicker({ now = "", onChange, problem }: { now?: string | undefined; onChange: (key: string) => void; problem: string | undefined }) {
  const [typed, setTyped] = useState(now);
  const [isOpened, setOpened] = useState(false);
  const [data, lookup] = useLookup({ query: KnownMonitorsDocument, pause: !isOpened });
  const words = typed.toLowerCase();
  const known = data?.monitors.nodes.filter(({ key, name }) => `${key} ${name}`.toLowerCase().includes(words)) ?? [];
  const choices = known.map(({ key, name }) => ({ id: key, name: key, note: name === key ? undefined : name }));
  return (
    <Picker
      label="Monitor" typed={typed} onType={(text) => { setTyped(text); onChange(text.trim()); }} choices={choices}
      chosen={choices.find(({ id }) => id === typed)?.id ?? null} onChoose={(choice) => choice && onChange(choice.id)} problem={problem} takesNew isRequired onOpen={() => setOpened(true)} lookup={lookup}
      help="One that has reported already, or a new key: your own name for it, which its runs are reported under." empty="No monitor has reported yet: type a key."
    />
  );
}
