import { Time } from "./Time";

/** A word before something stops: why, by when, and what to do. */
export function ForecastNotice({ forecast }: { forecast: { message: string; at: string | null } | null }) {
  if (!forecast) return null;
  return (
    <p className="notice forecast">
      <span role="img" aria-label="Soon">◔</span> <bdi>{forecast.message}</bdi>{forecast.at && <> (<Time at={forecast.at} />)</>}
    </p>
  );
}
