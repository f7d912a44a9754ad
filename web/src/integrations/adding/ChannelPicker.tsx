import { useState } from "react";

import { Picker } from "../../parts/Picker";
import { useKept } from "../../parts/useKept";
import { useLookup, type Lookup } from "../../parts/useLookup";
import { useSettled } from "../../parts/useSettled";
import { ChannelsOfAppDocument, ChannelsOfSignInDocument, type ChannelsOfAppQuery } from "./AddIntegration.generated";
import type { Using } from "./Credentials";

type Channel = NonNullable<NonNullable<ChannelsOfAppQuery["installedApp"]>["channels"]>["nodes"][number];

interface Props {
  using: Using | null;
  /** The name of the channel that is chosen from the beginning on. */
  now?: string | undefined;
  chosen: string | null;
  onChoose: (id: string | null) => void;
  problem: string | undefined;
}

/** Where to post, searched at the provider as one types. */
export function ChannelPicker({ using, now = "", chosen, onChoose, problem }: Props) {
  const [typed, setTyped] = useState(now);
  const [isOpened, setOpened] = useState(false);
  const search = useSettled(typed);
  const [found, lookup] = useChannels(isOpened ? using : null, search === now ? "" : search);
  if (!using) return <p className="quiet">To choose another channel, sign in first: the channels are read with that sign-in.</p>;
  const choices = found.map(({ id, name, isPrivate }) => ({ id, name, note: isPrivate ? "private" : undefined }));
  return (
    <Picker
      label="Channel" typed={typed} onType={setTyped} choices={choices} chosen={chosen} onChoose={(choice) => onChoose(choice?.id ?? null)}
      problem={problem} isRequired onOpen={() => setOpened(true)} lookup={lookup} help="A private channel is listed once the app was invited to it: type “/invite” and the app's name there."
    />
  );
}

function useChannels(using: Using | null, search: string): [channels: readonly Channel[], lookup: Lookup] {
  const isApp = using?.kind === "app";
  const variables = { id: using?.id ?? "", search: search || null };
  const [ofApp, lookupOfApp] = useLookup({ query: ChannelsOfAppDocument, variables, pause: !isApp });
  const [ofSignIn, lookupOfSignIn] = useLookup({ query: ChannelsOfSignInDocument, variables, pause: using?.kind !== "sign-in" });
  const channels = isApp ? ofApp?.installedApp?.channels : ofSignIn?.authorization?.channels;
  return [useKept(channels?.nodes) ?? [], isApp ? lookupOfApp : lookupOfSignIn];
}
