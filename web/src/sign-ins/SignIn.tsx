import { useEffect, useState, type ReactNode } from "react";
import { Button } from "react-aria-components";
import { useSubscription } from "urql";

import type { AuthorizationPurposeInput } from "../api/schema.generated";
import { useAction } from "../api/useAction";
import { Problems } from "../parts/Problems";
import { BeginSignInDocument, SignInProgressDocument, type SignInStateFragment } from "./SignIn.generated";

export type Finished = SignInStateFragment;

interface Props {
  purpose: AuthorizationPurposeInput;
  /** What the button says: "Sign in to Slack". */
  label: ReactNode;
  onFinished: (authorization: Finished) => void;
  /** Whether something else is what one would do first. */
  isQuiet?: boolean;
}

/** Sign in at a provider in a new tab, while this page waits live for how it ends. */
export function SignIn({ purpose, label, onFinished, isQuiet = false }: Props) {
  const begin = useAction(BeginSignInDocument);
  const [begun, setBegun] = useState<SignInStateFragment>();

  const start = async () => {
    const tab = window.open("", "_blank"); // at once: a browser blocks what opens later than the click
    const answer = await begin.run({ purpose });
    const authorization = answer?.beginAuthorization?.authorization;
    if (!authorization) {
      tab?.close();
      return;
    }
    setBegun(authorization);
    if (tab) {
      tab.opener = null;
      tab.location.replace(authorization.startUrl);
    }
  };

  return (
    <div className="sign-in">
      <Problems of={begin.problems} />
      {begun && <Waiting key={begun.id} begun={begun} onFinished={onFinished} />}
      <Button className={begun || isQuiet ? "" : "primary"} isPending={begin.isWorking} onPress={() => void start()}>
        {begun ? "Begin again" : label}
      </Button>
    </div>
  );
}

function Waiting({ begun, onFinished }: { begun: SignInStateFragment; onFinished: (authorization: Finished) => void }) {
  const [{ data }] = useSubscription({ query: SignInProgressDocument, variables: { id: begun.id } });
  const now = data?.authorizationChanged ?? begun;
  const isFinished = now.status === "COMPLETED";
  useEffect(() => {
    if (isFinished) onFinished(now);
  }, [isFinished]); // eslint-disable-line react-hooks/exhaustive-deps -- told once
  return <div role="status" className="notice">{sayProgress(now)}</div>;
}

function sayProgress(now: SignInStateFragment) {
  switch (now.status) {
    case "PENDING":
      return (
        <p>
          Go on in the new tab, and come back here. No tab there? <a href={now.startUrl} target="_blank" rel="noreferrer">Open the sign-in</a>.
        </p>
      );
    case "FAILED":
      return <p>{now.failure?.message ?? "The sign-in failed."}</p>;
    case "EXPIRED":
      return <p>The sign-in was not finished in time. Begin again.</p>;
    default:
      return <p><bdi>{now.viewerConnectionMessage}</bdi></p>;
  }
}
