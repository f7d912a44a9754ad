import { Input, Label, SearchField } from "react-aria-components";

/** A field whose list follows as one types. */
export function Search({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <SearchField className="field search" value={value} onChange={onChange}>
      <Label>{label}</Label>
      <Input placeholder="Search" />
    </SearchField>
  );
}
