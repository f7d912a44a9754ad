import type { IntegrationSettingsInput, SharingModel } from "../../api/schema.generated";
import type { Problem } from "../../api/useAction";
import type { IntegrationDetailsFragment } from "../Integration.generated";
import type { Using } from "./Credentials";

/** What the fields of every kind of integration are told. */
export interface FieldsProps {
  /** What the choices are read with; null where that needs a sign-in first. */
  using: Using | null;
  /** What an installed app of the provider holds. */
  sharing: SharingModel;
  /** The settings before an edit. */
  now?: IntegrationDetailsFragment["settings"];
  problems: readonly Problem[];
  /** Called with what the fields hold now; null while something is left open that they cannot do without. */
  onChange: (settings: IntegrationSettingsInput | null) => void;
}
