import { useState } from "react";

import { Choice } from "../../parts/Choice";
import { TextInput } from "../../parts/TextInput";

type Whom = "nobody" | "here" | "channel" | "group";

const WHOM = [
  ["nobody", "Nobody"],
  ["here", "Who is in the channel and there at the moment (@here)"],
  ["channel", "Everybody in the channel (@channel)"],
  ["group", "A user group"],
] as const;

const WORDS = { nobody: null, here: "here", channel: "channel", group: "" } as const;

interface Props {
  /** A word of the API's; null: nobody; empty: a user group that is not named yet. */
  mention: string | null;
  onChange: (mention: string | null) => void;
  problem: string | undefined;
}

/** Whom the first message of failures in a row calls. */
export function MentionField({ mention, onChange, problem }: Props) {
  const [whom, setWhom] = useState<Whom>(() => whomOf(mention));
  const choose = (chosen: Whom): void => {
    setWhom(chosen);
    onChange(WORDS[chosen]);
  };
  return (
    <>
      <Choice<Whom> label="Whom the first message calls" value={whom} onChange={choose} choices={WHOM} />
      {whom === "group" && (
        <TextInput
          label="User group's ID" value={mention ?? ""} onChange={(id) => onChange(id.trim())} problem={problem} isRequired
          help="Its ID at the provider, such as S0614TZR7. In Slack: open the user group, then More, then Copy group ID. It is not asked for by name, since that takes a permission which the sign-in does not ask for."
        />
      )}
      {whom !== "group" && problem && <p role="alert" className="field-problem">{problem}</p>}
    </>
  );
}

function whomOf(mention: string | null): Whom {
  if (mention === null) return "nobody";
  return mention === "here" || mention === "channel" ? mention : "group";
}
