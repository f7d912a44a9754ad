import type { InstalledAppSourceInput } from "../api/schema.generated";
import type { Problem } from "../api/useAction";
import type { ProviderToAddQuery } from "./AddInstalledApp.generated";

export type Provider = NonNullable<ProviderToAddQuery["provider"]>;

/** What every form that adds an installed app is told. */
export interface FormProps {
  provider: Provider;
  save: (using: InstalledAppSourceInput, name?: string) => Promise<void>;
  isWorking: boolean;
  problems: readonly Problem[];
}
