import { sayDuration } from "../parts/duration";
import { Time } from "../parts/Time";
import type { RunLogRowFragment } from "./Integration.generated";

/** Each try to hand a message over, with the provider's own words. */
export function Attempts({ attempts }: { attempts: RunLogRowFragment["attempts"] }) {
  if (attempts.length === 0) return null;
  return (
    <ul className="attempts">
      {attempts.map((attempt) => (
        <li key={attempt.at}>
          <Time at={attempt.at} />, {sayDuration(attempt.durationMs)}: {attempt.succeeded ? "accepted" : <q><bdi>{attempt.error}</bdi></q>}
        </li>
      ))}
    </ul>
  );
}
